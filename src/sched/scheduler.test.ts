// SPDX-License-Identifier: GPL-2.0-only
// The run loop: what a schedule means, who wakes whom, and what a run leaves behind.
import { describe, expect, test } from "vitest";
import { InternalError } from "../lib/assert.ts";
import { beginPoints, block, current, pointKind, preempt, run, setAlive, wake } from "./point.ts";
import type { Preemptible } from "./point.ts";
import { parseSchedule, printSchedule } from "./schedule.ts";
import { Scheduler, STEPS_MAX } from "./scheduler.ts";
import { at, here } from "./site.ts";
import { Replay } from "./strategies/replay.ts";
import { RoundRobin } from "./strategies/round-robin.ts";
import {
  addCell, cells, explore, lockCell, readCell, resetCells, runWorld, sleepOn, spinOnCell,
  unlockCell, wakeSleepers, writeCell,
} from "./testing.ts";
import type { Ran, World } from "./testing.ts";
import { recordTo, Trace } from "./trace.ts";

/** Runs under a schedule given as text; `trail` gets the tasks in the order of their points. */
function follow(schedule: string, make: () => World): Ran {
  return runWorld(make, new Replay(parseSchedule(schedule)));
}

const POINT = pointKind("test point", "write");

function* walk(points: number, trail: string[]): Preemptible<void> {
  for (let i = 0; i < points; i++) {
    if (preempt(POINT, i)) yield;
    trail.push(`${current()}`);
  }
}

/** The order of points of tasks with so many points each. */
function trailOf(schedule: string, ...points: number[]): string {
  const trail: string[] = [];
  follow(schedule, () => ({ tasks: points.map((n) => walk(n, trail)) }));
  return trail.join("");
}

describe("turns", () => {
  test("TASK*N is N points of the task", () => {
    expect(trailOf("0*14 1*2 0*1 1", 20, 4)).toBe("0".repeat(14) + "110" + "11" + "0".repeat(5));
    expect(trailOf("1*1 0*1 1*1 0*1", 2, 2)).toBe("1010");
  });

  test("after the schedule tasks run to their ends, lowest first", () => {
    expect(trailOf("", 2, 2, 2)).toBe("001122");
    expect(trailOf("2*1", 2, 2, 2)).toBe("200112");
  });

  test("TASK alone runs until it blocks or ends", () => {
    expect(trailOf("1 0*1 2", 2, 3, 2)).toBe("1110220");
  });

  test("0 points: the task comes to its first point and no further", () => {
    expect(trailOf("0*0 1*1 0*1 1", 2, 2)).toBe("1010");
  });

  test("turns of tasks that cannot run, or do not exist, are skipped", () => {
    expect(trailOf("0 0*5 7*3 1*1 2", 1, 2, 1)).toBe("0121");
  });

  test("what was really done is recorded, with the turn of a task that throws", () => {
    const world = (): World => ({
      tasks: [walk(3, []), (function* () {
        yield* walk(2, []);
        throw new Error("BUG: planted");
      })()],
    });
    const ran = follow("0*2 1*1 0*1 1*9", world);
    expect(ran.outcome).toBe("BUG: planted");
    expect(printSchedule(ran.schedule)).toBe("0*2 1*1 0*1 1*1");
    expect(ran.points).toBe(5);
    expect(ran.preemptions).toBe(2);
  });
});

