// SPDX-License-Identifier: GPL-2.0-only
// The arguments that many operations share, so that a row reads like its line in `faultline ops`.
import type { Arg } from "../op.ts";

export const P: Arg = { name: "P", kind: { type: "page" } };
export const N: Arg = { name: "N", kind: { type: "pages" } };
export const V: Arg = { name: "v", kind: { type: "value" } };
export const FD: Arg = { name: "FD", kind: { type: "fd" } };
export const K: Arg = { name: "K", kind: { type: "task" } };
export const TASK: Arg = { name: "TASK", kind: { type: "task" } };
/** A userfaultfd. */
export const U: Arg = { name: "U", kind: { type: "slot" } };
/** A long-term pin. */
export const R: Arg = { name: "R", kind: { type: "slot" } };
export const PIPE: Arg = { name: "PIPE", kind: { type: "slot" } };

/** How many pages one access touches; one when left out. */
export const TIMES: Arg = { name: "N", kind: { type: "count" }, optional: 1 };

/** A range that may be left out: everything. */
export const RANGE: readonly Arg[] = [
  { ...P, optional: 0 }, { ...N, optional: 0, together: true },
];

/** The index is the mask PROT_READ | PROT_WRITE | PROT_EXEC. */
export const PROT: Arg = {
  name: "PROT",
  kind: { type: "word", words: ["none", "r", "w", "rw", "x", "rx", "wx", "rwx"] },
};

/** One of `words`; with `optional` (an index) it may be left out. */
export function word(name: string, words: string, optional?: number): Arg {
  const kind = { type: "word", words: words.split(" ") } as const;
  return optional === undefined ? { name, kind } : { name, kind, optional };
}

export function flags(words: string): Arg {
  return { name: "flags", kind: { type: "flags", words: words.split(" ") } };
}
