// SPDX-License-Identifier: GPL-2.0-only
// Deadlocks: seen when the wait-for graph closes, named the same whoever closes it.
import { describe, expect, test } from "vitest";
import { down_read, down_write, init_rwsem, rwsem_class, rwsem_reset, up_read, up_write } from
  "../kernel/locking/rwsem.ts";
import { block, pointKind, preempt } from "./point.ts";
import type { Preemptible } from "./point.ts";
import { parseSchedule } from "./schedule.ts";
import { Replay } from "./strategies/replay.ts";
import { explore, lockCell, readCell, resetCells, runWorld, unlockCell } from "./testing.ts";
import type { Ran, World } from "./testing.ts";

function follow(schedule: string, make: () => World): Ran {
  return runWorld(make, new Replay(parseSchedule(schedule)));
}

function* both(first: number, second: number): Preemptible<void> {
  yield* lockCell(first);
  yield* lockCell(second);
  unlockCell(second);
  unlockCell(first);
}

describe("locks", () => {
  const abba = (): World => {
    resetCells();
    return { tasks: [both(0, 1), both(1, 0)] };
  };

  test("two tasks: who waits for what, held by whom", () => {
    const { outcome, lines } = follow("0*1 1 0", abba);
    expect(outcome).toBe("hang: deadlock on test lock -> test lock");
    expect(lines).toEqual([
      "task 0 waits for lock 1 held by task 1",
      "task 1 waits for lock 0 held by task 0",
    ]);
  });

  test("needs one preemption, and then is one finding; the ordered twin is clean", () => {
    expect(explore(abba, 0).outcomes).toEqual(["ok"]);
    expect(explore(abba, 1).outcomes).toEqual(["hang: deadlock on test lock -> test lock", "ok"]);
    const ordered = (): World => {
      resetCells();
      return { tasks: [both(0, 1), both(0, 1)] };
    };
    expect(explore(ordered, 3).outcomes).toEqual(["ok"]);
  });

  test("three tasks: seen at once, while a fourth still has much to do", () => {
    let done = 0;
    const busy = function* (): Preemptible<void> {
      for (; done < 50; done++) yield* readCell(5);
    };
    const ring = (): World => {
      resetCells();
      done = 0;
      return { tasks: [both(0, 1), both(1, 2), both(2, 0), busy()] };
    };
    const { outcome, lines, schedule } = follow("0*1 1*1 2*1 3*2 0 1 2 3", ring);
    expect(outcome).toBe("hang: deadlock on test lock -> test lock -> test lock");
    expect(lines).toEqual([
      "task 2 waits for lock 0 held by task 0",
      "task 0 waits for lock 1 held by task 1",
      "task 1 waits for lock 2 held by task 2",
    ]);
    expect(done).toBe(2);
    expect(schedule.at(-1)).toEqual({ task: 2, steps: 1 });
  });

  test("a task that takes a lock twice waits for itself", () => {
    const { outcome, lines } = follow("", () => {
      resetCells();
      return { tasks: [both(3, 3)] };
    });
    expect(outcome).toBe("hang: deadlock on test lock");
    expect(lines).toEqual(["task 0 waits for lock 3 held by task 0"]);
  });

  test("a lock that nobody will ever drop is no cycle, but a hang", () => {
    const { outcome, lines } = follow("", () => {
      resetCells();
      return { tasks: [lockCell(0), lockCell(0)] };
    });
    expect(outcome).toBe("hang: blocked for ever on test lock");
    expect(lines).toEqual(["task 1 waits for lock 0 held by task 0: nobody will wake it"]);
  });
});

describe("titles", () => {
  const held = new Map<string, number>();
  const kinds = ["a", "b", "c"].map((name) =>
    pointKind(`kind ${name}`, "acquire", () => name, () => 1 << held.get(name)!),
  );

  /** Task t holds lock t of the three names, and waits for the next: `last` closes the cycle. */
  function ring(names: string[], last: number): string {
    const closing = (task: number): World["tasks"][0] =>
      (function* () {
        held.set(names[task]!, task);
        yield* readCell(0);
        const next = names[(task + 1) % names.length]!;
        if (preempt(kinds["abc".indexOf(next)]!, 0)) yield;
        yield* waitFor(kinds["abc".indexOf(next)]!);
      })();
    const others = names.map((_, t) => t).filter((t) => t !== last);
    const order = `${names.map((_, t) => `${t}*1`).join(" ")} ${others.join(" ")} ${last}`;
    return follow(order, () => ({ tasks: names.map((_, t) => closing(t)) })).outcome;
  }

  function* waitFor(kind: number): Preemptible<void> {
    block(kind, 0);
    yield;
  }

  test("do not depend on who closes the cycle, nor on how tasks are numbered", () => {
    const titles = new Set<string>();
    for (const names of [["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"]]) {
      for (const last of [0, 1, 2]) titles.add(ring(names, last));
    }
    expect([...titles]).toEqual(["hang: deadlock on kind a -> kind b -> kind c"]);
    expect(ring(["c", "b", "a"], 0)).toBe("hang: deadlock on kind a -> kind c -> kind b");
  });
});

describe("reader-writer semaphores", () => {
  const mmap_lock = rwsem_class("test mmap_lock");

  test("the sandwich: a reader, a writer that queues, and the reader again", () => {
    const world = (): World => {
      rwsem_reset(mmap_lock);
      const sem = init_rwsem(mmap_lock);
      const reader = function* (): Preemptible<void> {
        yield* down_read(sem);
        yield* down_read(sem);
        up_read(sem);
      };
      const writer = function* (): Preemptible<void> {
        yield* down_write(sem);
        up_write(sem);
      };
      return { tasks: [reader(), writer()] };
    };
    const { outcome, lines } = follow("0*1 1 0", world);
    expect(outcome).toBe("hang: deadlock on test mmap_lock -> test mmap_lock");
    expect(lines).toEqual([
      "task 0 waits for test mmap_lock (read) behind task 1",
      "task 1 waits for test mmap_lock (write) held by task 0",
    ]);
    // Without a writer between, a reader may read twice.
    expect(explore(world, 0).outcomes).toEqual(["ok"]);
  });

  test("upgrade: a reader that wants to write waits for itself", () => {
    const { outcome, lines } = follow("", () => {
      rwsem_reset(mmap_lock);
      const sem = init_rwsem(mmap_lock);
      return { tasks: [(function* () {
        yield* down_read(sem);
        yield* down_write(sem);
      })()] };
    });
    expect(outcome).toBe("hang: deadlock on test mmap_lock");
    expect(lines).toEqual(["task 0 waits for test mmap_lock (write) held by task 0"]);
  });

  test("readers that queue behind a writer do not wait for one another", () => {
    const { outcome, lines } = follow("0*1 1 2 3 0", () => {
      rwsem_reset(mmap_lock);
      const sem = init_rwsem(mmap_lock);
      const writer = function* (): Preemptible<void> {
        yield* down_write(sem);
        up_write(sem);
      };
      return { tasks: [down_read(sem), writer(), down_read(sem), down_read(sem)] };
    });
    expect(outcome).toBe("hang: blocked for ever on test mmap_lock");
    expect(lines.map((l) => l.replace(": nobody will wake it", ""))).toEqual([
      "task 1 waits for test mmap_lock (write) held by task 0",
      "task 2 waits for test mmap_lock (read) behind task 1",
      "task 3 waits for test mmap_lock (read) behind task 1",
    ]);
  });
});
