// SPDX-License-Identifier: GPL-2.0-only
// Racing pairs of real runs of the toy kernel.
import { expect, test } from "vitest";
import type { RacingPair } from "./pair.ts";
import { racingPair } from "./pair.ts";
import { toyCase, toyExecute } from "./toy.ts";

function pairOf(concurrent: string[], schedule: string): RacingPair | null {
  const { trace, title } = toyExecute(toyCase([], concurrent, schedule), { trace: true });
  return racingPair(trace!, title);
}

function brief(pair: RacingPair | null): string | null {
  if (pair === null) return null;
  const { object, first, second, stale } = pair;
  const look = stale === undefined ? "" : `, stale since ${stale.fn}:${stale.callee}`;
  return `${object}: ${first.fn}:${first.callee} then ${second.fn}:${second.callee}${look}`;
}

test("check-act: the table is put in between the check and the huge entry", () => {
  expect(brief(pairOf(["@0 cow", "@1 huge"], "1*1 0"))).toBe(
    "pmd: __pte_alloc:set_pmd_at then insert_pfn_pmd:set_pmd_at, " +
      "stale since __handle_mm_fault:pmdp_get",
  );
});

test("the same pair when the checker was blocked and never preempted", () => {
  // Task 0 stops with the entry lock held; task 1 checks and blocks on it.
  expect(brief(pairOf(["@0 cow", "@1 huge"], "0*2 1 0"))).toBe(
    brief(pairOf(["@0 cow", "@1 huge"], "1*1 0")),
  );
});

test("an update between load and store", () => {
  expect(brief(pairOf(["@0 add 2", "@1 add 2"], "0*1 1"))).toBe(
    "cell: increment:write then increment:write, stale since increment:read",
  );
});

test("with nothing looked at before: write-write, and a value seen half-way", () => {
  expect(brief(pairOf(["@0 flip 1", "@1 look 1"], "0*1 1"))).toBe(
    "cell: look:read then flip:write",
  );
  expect(brief(pairOf(["@0 flip 1", "@1 flip 1"], "0*1 1*1 0"))).toBe(
    "cell: flip:write then flip:write",
  );
});

test("no pair without company, in sequence, or over locks alone", () => {
  expect(pairOf(["@0 add 2", "@0 add 2"], "")).toBeNull();
  expect(pairOf(["@0 add 2", "@1 add 2"], "")).toBeNull();
  expect(pairOf(["@0 abba 0", "@1 abba 0"], "0*1 1 0")).toBeNull();
});

test("what an earlier operation read is no check", () => {
  expect(brief(pairOf(["@0 look 2", "@0 add 2", "@1 add 2"], "0*1 1"))).toBeNull();
});

test("a finding in the middle of an operation: what that operation met last", () => {
  // The lost update is a check-act race too, but it is not what was reported.
  const run = ["@0 watch 1", "@1 add 2", "@1 flip 1", "@2 add 2"];
  const schedule = "1*1 2 1*2 0*1 1";
  expect(brief(pairOf(run, schedule))).toBe(
    "cell: flip:write then watch:read, stale since watch:read",
  );
  const { trace } = toyExecute(toyCase([], run, schedule), { trace: true });
  expect(brief(racingPair(trace!))).toMatch(/^cell: increment:write then increment:write/);
});

test("read, then written by another task, and nothing more", () => {
  expect(brief(pairOf(["@0 look 1", "@0 add 0", "@1 flip 1"], "0*1 1"))).toBeNull();
  expect(brief(pairOf(["@0 look2 1", "@1 flip 1"], "0*1 1"))).toBe(
    "cell: look2:read then flip:write",
  );
});
