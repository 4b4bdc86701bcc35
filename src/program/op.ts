// SPDX-License-Identifier: GPL-2.0-only
// An operation of the case language: one row describes it, and everything else (text, bytes,
// generator, minimiser, `faultline ops`) is driven by the row.
import type { Preemptible } from "../sched/point.ts";

/** What an argument is; decides its text, its bytes and how it is simplified. */
export type ArgKind =
  /** slot: a place in a table of its own (userfaultfds, pins, pipes); number may be negative. */
  | { type: "page" | "pages" | "value" | "fd" | "task" | "slot" | "count" | "number" }
  /** One word of `words`; stored as its index. */
  | { type: "word"; words: readonly string[] }
  /** Any of `words`, each at most once, in this order; stored as a bit mask; always optional. */
  | { type: "flags"; words: readonly string[] };

export interface Arg {
  name: string;
  kind: ArgKind;
  /** The value when the argument is left out; undefined: it must be given. */
  optional?: number;
  /** Given exactly when the argument before it is given, as OFF with FD. */
  together?: true;
}

/** What one operation answered; the shape of a step in the JSON of a run. */
export interface OpResult {
  /** 0, or a negative errno. */
  r: number;
  v?: number[];
  sig?: string;
  sigpage?: number;
  x?: string;
}

export interface OpRow {
  name: string;
  /** Stable for ever: bytes depend on it. Its index in ops/index.ts. */
  args: readonly Arg[];
  /** One line for `faultline ops`. */
  help: string;
  /** A second order of the arguments that the text also reads (recorded answers use it). */
  alsoOrder?: readonly number[];
  /** Runs as the current task; null: not modelled yet, and the tool says so. */
  run: ((args: readonly number[]) => Preemptible<OpResult>) | null;
  /** Simpler argument lists to try when minimising, simplest first; else simplify.ts decides. */
  simplify?: (args: readonly number[]) => number[][];
}

/** One operation of a case, done by `task`. args has one number for each Arg of the row. */
export interface Op {
  task: number;
  row: OpRow;
  args: number[];
}
