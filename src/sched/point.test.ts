// SPDX-License-Identifier: GPL-2.0-only
// Points: what they cost the schedule, what they teach the fuzzer, and sets of tasks.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lowest, member, members, size } from "../lib/bits.ts";
import { attachFeedback, pairs, REGION_SIZE, sites } from "./feedback.ts";
import { kindOf, pointKind, preempt, TASKS_MAX } from "./point.ts";
import type { Preemptible } from "./point.ts";
import { parseSchedule } from "./schedule.ts";
import { allSites, at, registerSites, siteName, siteOf } from "./site.ts";
import { Replay } from "./strategies/replay.ts";
import { readCell, runWorld, writeCell } from "./testing.ts";
import type { World } from "./testing.ts";

test("sets of tasks are lists of their members", () => {
  const tasks = fc.uniqueArray(fc.nat(TASKS_MAX - 1));
  fc.assert(
    fc.property(tasks, (list) => {
      const sorted = [...list].sort((a, b) => a - b);
      const mask = list.reduce((m, t) => m | (1 << t), 0);
      expect(members(mask)).toEqual(sorted);
      expect([size(mask), lowest(mask)]).toEqual([sorted.length, sorted[0] ?? -1]);
      sorted.forEach((task, n) => expect(member(mask, n)).toBe(task));
    }),
    { seed: 42 },
  );
});

describe("kinds", () => {
  const hashOf = (name: string): number => {
    const kind = pointKind(name, "read");
    const one = function* (): Preemptible<void> {
      if (preempt(kind, 3)) yield;
    };
    return runWorld(() => ({ tasks: [one()] }), new Replay([])).hash;
  };

  test("of one name are one for the event hash, in whatever order they were declared", () => {
    const first = hashOf("hashed kind");
    expect(hashOf("another kind")).not.toBe(first);
    expect(hashOf("hashed kind")).toBe(first);
    expect(() => kindOf(999)).toThrow("no point kind 999");
  });
});

describe("feedback", () => {
  /** Cells that two tasks light under a schedule, beyond those of each task alone. */
  function racing(schedule: string, tasks: () => Preemptible<void>[]): number {
    const lit = (make: () => World, turns: string): number => {
      attachFeedback(new Uint8Array(REGION_SIZE));
      runWorld(make, new Replay(parseSchedule(turns)));
      return pairs.reduce((sum, cell) => sum + cell, 0);
    };
    return lit(() => ({ tasks: tasks() }), schedule);
  }
  const load = function* (): Preemptible<void> {
    yield* at(11, readCell(0));
  };
  const store = function* (): Preemptible<void> {
    yield* at(22, writeCell(0, 1));
  };
  const elsewhere = function* (): Preemptible<void> {
    yield* at(33, writeCell(1, 1));
  };

  test("a pair is two tasks, one object, and at least one write", () => {
    expect(racing("0 1", () => [store(), load()])).toBe(1);
    expect(racing("1 0", () => [store(), load()])).toBe(1);
    expect(racing("0 1", () => [load(), load()])).toBe(0);
    expect(racing("0 1", () => [store(), elsewhere()])).toBe(0);
    const twice = function* (): Preemptible<void> {
      yield* store();
      yield* load();
    };
    expect(racing("", () => [twice()])).toBe(0);
  });

  test("a run begins with a memory of no accesses", () => {
    attachFeedback(new Uint8Array(REGION_SIZE));
    runWorld(() => ({ tasks: [store()] }), new Replay([]));
    runWorld(() => ({ tasks: [elsewhere(), load()] }), new Replay([]));
    expect(pairs.reduce((sum, cell) => sum + cell, 0)).toBe(0);
  });

  test("a signal that is off reaches nobody; sites light up in the engine's region", () => {
    const region = new Uint8Array(REGION_SIZE);
    attachFeedback(region, { branches: true, sites: false, pairs: true });
    runWorld(() => ({ tasks: [store(), load()] }), new Replay([]));
    expect(region.reduce((sum, cell) => sum + cell, 0)).toBe(1);
    attachFeedback(region);
    runWorld(() => ({ tasks: [store(), load()] }), new Replay([]));
    expect([sites[11], sites[22]]).toEqual([1, 1]);
    expect(region.reduce((sum, cell) => sum + cell, 0)).toBe(3);
    expect(() => attachFeedback(new Uint8Array(10))).toThrow("too small");
    attachFeedback(new Uint8Array(REGION_SIZE));
  });
});

test("sites have names, and a nameless one says so", () => {
  registerSites([[9001, "wp_page_copy", "ptep_get", "mm/memory.ts", 7]]);
  expect(siteName(9001)).toBe("wp_page_copy:ptep_get");
  expect(siteOf(9002)).toMatchObject({ key: 9002, fn: "?", line: 0 });
  const keys = allSites().map((site) => site.key);
  expect(keys).toEqual([...keys].sort((a, b) => a - b));
});
