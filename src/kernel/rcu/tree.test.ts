// SPDX-License-Identifier: GPL-2.0-only
// RCU: nobody sees what was freed after a grace period; without one, or outside a section, they do.
import { describe, expect, test } from "vitest";
import type { Preemptible } from "../../sched/point.ts";
import { parseSchedule } from "../../sched/schedule.ts";
import { Replay } from "../../sched/strategies/replay.ts";
import { cells, explore, readCell, resetCells, runWorld, writeCell } from "../../sched/testing.ts";
import type { World } from "../../sched/testing.ts";
import {
  rcu_read_lock, rcu_read_lock_held, rcu_read_unlock, rcu_reset, synchronize_rcu,
} from "./tree.ts";

const POINTER = 0;
const FREED = 7;

/** Reads the pointer and, a step later, what it points to. */
function* dereference(): Preemptible<void> {
  const object = yield* readCell(POINTER);
  const value = yield* readCell(1 + object);
  if (value === FREED) throw new Error("use after free");
}

function* reader(): Preemptible<void> {
  yield* rcu_read_lock();
  yield* dereference();
  rcu_read_unlock();
}

function* nested_reader(): Preemptible<void> {
  yield* rcu_read_lock();
  yield* rcu_read_lock();
  rcu_read_unlock();
  yield* dereference();
  rcu_read_unlock();
}

function* updater(): Preemptible<void> {
  yield* writeCell(POINTER, 1);
  yield* synchronize_rcu();
  cells[1] = FREED;
}

function* hasty_updater(): Preemptible<void> {
  yield* writeCell(POINTER, 1);
  yield* readCell(POINTER);
  cells[1] = FREED;
}

function worldOf(...tasks: (() => Preemptible<void>)[]): () => World {
  return () => {
    resetCells();
    rcu_reset();
    return { tasks: tasks.map((task) => task()) };
  };
}

describe("grace periods", () => {
  test("wait for every section that was open", () => {
    expect(explore(worldOf(reader, updater), 5).outcomes).toEqual(["ok"]);
    expect(explore(worldOf(reader, updater, nested_reader), 3).outcomes).toEqual(["ok"]);
    expect(explore(worldOf(reader, updater, updater), 3).outcomes).toEqual(["ok"]);
  });

  test("the broken twins: no grace period, no read section", () => {
    expect(explore(worldOf(reader, hasty_updater), 1).outcomes).toEqual(["ok", "use after free"]);
    expect(explore(worldOf(dereference, updater), 1).outcomes).toEqual(["ok", "use after free"]);
  });

  test("do not wait for sections that began later", () => {
    const order: string[] = [];
    const again = function* (): Preemptible<void> {
      yield* reader();
      yield* rcu_read_lock();
      order.push("second section");
      yield* readCell(POINTER);
      rcu_read_unlock();
      order.push("closed");
    };
    const wait = function* (): Preemptible<void> {
      yield* synchronize_rcu();
      order.push("grace");
    };
    // 0 opens a section, 1 waits for it, 0 closes it and opens another one; then 1 goes on.
    const world = worldOf(again, wait);
    runWorld(world, new Replay(parseSchedule("0*1 1 0*3 1 0")));
    expect(order).toEqual(["second section", "grace", "closed"]);
  });
});

test("a grace period inside a read section waits for itself", () => {
  const world = worldOf(function* () {
    yield* rcu_read_lock();
    yield* synchronize_rcu();
  });
  const { outcome, lines } = runWorld(world, new Replay([]));
  expect(outcome).toBe("hang: deadlock on RCU read section");
  expect(lines).toEqual(["task 0 waits for RCU section of task 0 held by task 0"]);
});

test("sections nest, belong to their task, and must be open to be closed", () => {
  const held: boolean[] = [];
  const world = worldOf(
    function* () {
      yield* nested_reader();
      held.push(rcu_read_lock_held());
    },
    function* () {
      yield* rcu_read_lock();
      held.push(rcu_read_lock_held());
      rcu_read_unlock();
      rcu_read_unlock();
    },
  );
  expect(() => runWorld(world, new Replay([]))).toThrow("outside a read section");
  expect(held).toEqual([false, true]);
});
