// SPDX-License-Identifier: GPL-2.0-only
// Wait queues: prepare, test, sleep loses no wake-up; test, prepare, sleep does.
import { describe, expect, test } from "vitest";
import type { Preemptible } from "../../sched/point.ts";
import { cells, explore, readCell, resetCells, writeCell } from "../../sched/testing.ts";
import type { World } from "../../sched/testing.ts";
import { finish_wait, prepare_to_wait, schedule_on, wait_reset, wake_up_all } from "./wait.ts";

const QUEUE = 4;
const READY = 0;

/** wait_event(): as in include/linux/wait.h. */
function* wait_event(queue: number): Preemptible<void> {
  for (;;) {
    yield* prepare_to_wait(queue);
    if ((yield* readCell(READY)) !== 0) break;
    yield* schedule_on(queue);
  }
  finish_wait(queue);
}

/** The classic mistake: the wake-up comes after the test and before the queue knows of us. */
function* wait_event_late(queue: number): Preemptible<void> {
  while ((yield* readCell(READY)) === 0) {
    yield* prepare_to_wait(queue);
    yield* schedule_on(queue);
  }
  finish_wait(queue);
}

function* complete(queue: number): Preemptible<void> {
  yield* writeCell(READY, 1);
  wake_up_all(queue);
}

function worldOf(...tasks: (() => Preemptible<void>)[]): () => World {
  return () => {
    resetCells();
    wait_reset();
    return { tasks: tasks.map((task) => task()), verdict: () => `${cells[READY]}` };
  };
}

describe("one wake-up for all", () => {
  test("reaches every waiter under every schedule", () => {
    const waiter = (): Preemptible<void> => wait_event(QUEUE);
    const waker = (): Preemptible<void> => complete(QUEUE);
    expect(explore(worldOf(waiter, waker), 6).outcomes).toEqual(["1"]);
    expect(explore(worldOf(waiter, waker, waiter), 3).outcomes).toEqual(["1"]);
  });

  test("the broken twin tests before it prepares", () => {
    const world = worldOf(() => wait_event_late(QUEUE), () => complete(QUEUE));
    const { outcomes, witness } = explore(world, 1);
    expect(outcomes).toEqual(["1", "hang: blocked for ever on wait queue"]);
    // One preemption is enough: between the test and the preparation.
    expect(witness.get("hang: blocked for ever on wait queue")).toBe("0*1 1*1 0*2");
  });

  test("waking another queue helps nobody", () => {
    const world = worldOf(() => wait_event(QUEUE), () => complete(QUEUE + 1));
    expect(explore(world, 1).outcomes).toContain("hang: blocked for ever on wait queue");
  });

  test("a reset forgets who was about to sleep", () => {
    const prepare = (): Preemptible<void> => prepare_to_wait(QUEUE);
    const sleep = (): Preemptible<void> => schedule_on(QUEUE);
    expect(explore(worldOf(prepare), 0).outcomes).toEqual(["0"]);
    expect(explore(worldOf(sleep), 0).outcomes).toEqual(["0"]);
  });
});