describe("block and wake", () => {
  /** Two sleepers, one wake-up: who got it? The other one is then let go. */
  function fifoWorld(): World {
    resetCells();
    const woken: number[] = [];
    const sleeper = function* (id: number): Preemptible<void> {
      yield* sleepOn(0);
      woken.push(id);
    };
    const waker = function* (): Preemptible<void> {
      yield* readCell(0);
      wakeSleepers(0, 1);
      yield* readCell(0);
      yield* readCell(0);
      wakeSleepers(0);
    };
    return { tasks: [sleeper(0), sleeper(1), waker()], verdict: () => `${woken[0]}` };
  }

  test("first come, first served, whatever their numbers", () => {
    expect(follow("1 0 2*2 1", fifoWorld).outcome).toBe("1");
    expect(follow("0 1 2*2 0", fifoWorld).outcome).toBe("0");
  });

  test("a wake-up without a sleeper is lost, and that is a hang with a name", () => {
    const world = (): World => ({
      tasks: [sleepOn(3), (function* (): Preemptible<void> {
        yield* readCell(0);
        wakeSleepers(3);
      })()],
    });
    expect(explore(world, 1).outcomes).toEqual(["hang: blocked for ever on test queue", "ok"]);
    expect(follow("1 0", world).lines).toEqual([
      "task 0 waits for queue 3: nobody will wake it",
    ]);
  });

  test("a task that blocks twice, or yields without a reason, is our own fault", () => {
    const foreign = function* (): Preemptible<void> {
      yield 1 as unknown as undefined;
    };
    expect(() => follow("", () => ({ tasks: [foreign()] }))).toThrow(InternalError);
  });
});

describe("spinning", () => {
  test("a task that spins is not a livelock while another can still change something", () => {
    const world = (): World => {
      resetCells();
      const late = function* (): Preemptible<void> {
        for (let i = 0; i < 20; i++) yield* readCell(1);
        yield* writeCell(0, 1);
      };
      return { tasks: [spinOnCell(0), spinOnCell(0), late()] };
    };
    expect(explore(world, 2).outcomes).toEqual(["ok"]);
    // Unfair: the spinning tasks are asked for again and again.
    expect(follow("0 1 0 1 0 1 2*3 0 1 0 1", world).outcome).toBe("ok");
  });

  test("nothing changes any more: livelock, with what is repeated", () => {
    const world = (): World => {
      resetCells();
      return { tasks: [spinOnCell(0), spinOnCell(2), addCell(1)] };
    };
    const { outcome, lines } = follow("0*1 2*1", world);
    expect(outcome).toBe("livelock: test cell makes no progress");
    expect(lines).toEqual([
      "task 0 repeats cell 0, and nothing changes",
      "task 1 repeats cell 2, and nothing changes",
    ]);
  });

  test("two tasks that undo each other's work end at STEPS_MAX", () => {
    const flip = function* (value: number): Preemptible<void> {
      for (;;) yield* writeCell(0, value);
    };
    const world = (): World => ({ tasks: [flip(0), flip(1)] });
    const { outcome, points } = runWorld(world, new RoundRobin(50));
    expect(outcome).toBe("livelock: the run does not end");
    expect(points).toBe(STEPS_MAX + 1);
  });

  test("a task that never stops by itself ends even when the strategy has nothing to say", () => {
    const ever = function* (): Preemptible<void> {
      for (;;) yield* readCell(0);
    };
    const { outcome, lines } = follow("0*3", () => ({ tasks: [ever()] }));
    expect(outcome).toBe("livelock: the run does not end");
    expect(lines).toEqual([`task 0 was running after ${STEPS_MAX} points`]);
  });
});

describe("outside events", () => {
  const EVENT = pointKind("user answer", "event", (id) => `answer ${id}`);

  function* ask(id: number, after: () => void): Preemptible<void> {
    block(EVENT, id);
    yield;
    after();
  }

  test("a run ends while a task waits for one, and goes on with the tasks that were woken", () => {
    const scheduler = new Scheduler();
    const answered: number[] = [];
    beginPoints();
    scheduler.spawn(0, ask(0, () => answered.push(0)));
    scheduler.spawn(1, ask(1, () => answered.push(1)));
    expect(scheduler.run(new Replay([]))).toBe(0b11);
    wake(EVENT, 1);
    expect(scheduler.run(new Replay([]))).toBe(0b01);
    expect(answered).toEqual([1]);
    wake(EVENT, 0);
    expect(scheduler.run(new Replay([]))).toBe(0);
    expect(answered).toEqual([1, 0]);
  });

  test("whoever waits for a task that waits for an event is not hung", () => {
    const world = (): World => {
      resetCells();
      const holder = function* (): Preemptible<void> {
        yield* lockCell(0);
        yield* ask(0, () => unlockCell(0));
      };
      return { tasks: [holder(), lockCell(0), spinOnCell(0)] };
    };
    const ran = follow("", world);
    expect(ran.outcome).toBe("ok");
    expect(ran.waiting).toBe(0b111);
    const alone = (): World => ({ tasks: [ask(0, () => {}), sleepOn(1)] });
    expect(follow("", alone).outcome).toBe("hang: blocked for ever on test queue");
  });
});

