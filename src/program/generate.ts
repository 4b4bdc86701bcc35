// SPDX-License-Identifier: GPL-2.0-only
// Random valid cases over the whole registry: for laws and for the differential check. Not tuned
// to find bugs; that is what targets are for.
import { BLOCK_SIZE, BYTE_MODES } from "../sched/strategies/bytes.ts";
import type { Segment } from "../sched/schedule.ts";
import { DEFAULT_CONFIG } from "./case.ts";
import type { Case, Config, ScheduleSpec } from "./case.ts";
import { GEOMETRIES, LOCK_LAYOUTS } from "./header-text.ts";
import { highestOf, isNumeric, lowestOf } from "./kinds.ts";
import type { Arg, Op, OpRow } from "./op.ts";
import { opRows } from "./ops/index.ts";

/** Uniform in [0, bound): a Prng's `below`, or fast-check's draws. */
export type Draw = (bound: number) => number;

export interface GenerateOptions {
  rows?: readonly OpRow[];
  tasks?: number;
  /** At most so many operations in each part. */
  ops?: number;
}

export function randomCase(draw: Draw, options: GenerateOptions = {}): Case {
  const { rows = opRows, tasks = 3, ops = 5 } = options;
  const part = () => some(draw, ops, () => randomOp(draw, rows, tasks));
  return {
    config: randomConfig(draw),
    story: some(draw, 2, () => oneOf(draw, STORIES)),
    expect: oneOf(draw, EXPECTATIONS),
    setup: part(), run: part(), teardown: part(),
    schedule: randomSchedule(draw, tasks),
  };
}

export function randomOp(draw: Draw, rows: readonly OpRow[], tasks: number): Op {
  const row = oneOf(draw, rows);
  return { task: draw(tasks), row, args: row.args.map((arg) => randomArg(draw, arg)) };
}

/** Small values mostly, so that operations meet; now and then the ends of the range. */
function randomArg(draw: Draw, { kind, optional }: Arg): number {
  const low = lowestOf(kind);
  const high = highestOf(kind);
  if (!isNumeric(kind)) return draw(high + 1);
  switch (draw(8)) {
    case 0:
      return high;
    case 1:
      return low;
    case 2:
      return optional ?? 0;
    case 3:
      return Math.min(high, 8 * draw(64));
    default:
      return Math.min(high, draw(16));
  }
}

function randomConfig(draw: Draw): Config {
  if (draw(2) === 0) return { ...DEFAULT_CONFIG };
  return {
    kernel: oneOf(draw, ["latest", "v4.11", "v5.8-rc1"]),
    revert: some(draw, 3, () => oneOf(draw, PATCHES)),
    apply: some(draw, 1, () => oneOf(draw, PATCHES)),
    geometry: oneOf(draw, GEOMETRIES),
    locks: oneOf(draw, LOCK_LAYOUTS),
    frames: oneOf(draw, [0, 1, 64]),
  };
}

function randomSchedule(draw: Draw, tasks: number): ScheduleSpec {
  if (draw(2) === 0) return { type: "turns", turns: some(draw, 8, () => randomTurn(draw, tasks)) };
  const block = Uint8Array.from({ length: BLOCK_SIZE }, () => draw(256));
  return { type: "bytes", mode: oneOf(draw, BYTE_MODES), block };
}

function randomTurn(draw: Draw, tasks: number): Segment {
  const task = draw(tasks);
  const steps = oneOf(draw, [Infinity, draw(64), draw(64), draw(8192)]);
  if (draw(8) > 0) return { task, steps };
  const visit = 1 + draw(3);
  return { task, steps: Infinity, site: "handle_mm_fault:__handle_mm_fault", visit };
}

const PATCHES = ["dax-recheck-pmd", "gup-force-cow", "x"];
const STORIES = ["story: 1. who #races", "", "  indented", "\u00fcml\u00e4ut \u{1f600}", "setup:"];
const EXPECTATIONS = [null, null, "clean", "BUG: non-zero nr_ptes on freeing mm: 1", "Oops #1"];

function oneOf<T>(draw: Draw, values: readonly T[]): T {
  return values[draw(values.length)];
}

/** Up to `most` values. */
function some<T>(draw: Draw, most: number, make: () => T): T[] {
  return Array.from({ length: draw(most + 1) }, make);
}
