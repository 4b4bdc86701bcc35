// SPDX-License-Identifier: GPL-2.0-only
// Exclusive locks under every schedule of a few preemptions: they exclude, they let everybody in,
// they are dropped by their owner only; and broken twins of them do not.
import { beforeEach, describe, expect, test } from "vitest";
import { set_geometry } from "../../hw/geometry.ts";
import { ANON, mem, PTE_TABLE } from "../../hw/phys.ts";
import { block, current, pointKind, preempt, wake } from "../../sched/point.ts";
import type { Preemptible } from "../../sched/point.ts";
import { addCell, cells, explore, readCell, resetCells, runWorld, writeCell } from
  "../../sched/testing.ts";
import type { World } from "../../sched/testing.ts";
import { Replay } from "../../sched/strategies/replay.ts";
import { lock_page, trylock_page, unlock_page, __SetPageLocked } from "./pagelock.ts";
import { mutex_init, mutex_lock, mutex_reset, mutex_unlock } from "./mutex.ts";
import { down_write, down_write_trylock, init_rwsem, rwsem_class, rwsem_reset, up_write } from
  "./rwsem.ts";
import {
  spin_is_locked, spin_lock, spin_lock_init, spin_owner, spin_reset, spin_trylock, spin_unlock,
} from "./spinlock.ts";

interface Lock {
  take(): Preemptible<void>;
  attempt?: () => Preemptible<boolean>;
  drop(): void;
  /** What dropping it says when the task does not hold it. */
  complaint: string;
}

const semaphores = rwsem_class("litmus semaphore");

function freshMemory(): void {
  spin_reset();
  set_geometry("small");
  mem.reset(0);
  mutex_reset();
  rwsem_reset(semaphores);
}

beforeEach(freshMemory);

/** A new lock of each kind. */
const locks: Record<string, () => Lock> = {
  "spinlock of a page table": () => {
    const table = mem.take(PTE_TABLE);
    return {
      take: () => spin_lock(table), attempt: () => spin_trylock(table),
      drop: () => spin_unlock(table), complaint: "BUG: spinlock wrong owner",
    };
  },
  "named spinlock": () => {
    const lock = spin_lock_init("tree_lock");
    return {
      take: () => spin_lock(lock), attempt: () => spin_trylock(lock),
      drop: () => spin_unlock(lock), complaint: "BUG: spinlock wrong owner",
    };
  },
  "mutex": () => {
    const mutex = mutex_init("litmus_mutex");
    return {
      take: () => mutex_lock(mutex), drop: () => mutex_unlock(mutex),
      complaint: "DEBUG_LOCKS_WARN_ON(mutex owner != current)",
    };
  },
  "page lock": () => {
    const page = mem.take(ANON);
    return {
      take: () => lock_page(page), attempt: () => trylock_page(page),
      drop: () => unlock_page(page),
      complaint: "BUG: VM_BUG_ON(!PageLocked(page)) at mm/filemap.c",
    };
  },
  "writers of a semaphore": () => {
    const sem = init_rwsem(semaphores);
    return {
      take: () => down_write(sem), attempt: () => down_write_trylock(sem),
      drop: () => up_write(sem), complaint: "WARNING: bad unlock balance detected!",
    };
  },
};

/** `tasks` tasks add 1 to a cell in two steps, under the lock. */
function counters(tasks: number, make: () => Lock): () => World {
  return () => {
    freshMemory();
    resetCells();
    const lock = make();
    const counter = function* (): Preemptible<void> {
      yield* lock.take();
      yield* addCell(0);
      lock.drop();
    };
    return { tasks: Array.from({ length: tasks }, counter), verdict: () => `${cells[0]}` };
  };
}

describe.each(Object.entries(locks))("%s", (_name, make) => {
  test("no update is lost and nobody waits for ever", () => {
    expect(explore(counters(2, make), 4).outcomes).toEqual(["2"]);
    expect(explore(counters(3, make), 3).outcomes).toEqual(["3"]);
  });

  test("only its owner drops it", () => {
    const { complaint } = make();
    const world = (drop: (lock: Lock) => Preemptible<void>): World => {
      freshMemory();
      return { tasks: [drop(make())] };
    };
    const twice = function* (lock: Lock): Preemptible<void> {
      yield* lock.take();
      lock.drop();
      lock.drop();
    };
    const never = function* (lock: Lock): Preemptible<void> {
      lock.drop();
    };
    expect(runWorld(() => world(twice), new Replay([])).outcome).toBe(complaint);
    expect(runWorld(() => world(never), new Replay([])).outcome).toBe(complaint);
  });

  test("a try never waits, and succeeds exactly when the lock is free", () => {
    const { attempt } = make();
    if (attempt === undefined) return;
    const world = (): World => {
      freshMemory();
      const lock = make();
      const log: string[] = [];
      const tryer = function* (): Preemptible<void> {
        const got = yield* lock.attempt!();
        log.push(got ? "got" : "busy");
        yield* readCell(0);
        if (got) lock.drop();
      };
      return { tasks: [tryer(), tryer()], verdict: () => log.join(" ") };
    };
    expect(explore(world, 3).outcomes).toEqual(["got busy", "got got"]);
  });
});

