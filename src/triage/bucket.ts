// SPDX-License-Identifier: GPL-2.0-only
// The identity of a bug: its racing pair when it is a race, where its tasks wait when it is a
// hang, else its title. Names only: no lines, addresses or counts.
import { hashText, hex8 } from "../lib/hash.ts";
import type { Outcome } from "../outcome.ts";
import type { Trace } from "../sched/trace.ts";
import { racingPair } from "./pair.ts";
import type { RacingPair } from "./pair.ts";
import { normaliseTitle } from "./title.ts";

export interface Signature {
  /** Normalised. */
  title: string;
  pair: RacingPair | null;
  /** What makes two findings one bug. */
  identity: string;
}

/** The signature of a traced finding. */
export function signatureOf(title: string, kind: Outcome["kind"], trace: Trace): Signature {
  const normal = normaliseTitle(title);
  if (kind === "hang" || kind === "livelock") {
    const waiters = waitingFunctions(trace).join(",");
    return { title: normal, pair: null, identity: `${normal}|${waiters}` };
  }
  const pair = racingPair(trace, title);
  // One race shows under several titles (rss, then nr_ptes; or a lost store): the pair decides.
  return { title: normal, pair, identity: pair === null ? normal : identityOf(pair) };
}

/**
 * A pair with what tells two of its kind apart: whose check an act no longer fits, or who called
 * the helper that read what it should not have met. That is also where the fix goes.
 */
function identityOf({ object, first, second, stale }: RacingPair): string {
  const names = [object, first.fn, second.fn];
  if (second.access === "read") names.push(second.caller);
  else if (stale !== undefined) names.push(stale.fn);
  return names.join("|");
}

/** Functions in which tasks were blocked when the trace ended, sorted. */
export function waitingFunctions(trace: Trace): string[] {
  const stacks = new Map<number, string[]>();
  const waiting = new Map<number, string>();
  for (const event of trace.events) {
    if (event.type === "switch" || event.type === "wake") continue;
    const { task } = event;
    const stack = stacks.get(task) ?? [];
    stacks.set(task, stack);
    if (event.type === "op") stack.length = 0;
    if (event.type === "call") stack.push(event.fn);
    if (event.type === "return") stack.pop();
    if (event.type === "block") waiting.set(task, stack.at(-1) ?? "?");
    else if (event.type !== "log") waiting.delete(task);
  }
  return [...waiting.values()].sort();
}

/** `bad-rss-counter-state--pmd--pmd_install--insert_pfn_pmd-1a2b3c4d`: a folder name. */
export function bucketName({ title, pair, identity }: Signature): string {
  const words = [slugOf(title)];
  if (pair !== null) words.push(pair.object, pair.first.fn, pair.second.fn);
  const slug = words.map((w) => w.replace(/[^A-Za-z0-9_]+/g, "-")).join("--");
  return `${slug.slice(0, 150)}-${hex8(hashText(identity))}`;
}

/** The part of a bucket's name that is its identity; null for a name that is no bucket. */
export function bucketId(name: string): string | null {
  return /^[a-z0-9].*-([0-9a-f]{8})$/.exec(name)?.[1] ?? null;
}

/** The words of a title that name the bug, without "BUG:" and placeholders. */
function slugOf(title: string): string {
  const words = title
    .replace(/^(?:kernel BUG|BUG|WARNING|INFO):? /, "")
    .replace(/\b\w+:\(ptrval\)|\(\w+\)|\b\w+:N\b|\bN\b|:LINE/g, " ")
    .toLowerCase()
    .split(/[^a-z0-9_]+/)
    .filter((w) => w !== "");
  return words.slice(0, 6).join("-") || "finding";
}
