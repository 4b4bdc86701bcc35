// SPDX-License-Identifier: GPL-2.0-only
// Racing pairs of real runs of the toy kernel.
import { expect, test } from "vitest";
import type { RacingPair } from "./pair.ts";
import { racingPair } from "./pair.ts";
import { toyCase, toyExecute } from "./toy.ts";

function pairOf(concurrent: string[], schedule: string): RacingPair | null {
  const { trace } = toyExecute(toyCase([], concurrent, schedule), { trace: true });
  return racingPair(trace!);
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
