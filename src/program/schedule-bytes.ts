// SPDX-License-Identifier: GPL-2.0-only
// Explicit turns in the fuzzer's schedule block, two bytes a turn, so that a minimised case is
// still bytes: 6 high bits and the task (2 bits), then the low byte of the points.
import { BLOCK_SIZE } from "../sched/strategies/bytes.ts";
import type { Schedule } from "../sched/schedule.ts";

/** A turn of 0 points ends the list; this many mean until the task blocks or ends. */
const FOREVER = 255;
/** From here on the first byte carries bits 8 to 11 of the points; below, it says 255 at most. */
const BIG = 0xc0;

/** The turns of the block that starts at `at`; every block is some list. */
export function readTurns(bytes: Uint8Array, at: number, tasks: number): Schedule {
  const turns: Schedule = [];
  for (let i = at; i < at + BLOCK_SIZE; i += 2) {
    const head = bytes[i];
    const low = bytes[i + 1];
    // Most heads are small: a turn of a thousand points outlasts most runs.
    const steps = head < BIG ? low : (((head - BIG) >> 2) << 8) | low;
    if (head < BIG && steps === 0) break;
    const task = (head & 3) % tasks;
    turns.push({ task, steps: head < BIG && steps === FOREVER ? Infinity : steps });
  }
  return turns;
}

/** Writes `turns` to the block at `at`; false: they do not fit. */
export function writeTurns(
  turns: Schedule, bytes: Uint8Array, at: number, tasks: number,
): boolean {
  if (turns.length > BLOCK_SIZE / 2) return false;
  for (const [i, { task, steps, site }] of turns.entries()) {
    if (task >= tasks || site !== undefined) return false;
    const small = steps === Infinity || (steps > 0 && steps < FOREVER);
    if (!small && steps > 0xfff) return false;
    bytes[at + 2 * i] = small ? task : BIG | ((steps >> 8) << 2) | task;
    bytes[at + 2 * i + 1] = steps === Infinity ? FOREVER : steps & 255;
  }
  return true;
}
