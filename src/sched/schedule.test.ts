// SPDX-License-Identifier: GPL-2.0-only
// Schedules as text: what is printed is read back, and what cannot be read is said clearly.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UserError } from "../lib/assert.ts";
import { normaliseSchedule, parseSchedule, printSchedule, SCHEDULE_VERSION } from "./schedule.ts";
import type { Segment } from "./schedule.ts";

const word = fc.stringMatching(/^[A-Za-z_]\w{0,8}$/);
const counted = fc.record({
  task: fc.nat(15), steps: fc.oneof(fc.nat(300), fc.constant(Infinity)),
});
const named: fc.Arbitrary<Segment> = fc
  .tuple(fc.nat(15), word, word, fc.integer({ min: 1, max: 99 }))
  .map(([task, fn, callee, visit]) => ({
    task, steps: Infinity, site: `${fn}:${callee}`, visit,
  }));

test("printing and parsing are inverse", () => {
  const schedule = fc.array(fc.oneof(counted, named), { maxLength: 12 });
  fc.assert(
    fc.property(schedule, (turns) => {
      expect(parseSchedule(printSchedule(turns))).toEqual(turns);
      expect(parseSchedule(`${SCHEDULE_VERSION} ${printSchedule(turns)}`)).toEqual(turns);
    }),
    { seed: 42 },
  );
});

test("reads as it is written", () => {
  expect(parseSchedule(" 0*14  1 0@do_fault:__do_fault#2 2@a:b\n")).toEqual([
    { task: 0, steps: 14 },
    { task: 1, steps: Infinity },
    { task: 0, steps: Infinity, site: "do_fault:__do_fault", visit: 2 },
    { task: 2, steps: Infinity, site: "a:b", visit: 1 },
  ]);
  expect(printSchedule([{ task: 1, steps: Infinity, site: "f:g" }])).toBe("1@f:g");
  expect(printSchedule([])).toBe("");
  expect(parseSchedule("")).toEqual([]);
});

describe("bad text", () => {
  test.each([
    ["0*", `"0*" is no turn of a schedule: expected TASK*POINTS, e.g. 0*14`],
    ["0*1 x", `"x" is no turn of a schedule: expected TASK*POINTS, e.g. 0*14`],
    ["-1*2", `"-1*2" is no turn of a schedule: expected TASK*POINTS, e.g. 0*14`],
    ["0@fault", `"0@fault" is no turn of a schedule: expected TASK*POINTS, e.g. 0*14`],
    ["0*2#1", `"0*2#1" is no turn of a schedule: expected TASK*POINTS, e.g. 0*14`],
    ["16*1", `"16*1": tasks are numbered 0 to 15`],
    ["0@f:g#0", `"0@f:g#0": visits are counted from 1`],
    ["s2 0*1", "schedule version s2: this build reads s1"],
    ["0*1 s1", `"s1" is no turn of a schedule: expected TASK*POINTS, e.g. 0*14`],
  ])("%s", (text, message) => {
    expect(() => parseSchedule(text)).toThrow(new UserError(message));
  });
});

test("normalising joins neighbouring turns and keeps the rest", () => {
  const turns = parseSchedule("0*1 0*2 1*3 0@f:g 0*1 0 0*7 1*1 1*1");
  expect(printSchedule(normaliseSchedule(turns))).toBe("0*3 1*3 0@f:g 0 1*2");
  expect(turns[0]).toEqual({ task: 0, steps: 1 });
});
