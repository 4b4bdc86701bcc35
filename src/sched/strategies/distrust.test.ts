// SPDX-License-Identifier: GPL-2.0-only
// Distrust finds programs that do not do the same twice, and is silent about those that do.
import { describe, expect, test } from "vitest";
import { InternalError } from "../../lib/assert.ts";
import { preempt, pointKind } from "../point.ts";
import type { Preemptible } from "../point.ts";
import { addCell, readCell, resetCells, runWorld } from "../testing.ts";
import type { World } from "../testing.ts";
import { Distrust } from "./distrust.ts";
import { RandomWalk } from "./random.ts";

/** Two runs of a world that is told which run it is. */
function twice(make: (round: number) => World): void {
  const distrust = new Distrust(new RandomWalk(5));
  runWorld(() => make(0), distrust);
  runWorld(() => make(1), distrust);
}

function* steps(count: number): Preemptible<void> {
  for (let i = 0; i < count; i++) yield* readCell(0);
}

const OBJECT = pointKind("distrusted object", "read");

function* look(object: number): Preemptible<void> {
  if (preempt(OBJECT, object)) yield;
  yield* steps(3);
}

describe("planted nondeterminism", () => {
  test.each<[string, (round: number) => World]>([
    ["one task less", (r) => ({ tasks: r === 0 ? [steps(2), steps(2)] : [steps(2)] })],
    ["a task that ends sooner", (r) => ({ tasks: [steps(4), steps(4 - r)] })],
    ["another object at the same point", (r) => ({ tasks: [steps(3), look(r)] })],
  ])("%s", (_what, make) => {
    expect(() => twice(make)).toThrow(InternalError);
    expect(() => twice(make)).toThrow(/^\[faultline\] the model is not deterministic: decision/);
    expect(() => twice(() => make(0))).not.toThrow();
  });

  test("state that survives a run", () => {
    let leak = 0;
    const leaky = (): World => {
      resetCells();
      const task = function* (): Preemptible<void> {
        if (leak++ > 1) yield* addCell(1);
        yield* addCell(0);
      };
      return { tasks: [task(), task()] };
    };
    expect(() => twice(leaky)).toThrow("not deterministic");
  });
});
