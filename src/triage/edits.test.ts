// SPDX-License-Identifier: GPL-2.0-only
// Edits of schedules, as text in and text out.
import { expect, test } from "vitest";
import { parseSchedule, printSchedule } from "../sched/schedule.ts";
import { counted, gather, named, sequential, withoutOps, withoutPreemption } from "./edits.ts";
import type { RunAccess, RunTurn } from "./timeline.ts";

/** `0*3 1 0`: a counted turn was preempted, any other ended by itself. */
function turns(text: string): RunTurn[] {
  return parseSchedule(text).map(({ task, steps }, at) => ({
    task, at, steps: steps === Infinity ? 5 : steps, preempted: steps !== Infinity,
    site: "f:read", visit: 2,
  }));
}

test("counts stay where a turn was cut short", () => {
  expect(printSchedule(counted(turns("0*3 1 0")))).toBe("0*3 1 0");
});

test("switch points by name", () => {
  expect(printSchedule(named(turns("0*3 1 0")))).toBe("0@f:read#2 1 0");
  expect(printSchedule(named(turns("0*3 1 0"), -1))).toBe("0@f:read 1 0");
  const nameless = turns("0*3 1").map((turn) => ({ ...turn, site: "?:?" }));
  expect(printSchedule(named(nameless))).toBe("0*3 1");
});

test("points of operations that go are subtracted", () => {
  const access = (op: number, turn: number): RunAccess => ({
    op, turn, at: 0, task: 0, object: "x", id: 0, name: "x", access: "read", site: 0,
    changed: false,
  });
  const accesses = [access(0, 0), access(0, 0), access(1, 0), access(2, 1)];
  const all = turns("0*3 1*1 0");
  expect(printSchedule(withoutOps(all, accesses, new Set([0])))).toBe("0*1 1*1 0");
  expect(printSchedule(withoutOps(all, accesses, new Set([2])))).toBe("0");
});

test("a stretch is gathered by first or by last appearance", () => {
  const all = turns("0*1 1*2 0*3 1*4 2");
  expect(printSchedule(gather(all, 0, 4, "first"))).toBe("0*4 1*6 2");
  expect(printSchedule(gather(all, 0, 3, "last"))).toBe("1*2 0*4 1*4 2");
});

test("ways to undo a preemption", () => {
  const ways = withoutPreemption(turns("0*3 1*2 0"), 0).map(printSchedule);
  expect([...new Set(ways)].sort()).toEqual(["0", "0 1*2", "0 1*2 0", "0*3", "1 0", "1*2 0"]);
});

test("sequential: every order of up to four tasks", () => {
  expect(sequential([0, 1]).map(printSchedule)).toEqual(["0 1", "1 0"]);
  expect(sequential([0, 1, 2])).toHaveLength(6);
  expect(sequential([0, 1, 2, 3, 4])).toEqual([]);
});