describe("what a run leaves behind", () => {
  const race = (): World => {
    resetCells();
    const tasks = [0, 1, 2].map(function* (): Preemptible<void> {
      yield* lockCell(0);
      yield* addCell(1);
      unlockCell(0);
      yield* addCell(0);
    });
    return { tasks, verdict: () => cells.join("") };
  };
  const turns = "0*2 1*1 2 0*3 1*4 0";

  test("nothing: suspended tasks, held locks and stale sites do not matter", () => {
    const first = follow(turns, race);
    const hang = (): World => {
      resetCells();
      const tasks = [0, 1].map(function* (): Preemptible<void> {
        yield* lockCell(0);
        yield* at(77, lockCell(0));
      });
      return { tasks };
    };
    expect(follow("0*1 1", hang).outcome).toBe("hang: deadlock on test lock");
    here.site = 12345;
    const again = follow(turns, race);
    expect(again).toEqual(first);
  });

  test("a resumed task has its own site again, not that of whoever ran between", () => {
    const seen: number[] = [];
    const look = function* (): Preemptible<void> {
      yield* readCell(0);
      seen.push(here.site);
    };
    const nap = function* (): Preemptible<void> {
      yield* sleepOn(0);
      seen.push(here.site);
    };
    const task = function* (site: number, body: () => Preemptible<void>): Preemptible<void> {
      yield* at(site, body());
      wakeSleepers(0);
    };
    const spin = function* (): Preemptible<void> {
      yield* spinOnCell(0);
      seen.push(here.site);
    };
    const raise = function* (): Preemptible<void> {
      yield* at(6, writeCell(0, 1));
    };
    // Preempted at a point, asleep, not yet begun, spinning.
    follow("0*0 1*0 0 1", () => ({ tasks: [task(5, look), task(6, look)] }));
    expect(seen).toEqual([5, 6]);
    seen.length = 0;
    follow("0 1", () => ({ tasks: [task(5, nap), task(6, look)] }));
    expect(seen).toEqual([6, 5]);
    seen.length = 0;
    follow("0 1", () => ({ tasks: [task(5, look), look()] }));
    expect(seen).toEqual([5, 0]);
    resetCells();
    follow("0 1", () => ({ tasks: [task(5, spin), raise()] }));
    expect(seen.at(-1)).toBe(5);
  });

  test("recording changes nothing", () => {
    const plain = follow(turns, race);
    const trace = new Trace();
    recordTo(trace);
    const traced = follow(turns, race);
    recordTo(null);
    expect(traced).toEqual(plain);
    expect(trace.events.filter((e) => e.type === "point")).toHaveLength(plain.points);
    expect(trace.events.filter((e) => e.type === "switch" && e.preempted)).toHaveLength(
      plain.preemptions,
    );
  });

  test("two schedulers in one process: the one that runs is the one that is asked", () => {
    const first = follow(turns, race);
    new Scheduler();
    expect(follow(turns, race)).toEqual(first);
  });

  test("a task starts once, and only numbers of tasks are tasks", () => {
    const scheduler = new Scheduler();
    scheduler.spawn(3, addCell(0));
    expect(() => scheduler.spawn(3, addCell(0))).toThrow("started twice");
    expect(() => scheduler.spawn(16, addCell(0))).toThrow("no such task");
    scheduler.reset();
    setAlive(0);
    expect(run.runnable).toBe(0);
  });
});
