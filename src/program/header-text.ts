// SPDX-License-Identifier: GPL-2.0-only
// The headers of a case file: one reader a key. Which kernels and patches exist is not known here.
import type { Case, Config, Geometry, LockLayout } from "./case.ts";
import type { Line } from "./lexer.ts";
import { readSpec } from "./schedule-text.ts";

/** Also used by validate.ts: what a kernel or a patch may be called. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9._+-]*$/;
export const GEOMETRIES: readonly Geometry[] = ["small", "x86-64"];
export const LOCK_LAYOUTS: readonly LockLayout[] = ["split", "pte-only", "none"];
export const FRAMES_MAX = 0xffffff;

type Target = Case & { config: Config };
type Reader = (to: Target, line: Line, rest: string) => void;

/** `rest` is what stands after the colon, comments included: a title may contain a `#`. */
export const HEADERS = {
  kernel: (to, line) => {
    to.config.kernel = readName(line, "a kernel version or profile");
    line.end();
  },
  revert: (to, line) => {
    to.config.revert = readNames(line);
  },
  apply: (to, line) => {
    to.config.apply = readNames(line);
  },
  geometry: (to, line) => {
    to.config.geometry = readOneOf(line, GEOMETRIES);
    line.end();
  },
  locks: (to, line) => {
    to.config.locks = readOneOf(line, LOCK_LAYOUTS);
    line.end();
  },
  frames: (to, line) => {
    const word = line.peek() ?? "";
    if (!/^\d{1,8}$/.test(word) || Number(word) > FRAMES_MAX) {
      line.fail(`a number of frames 0..${FRAMES_MAX}`);
    }
    to.config.frames = Number(line.take());
    line.end();
  },
  expect: (to, line, rest) => {
    if (rest === "") line.fail("a title, or clean");
    to.expect = rest;
  },
  schedule: (to, line) => {
    to.schedule = readSpec(line);
  },
} satisfies Record<string, Reader>;

export type HeaderKey = keyof typeof HEADERS;

function readName(line: Line, what: string): string {
  const word = line.peek() ?? "";
  if (!NAME.test(word)) line.fail(what);
  line.take();
  return word;
}

function readOneOf<T extends string>(line: Line, words: readonly T[]): T {
  const found = words.find((word) => word === line.peek());
  if (found === undefined) line.fail(words.join("|"));
  line.take();
  return found;
}

/** Comma-separated names; blanks around the commas are free. */
function readNames(line: Line): string[] {
  const names: string[] = [];
  let wanted = true;
  while (line.peek() !== undefined) {
    const parts = (line.peek() ?? "").split(",");
    for (const [i, part] of parts.entries()) {
      if (i > 0) {
        if (wanted) line.fail("the name of a patch");
        wanted = true;
      }
      if (part === "") continue;
      if (!wanted) line.fail("a comma between names");
      if (!NAME.test(part)) line.fail("the name of a patch");
      names.push(part);
      wanted = false;
    }
    line.take();
  }
  if (wanted) line.fail("the name of a patch");
  return names;
}
