// SPDX-License-Identifier: GPL-2.0-only
// The schedule of a case as text: turns, or `bytes MODE HEX` for a block of the fuzzer.
import { UserError } from "../lib/assert.ts";
import { parseSchedule, printSchedule } from "../sched/schedule.ts";
import type { Schedule } from "../sched/schedule.ts";
import { BLOCK_SIZE, BYTE_MODES } from "../sched/strategies/bytes.ts";
import type { ScheduleSpec } from "./case.ts";
import type { Line } from "./lexer.ts";

/** "" for the empty schedule. */
export function printSpec(spec: ScheduleSpec): string {
  if (spec.type === "turns") return printSchedule(spec.turns);
  return `bytes ${spec.mode} ${Buffer.from(spec.block).toString("hex")}`;
}

export function readSpec(line: Line): ScheduleSpec {
  if (line.peek() !== "bytes") return { type: "turns", turns: readTurns(line) };
  line.take();
  const mode = BYTE_MODES.find((word) => word === line.peek());
  if (mode === undefined) line.fail(BYTE_MODES.join("|"));
  line.take();
  const hex = line.peek() ?? "";
  if (hex.length !== 2 * BLOCK_SIZE || !/^[0-9a-f]*$/.test(hex)) {
    line.fail(`${2 * BLOCK_SIZE} hexadecimal digits`);
  }
  line.take();
  line.end();
  return { type: "bytes", mode, block: Uint8Array.from(Buffer.from(hex, "hex")) };
}

/** sched/schedule.ts reads one word at a time here, so that an error has its place. */
function readTurns(line: Line): Schedule {
  const turns: Schedule = [];
  let first = true;
  for (let word = line.peek(); word !== undefined; word = line.peek()) {
    try {
      if (!first && word.startsWith("s")) throw new UserError("the version stands in front");
      first = false;
      turns.push(...parseSchedule(word));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      line.fail(`a turn TASK, TASK*POINTS or TASK@FN:CALLEE#VISIT (${error.message})`);
    }
    line.take();
  }
  return turns;
}