describe("broken twins", () => {
  const TWIN = pointKind("broken lock", "acquire");
  let held = false;

  /** `check` and `take` are two points: both tasks may pass the check. */
  function* take_in_two_points(): Preemptible<void> {
    for (;;) {
      if (preempt(TWIN, 0)) yield;
      if (!held) break;
      block(TWIN, 0);
      yield;
    }
    if (preempt(TWIN, 0)) yield;
    held = true;
  }

  /** Checks once only: a task that is woken believes that the lock is its own. */
  function* take_without_loop(): Preemptible<void> {
    if (preempt(TWIN, 0)) yield;
    if (held) {
      block(TWIN, 0);
      yield;
    }
    held = true;
  }

  function broken(take: () => Preemptible<void>, wakes: boolean): () => Lock {
    return () => {
      held = false;
      const drop = (): void => {
        held = false;
        if (wakes) wake(TWIN, 0, 1);
      };
      return { take, drop, complaint: "" };
    };
  }

  test("check and take as two points lose an update", () => {
    const twin = broken(take_in_two_points, true);
    expect(explore(counters(2, twin), 0).outcomes).toEqual(["2"]);
    expect(explore(counters(2, twin), 2).outcomes).toContain("1");
  });

  test("no second look after the wake-up: a third task gets in between", () => {
    const twin = broken(take_without_loop, true);
    expect(explore(counters(2, twin), 4).outcomes).toEqual(["2"]);
    expect(explore(counters(3, twin), 2).outcomes).toContain("2");
  });

  test("a drop that wakes nobody hangs", () => {
    const twin = broken(take_in_two_points, false);
    expect(explore(counters(2, twin), 1).outcomes).toContain(
      "hang: blocked for ever on broken lock",
    );
  });
});

describe("spinlocks", () => {
  test("what is no lock has bad magic: a page, a freed table, a number beyond all memory", () => {
    const table = mem.take(PTE_TABLE);
    mem.refcount[table] = 0;
    mem.give_back(table);
    for (const lock of [mem.take(ANON), table, 30_000, (1 << 15) + 200, 1 << 19]) {
      const { outcome } = runWorld(() => ({ tasks: [spin_lock(lock)] }), new Replay([]));
      expect(outcome, `${lock}`).toBe("BUG: spinlock bad magic on CPU#0, task/0");
    }
  });

  test("tells whether it is held and by whom; a reset forgets", () => {
    const lock = spin_lock_init("zone->lock");
    const world = (): World => ({ tasks: [writeCell(0, 0), spin_lock(lock)] });
    runWorld(world, new Replay([]));
    expect([spin_is_locked(lock), spin_owner(lock)]).toEqual([true, 1]);
    spin_reset();
    expect(spin_owner(spin_lock_init("zone->lock"))).toBe(-1);
  });

  test("page tables have a lock each", () => {
    const [one, two] = [mem.take(PTE_TABLE), mem.take(PTE_TABLE)];
    const holder = function* (lock: number): Preemptible<void> {
      yield* spin_lock(lock);
      expect(spin_owner(lock)).toBe(current());
    };
    const world = (): World => ({ tasks: [holder(one), holder(two)] });
    expect(runWorld(world, new Replay([])).outcome).toBe("ok");
  });
});

describe("page lock", () => {
  test("a page that is made locked keeps others out, and a reset forgets who had locked it", () => {
    const page = mem.take(ANON);
    const owner = function* (): Preemptible<void> {
      __SetPageLocked(page);
      yield* readCell(0);
    };
    const world = (): World => ({ tasks: [owner(), lock_page(page)] });
    const { outcome, lines } = runWorld(world, new Replay([]));
    expect(outcome).toBe("hang: blocked for ever on page lock");
    expect(lines).toEqual([
      `task 1 waits for lock of page ${page} held by task 0: nobody will wake it`,
    ]);
    mem.reset(0);
    expect(runWorld(() => ({ tasks: [lock_page(mem.take(ANON))] }), new Replay([])).outcome).toBe(
      "ok",
    );
  });
});
