// SPDX-License-Identifier: GPL-2.0-only
// A case: which kernel, which operations in three parts, and who runs when.
import type { ByteMode } from "../sched/strategies/bytes.ts";
import type { Schedule } from "../sched/schedule.ts";
import type { Op } from "./op.ts";

export type Geometry = "small" | "x86-64";
export type LockLayout = "split" | "pte-only" | "none";

/** Everything that is fixed when the machine boots. */
export interface Config {
  /** A version or a named profile, e.g. "v4.11"; "latest" has every landed fix. */
  kernel: string;
  /** Fixes taken out, and proposals put in, by the names of patches.ts. */
  revert: readonly string[];
  apply: readonly string[];
  geometry: Geometry;
  locks: LockLayout;
  /** Physical frames; 0: as many as are needed. */
  frames: number;
}

export const DEFAULT_CONFIG: Config = {
  kernel: "latest", revert: [], apply: [], geometry: "small", locks: "split", frames: 0,
};

/** Who runs when: explicit turns, or the fuzzer's block of bytes in one of its readings. */
export type ScheduleSpec =
  | { type: "turns"; turns: Schedule }
  | { type: "bytes"; mode: ByteMode; block: Uint8Array };

export interface Case {
  config: Config;
  /** Comment lines of the header, without "# "; kept by the text codec. */
  story: readonly string[];
  /** The title that a zoo or regress case promises; "clean" for none; null: it promises nothing. */
  expect: string | null;
  setup: Op[];
  run: Op[];
  teardown: Op[];
  schedule: ScheduleSpec;
}
