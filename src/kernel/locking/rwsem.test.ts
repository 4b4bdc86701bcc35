// SPDX-License-Identifier: GPL-2.0-only
// Reader-writer semaphores: readers share, writers do not starve; a twin that prefers readers.
import { describe, expect, test } from "vitest";
import { block, current, pointKind, preempt, wake } from "../../sched/point.ts";
import type { Preemptible } from "../../sched/point.ts";
import { parseSchedule } from "../../sched/schedule.ts";
import { explore, readCell, runWorld } from "../../sched/testing.ts";
import type { World } from "../../sched/testing.ts";
import { Replay } from "../../sched/strategies/replay.ts";
import {
  down_read, down_write, down_write_trylock, init_rwsem, rwsem_class, rwsem_is_held, rwsem_reset,
  up_read, up_write,
} from "./rwsem.ts";

const semaphores = rwsem_class("fair semaphore");

interface Sem {
  down_read(): Preemptible<void>;
  up_read(): void;
  down_write(): Preemptible<void>;
  up_write(): void;
}

function fair(): Sem {
  rwsem_reset(semaphores);
  const sem = init_rwsem(semaphores);
  return {
    down_read: () => down_read(sem), up_read: () => up_read(sem),
    down_write: () => down_write(sem), up_write: () => up_write(sem),
  };
}

/** Who is inside now, and what was seen of it. */
class Room {
  readers = 0;
  writers = 0;
  readersMost = 0;
  order = "";

  enter(mode: "r" | "w"): void {
    if (mode === "r") this.readers++;
    else this.writers++;
    this.order += `${mode}${current()}`;
    this.readersMost = Math.max(this.readersMost, this.readers);
    const crowd = this.writers > 1 || (this.writers === 1 && this.readers > 0);
    if (crowd) throw new Error("a writer is not alone");
  }
}

function* reader(sem: Sem, room: Room): Preemptible<void> {
  yield* sem.down_read();
  room.enter("r");
  yield* readCell(0);
  room.readers--;
  sem.up_read();
}

function* writer(sem: Sem, room: Room): Preemptible<void> {
  yield* sem.down_write();
  room.enter("w");
  yield* readCell(0);
  room.writers--;
  sem.up_write();
}

type Kind = (sem: Sem, room: Room) => Preemptible<void>;

function worldOf(make: () => Sem, verdict: (room: Room) => string, ...kinds: Kind[]): () => World {
  return () => {
    const sem = make();
    const room = new Room();
    return { tasks: kinds.map((kind) => kind(sem, room)), verdict: () => verdict(room) };
  };
}

describe("every schedule", () => {
  test("a writer is alone, readers may share, everybody gets in", () => {
    const most = (room: Room): string => `${room.readersMost}`;
    expect(explore(worldOf(fair, most, reader, reader), 2).outcomes).toEqual(["1", "2"]);
    expect(explore(worldOf(fair, most, writer, writer, reader), 3).outcomes).toEqual(["1"]);
    expect(explore(worldOf(fair, most, reader, writer, reader), 3).outcomes).toEqual(["1", "2"]);
  });

  test("a try for writing fails while anybody is inside", () => {
    const world = (): World => {
      rwsem_reset(semaphores);
      const sem = init_rwsem(semaphores);
      const log: string[] = [];
      const tryer = function* (): Preemptible<void> {
        const got = yield* down_write_trylock(sem);
        log.push(got ? "got" : "busy");
        if (got) up_write(sem);
      };
      const holder = function* (): Preemptible<void> {
        yield* down_read(sem);
        yield* readCell(0);
        if (!rwsem_is_held(sem)) log.push("lost");
        up_read(sem);
        if (rwsem_is_held(sem)) log.push("kept");
      };
      return { tasks: [tryer(), holder()], verdict: () => log.join(" ") };
    };
    expect(explore(world, 3).outcomes).toEqual(["busy", "got"]);
  });
});

describe("fairness", () => {
  const order = (room: Room): string => room.order;

  test("nobody overtakes a writer that waits", () => {
    // 0 reads, 1 queues for writing, 2 wants to read, 3 to write: in this order they get in.
    const world = worldOf(fair, order, reader, writer, reader, writer);
    const outcome = (text: string): string =>
      runWorld(world, new Replay(parseSchedule(text))).outcome;
    expect(outcome("0*1 1 2 3 0")).toBe("r0w1r2w3");
    expect(outcome("0*1 3 2 1 0")).toBe("r0w3r2w1");
  });

  test("readers in front of the next writer get in together", () => {
    const world = worldOf(fair, (room) => `${room.order} ${room.readersMost}`,
      writer, reader, reader, writer, reader);
    const run = (text: string): string => runWorld(world, new Replay(parseSchedule(text))).outcome;
    expect(run("0*1 1 2 3 4 0 1*0 2*0 4*0")).toBe("w0r1r2w3r4 2");
  });

  /** Like old semaphores: a reader looks only for a writer inside. */
  function unfair(): Sem {
    let readers = 0;
    let writing = false;
    return {
      *down_read() {
        if (preempt(UNFAIR, 0)) yield;
        while (writing) {
          block(UNFAIR, 0);
          yield;
        }
        readers++;
      },
      up_read() {
        readers--;
        wake(UNFAIR, 0);
      },
      *down_write() {
        if (preempt(UNFAIR, 0)) yield;
        while (writing || readers > 0) {
          block(UNFAIR, 0);
          yield;
        }
        writing = true;
      },
      up_write() {
        writing = false;
        wake(UNFAIR, 0);
      },
    };
  }
  const UNFAIR = pointKind("unfair semaphore", "acquire");

  test("the broken twin excludes as well, but lets readers overtake", () => {
    const world = worldOf(unfair, order, reader, writer, reader);
    expect(runWorld(world, new Replay(parseSchedule("0*1 1 2 0"))).outcome).toBe("r0r2w1");
    expect(explore(world, 3).outcomes).not.toContain("a writer is not alone");
  });
});

test("reports name a semaphore by its class, and by its number when there are several", () => {
  const stuck = (count: number): string => {
    rwsem_reset(semaphores);
    const all = Array.from({ length: count }, () => init_rwsem(semaphores));
    const sem = all.at(-1)!;
    const world = (): World => ({ tasks: [down_write(sem), down_read(sem)] });
    return runWorld(world, new Replay([])).lines[0]!;
  };
  expect(stuck(1)).toMatch(/^task 1 waits for fair semaphore \(read\) held by task 0/);
  expect(stuck(2)).toMatch(/^task 1 waits for fair semaphore 1 \(read\) held by task 0/);
});
