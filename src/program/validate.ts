// SPDX-License-Identifier: GPL-2.0-only
// Is this a case at all? Used after every transformation in tests, never in hot runs.
import { assert } from "../lib/assert.ts";
import { BLOCK_SIZE, BYTE_MODES } from "../sched/strategies/bytes.ts";
import type { Segment } from "../sched/schedule.ts";
import type { Case, Config, ScheduleSpec } from "./case.ts";
import { FRAMES_MAX, GEOMETRIES, LOCK_LAYOUTS, NAME } from "./header-text.ts";
import { highestOf, lowestOf, OPS_MAX, TASK_MAX } from "./kinds.ts";
import type { Op } from "./op.ts";
import { opByName } from "./ops/index.ts";

function isIn(value: number, low: number, high: number): boolean {
  return Number.isInteger(value) && value >= low && value <= high && !Object.is(value, -0);
}

/** Text that stands in one line of a file and is read back as it was written. */
function isLine(text: string): boolean {
  return !text.includes("\n") && text.trimEnd() === text && !/\p{Surrogate}/u.test(text);
}

function validateConfig(config: Config): void {
  assert(NAME.test(config.kernel), `kernel "${config.kernel}" is no name`);
  for (const name of [...config.revert, ...config.apply]) {
    assert(NAME.test(name), `patch "${name}" is no name`);
  }
  assert(GEOMETRIES.includes(config.geometry), `geometry "${config.geometry}" does not exist`);
  assert(LOCK_LAYOUTS.includes(config.locks), `locks "${config.locks}" does not exist`);
  assert(isIn(config.frames, 0, FRAMES_MAX), `frames ${config.frames} out of range`);
}

export function validateOp(op: Op): void {
  const { row, args } = op;
  assert(opByName.get(row.name) === row, `"${row.name}" is not in the registry`);
  assert(isIn(op.task, 0, TASK_MAX), `${row.name}: task ${op.task} out of range`);
  assert(args.length === row.args.length, `${row.name}: ${args.length} arguments`);
  for (const [i, { name, kind }] of row.args.entries()) {
    const good = isIn(args[i], lowestOf(kind), highestOf(kind));
    assert(good, `${row.name}: ${name} is ${args[i]}`);
  }
}

function validateTurn(turn: Segment): void {
  assert(isIn(turn.task, 0, TASK_MAX), `turn of task ${turn.task}`);
  const counted = turn.steps === Infinity || isIn(turn.steps, 0, Number.MAX_SAFE_INTEGER);
  assert(counted, `turn of ${turn.steps} points`);
  assert((turn.site === undefined) === (turn.visit === undefined), "turn with half a site");
  if (turn.site === undefined || turn.visit === undefined) return;
  assert(/^[A-Za-z_]\w*:[A-Za-z_]\w*$/.test(turn.site), `turn up to "${turn.site}"`);
  assert(turn.steps === Infinity, "turn with a site and a count");
  assert(isIn(turn.visit, 0, Number.MAX_SAFE_INTEGER), `turn up to visit ${turn.visit}`);
}

function validateSchedule(spec: ScheduleSpec): void {
  if (spec.type === "turns") {
    for (const turn of spec.turns) validateTurn(turn);
    return;
  }
  assert(BYTE_MODES.includes(spec.mode), `schedule mode "${spec.mode}" does not exist`);
  assert(spec.block.length === BLOCK_SIZE, `schedule block of ${spec.block.length} bytes`);
}

/** Throws InternalError that names what is wrong. */
export function validateCase(c: Case): void {
  validateConfig(c.config);
  for (const line of c.story) assert(isLine(line), `story line ${JSON.stringify(line)}`);
  if (c.expect !== null) {
    const good = c.expect !== "" && isLine(c.expect) && c.expect.trim() === c.expect;
    assert(good, `expect is ${JSON.stringify(c.expect)}`);
  }
  for (const part of [c.setup, c.run, c.teardown]) {
    assert(part.length <= OPS_MAX, `${part.length} operations in one part`);
    for (const op of part) validateOp(op);
  }
  validateSchedule(c.schedule);
}
