// SPDX-License-Identifier: GPL-2.0-only
// What one execution of a case came to; the value that execute() returns and triage reads.
import type { Case } from "./program/case.ts";
import type { OpResult } from "./program/op.ts";
import type { Schedule } from "./sched/schedule.ts";
import type { Strategy } from "./sched/strategies/strategy.ts";
import type { Trace } from "./sched/trace.ts";

export type OutcomeKind = "clean" | "bug" | "hang" | "livelock" | "blocked";

export interface Outcome {
  kind: OutcomeKind;
  /** The finding in one line, with the kernel's exact text; null when there is none. */
  title: string | null;
  /** The kernel log: every message printed, in order (several lines each, possibly). */
  log: string[];
  /** One result per operation in the case's order; null: it was never reached or is blocked. */
  results: (OpResult | null)[];
  /** Points, switches and preemptions of the run part. */
  points: number;
  switches: number;
  preemptions: number;
  /** Over (event, value, result, title): equal for equal executions, in every process. */
  hash: number;
  /** The turns that were really taken in the run part. */
  schedule(): Schedule;
  /** Only in a traced run. */
  trace: Trace | null;
}

export interface ExecuteOptions {
  /** Record a Trace; several times slower. */
  trace?: boolean;
  /** Use this strategy and not the schedule of the case. */
  strategy?: Strategy;
}

/** The waist of the hourglass: the same case gives the same Outcome, in every process. */
export type Execute = (c: Case, options?: ExecuteOptions) => Outcome;
