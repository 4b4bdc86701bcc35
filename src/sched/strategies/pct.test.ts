// SPDX-License-Identifier: GPL-2.0-only
// PCT against the weaker strategies, on a bug that needs two preemptions far apart; twins with
// their arithmetic, as in shuttle's tests/basic/pct.rs.
import { describe, expect, test } from "vitest";
import { beginPoints, run } from "../point.ts";
import type { Preemptible } from "../point.ts";
import {
  cells, explore, readCell, resetCells, runWorld, sleepOn, wakeSleepers, writeCell,
} from "../testing.ts";
import type { World } from "../testing.ts";
import { Pct } from "./pct.ts";
import { RandomWalk } from "./random.ts";
import { RoundRobin } from "./round-robin.ts";
import type { Strategy } from "./strategy.ts";

const BUG = "BUG: seen";
const FLAG = 0;
const COPY = 1;
const OTHER = 2;
/** Points of task 1 in front of its window, and of the whole run. */
const AHEAD = 31;
const POINTS = 4 + AHEAD + 3;

/**
 * Task 0 raises FLAG at its point 2 and lowers it at its point 4. Task 1 copies it at its point 32
 * and forgets the copy at its point 33. The bug: task 0 sees the copy at its point 3. So exactly
 * one way leads to it: 2 points of task 0, preemption, 32 of task 1, preemption, task 0.
 */
function window(): World {
  resetCells();
  const first = function* (): Preemptible<void> {
    yield* readCell(OTHER);
    yield* writeCell(FLAG, 1);
    if ((yield* readCell(COPY)) === 1) throw new Error(BUG);
    yield* writeCell(FLAG, 0);
  };
  const second = function* (): Preemptible<void> {
    for (let i = 0; i < AHEAD; i++) yield* readCell(OTHER);
    cells[COPY] = yield* readCell(FLAG);
    yield* writeCell(COPY, 0);
    yield* readCell(OTHER);
  };
  return { tasks: [first(), second()] };
}

function hits(runs: number, make: (seed: number) => Strategy): number {
  let found = 0;
  for (let seed = 0; seed < runs; seed++) {
    if (runWorld(window, make(seed)).outcome === BUG) found++;
  }
  return found;
}

describe("a bug of depth 3", () => {
  const RUNS = 10_000;

  test("exists, and needs two preemptions", () => {
    expect(explore(window, 1).outcomes).toEqual(["ok"]);
    expect(explore(window, 2).witness.get(BUG)).toBe("0*2 1*32 0*1");
  });

  // The walk must stand at (2, 32) in the lattice of (points of 0, points of 1), having come along
  // any of C(34, 2) = 561 of 2^34 paths, and then step to task 0: 561 / 2^35 = 1.6e-8 a run; the
  // chance that 10,000 runs hit is 1.6e-4.
  test("a random walk misses it", () => {
    expect(hits(RUNS, (seed) => new RandomWalk(seed))).toBe(0);
  });

  // Deterministic: task 0 stands at 2 with quantum 1 and 2 only, when task 1 is at 1 or 2.
  test("round robin misses it with every quantum", () => {
    expect(hits(POINTS, (quantum) => new RoundRobin(1 + quantum))).toBe(0);
  });

  // n = 2 tasks, k = 38 points, d = 3. The paper's bound is 1 / (n k^(d-1)) = 1 / 2888 a run. Ours
  // is 1 / k^2 = 1 / 1444: task 0 first (1/2), change points at 2 and 34 in either order (2 / k^2).
  // Expected 6.9 hits; the chance to miss in 10,000 runs is e^-6.9 = 0.1 %.
  test("PCT of depth 3 hits it", () => {
    const found = hits(RUNS, (seed) => new Pct(seed, 3, POINTS));
    expect(found).toBeGreaterThan(0);
    // More than 20 would be as unlikely: then it is not the distribution we think it is.
    expect(found).toBeLessThan(20);
  });

  // One change point is one preemption: whatever the seed, it cannot.
  test("PCT of depth 2 cannot", () => {
    expect(hits(2000, (seed) => new Pct(seed, 2, POINTS))).toBe(0);
  });
});

describe("details", () => {
  test("depth 1 never preempts, and draws the order of tasks", () => {
    const orders = new Set<number>();
    for (let seed = 0; seed < 60; seed++) {
      const order: number[] = [];
      const world = (): World => ({
        tasks: [0, 1, 2].map(function* (id): Preemptible<void> {
          yield* readCell(0);
          order.push(id);
          yield* readCell(0);
        }),
      });
      const ran = runWorld(world, new Pct(seed, 1, 10));
      expect(ran.preemptions).toBe(0);
      orders.add(order[0]! * 9 + order[1]! * 3 + order[2]!);
    }
    // Six orders; the chance that 60 draws leave one out is 6 (5/6)^60 = 1e-4.
    expect(orders.size).toBe(6);
  });

  test("change points count from where the run begins", () => {
    beginPoints();
    const stops = (): number => {
      new Pct(3, 4, 10).begin();
      return run.stopAt - run.step;
    };
    const first = stops();
    run.step = 1000;
    expect(stops()).toBe(first);
  });

  test("a task that is woken with a higher priority runs at once", () => {
    const order: string[] = [];
    const world = (): World => ({
      tasks: [
        (function* (): Preemptible<void> {
          yield* sleepOn(0);
          order.push("woken");
        })(),
        (function* (): Preemptible<void> {
          yield* readCell(0);
          wakeSleepers(0);
          order.push("waker");
          yield* readCell(0);
          order.push("waker");
        })(),
      ],
    });
    const seen = new Set<string>();
    for (let seed = 0; seed < 20; seed++) {
      order.length = 0;
      runWorld(world, new Pct(seed, 1, 10));
      seen.add(order.join(" "));
    }
    // Task 1 first: nobody sleeps yet, task 0 hangs. Task 0 first: it is woken over task 1.
    expect([...seen].sort()).toEqual(["waker waker", "waker woken waker"]);
  });
});
