// SPDX-License-Identifier: GPL-2.0-only
// What a fuzz worker and the campaign that started it tell each other: one JSON object a line.
import type { Config } from "../program/case.ts";
import type { Signals } from "../sched/feedback.ts";
import type { BisectInput } from "./bisect.ts";

export interface WorkerOptions {
  target: string;
  /** libFuzzer with our counters, or random operations and schedules drawn by PCT. */
  mode: "guided" | "pct";
  seed: number;
  /** Executions, and seconds; null: no limit. */
  runs: number | null;
  seconds: number | null;
  /** Folders. `scratch` takes what is neither corpus nor finding. */
  corpus: string;
  crashes: string;
  scratch: string;
  keepGoing: boolean;
  signals: Signals;
  /** Kernels in place of the target's own; empty: those. */
  configs: Config[];
  bisect: BisectInput;
}

export interface StatsMessage {
  type: "stats";
  executions: number;
  /** Branches and sites, then racing pairs, that this worker has seen. */
  coverage: number;
  pairs: number;
  /** Findings so far, by normalised title. */
  titles: Record<string, number>;
}

export interface FindingMessage {
  type: "finding";
  title: string;
  bucket: string;
  isNew: boolean;
  /** Of this worker, when it was found. */
  executions: number;
  /** Of the minimised case; null when the bug was known and nothing was minimised. */
  minimised: {
    operations: number;
    preemptions: number;
    tries: number;
    proved: boolean;
    /** The saved text, read again, gave the same execution. */
    replays: boolean;
  } | null;
}

export type Message =
  | StatsMessage
  | FindingMessage
  /** A fault of Faultline itself; the input is at `saved`, unless that failed too. */
  | { type: "internal"; message: string; saved: string | null }
  /** The user's world said no, in a sentence; `unsaved` is the text of a finding that is lost. */
  | { type: "error"; message: string; unsaved: string | null };
