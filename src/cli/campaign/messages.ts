// SPDX-License-Identifier: GPL-2.0-only
// What a campaign tells its workers, and what they tell it: JSON, one object a line.
// fuzz/campaign/messages.ts says the same for the other side, which must not load any command.
import type { Config } from "../../program/case.ts";
import type { Signals } from "../../sched/feedback.ts";
import type { BisectInput } from "../../triage/bisect.ts";

export interface WorkerOptions {
  target: string;
  mode: "guided" | "pct";
  seed: number;
  /** Executions, and seconds; null: no limit. */
  runs: number | null;
  seconds: number | null;
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
  coverage: number;
  pairs: number;
  titles: Record<string, number>;
}

export interface FindingMessage {
  type: "finding";
  title: string;
  bucket: string;
  isNew: boolean;
  executions: number;
  minimised: {
    operations: number;
    preemptions: number;
    tries: number;
    proved: boolean;
    replays: boolean;
  } | null;
}

export type Message =
  | StatsMessage
  | FindingMessage
  | { type: "internal"; message: string; saved: string | null }
  | { type: "error"; message: string; unsaved: string | null };

/** Null for a line that no worker of ours wrote. */
export function parseMessage(line: string): Message | null {
  try {
    const value: unknown = JSON.parse(line);
    const known = typeof value === "object" && value !== null && "type" in value;
    return known ? (value as Message) : null;
  } catch {
    return null;
  }
}
