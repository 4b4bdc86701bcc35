// SPDX-License-Identifier: GPL-2.0-only
// Where in the modelled kernel a task is: the build wraps every `yield* callee()` of kernel-land in
// at()/left() (scripts/instrument.ts), so that points, features and reports can name the code.

import { assert } from "../lib/assert.ts";

/** key: stable hash of file, function, callee and ordinal; line is 1-based. */
export type SiteRow = [key: number, fn: string, callee: string, file: string, line: number];

export interface Site {
  key: number;
  fn: string;
  callee: string;
  file: string;
  line: number;
}

/** Listens to calls and returns; only set in a traced run. */
export interface CallListener {
  call(site: number): void;
  left(site: number, value: unknown): void;
}

const sites = new Map<number, Site>();
export const here = { site: 0 };
let listener: CallListener | null = null;

/** Remembers the site of the call that is about to start. `gen` has not begun to run yet. */
export function at<T>(site: number, gen: T): T {
  here.site = site;
  if (listener !== null) listener.call(site);
  return gen;
}

/** The call at `site` returned `value`. */
export function left<T>(site: number, value: T): T {
  if (listener !== null) listener.left(site, value);
  return value;
}

export function listenToCalls(to: CallListener | null): void {
  listener = to;
}

export function registerSites(rows: SiteRow[]): void {
  for (const [key, fn, callee, file, line] of rows) {
    const known = sites.get(key);
    assert(known === undefined || known.fn === fn, "two sites have one key");
    sites.set(key, { key, fn, callee, file, line });
  }
}

/** The site with this key, or a nameless one when the code was not instrumented. */
export function siteOf(key: number): Site {
  return sites.get(key) ?? { key, fn: "?", callee: "?", file: "?", line: 0 };
}

export function allSites(): Site[] {
  return [...sites.values()].sort((a, b) => a.key - b.key);
}

/** `fn:callee` of a site: the name that schedules and reports use. */
export function siteName(key: number): string {
  const site = siteOf(key);
  return `${site.fn}:${site.callee}`;
}
