// SPDX-License-Identifier: GPL-2.0-only
// Reader-writer semaphores, fair to writers: nobody overtakes a waiting writer.
// Models: kernel/locking/rwsem.c. Fidelity: reduced; no optimistic spinning, hand-off always.
import { assert } from "../../lib/assert.ts";
import { TASKS_MAX, block, current, pointKind, preempt, wake } from "../../sched/point.ts";
import type { Preemptible } from "../../sched/point.ts";
import { traceRelease } from "../../sched/trace.ts";
import { panic } from "../bug.ts";

export interface RwSem {
  /** Kinds of its points (read and write side), and its number among locks of that kind. */
  reads: number;
  writes: number;
  id: number;
  writer: number;
  /** Bit mask of tasks that hold it for reading. */
  readers: number;
  /** Waiting tasks in order; a writer is stored as ~task. */
  queue: number[];
}

/** A kind of semaphore, e.g. mmap_lock: all of that kind share a name in reports. */
export interface RwSemClass {
  reads: number;
  writes: number;
  all: RwSem[];
}

export function rwsem_class(name: string): RwSemClass {
  const all: RwSem[] = [];
  // Whoever holds it, and whoever waits in front. A reader waits for writers only: it is a queued
  // one that stops it while others read.
  const holders = (id: number, waiter: number): number => {
    const sem = all[id]!;
    const reading = sem.queue.includes(waiter);
    let mask = sem.writer >= 0 ? 1 << sem.writer : 0;
    if (!reading) mask |= sem.readers;
    for (const entry of sem.queue) {
      const task = entry < 0 ? ~entry : entry;
      if (task === waiter) break;
      if (entry < 0 || !reading) mask |= 1 << task;
    }
    return mask;
  };
  const describe = (id: number): string => (all.length > 1 ? `${name} ${id}` : name);
  return {
    reads: pointKind(name, "acquire", (id) => `${describe(id)} (read)`, holders),
    writes: pointKind(name, "acquire", (id) => `${describe(id)} (write)`, holders),
    all,
  };
}

/** Forgets the semaphores of a class; their numbers start again at 0. */
export function rwsem_reset(cls: RwSemClass): void {
  cls.all.length = 0;
}

export function init_rwsem(cls: RwSemClass): RwSem {
  const { reads, writes, all } = cls;
  const sem = { reads, writes, id: all.length, writer: -1, readers: 0, queue: [] };
  all.push(sem);
  return sem;
}

export function* down_read(sem: RwSem): Preemptible<void> {
  if (preempt(sem.reads, sem.id)) yield;
  if (!take_read(sem)) yield* wait_in_queue(sem, sem.reads, current());
}

function take_read(sem: RwSem): boolean {
  if (sem.writer >= 0 || sem.queue.length > 0) return false;
  sem.readers |= 1 << current();
  return true;
}

/** The lock is ours when we run again: whoever released it handed it over. */
function* wait_in_queue(sem: RwSem, kind: number, entry: number): Preemptible<void> {
  sem.queue.push(entry);
  assert(sem.queue.length <= TASKS_MAX, "a task waits twice for one semaphore");
  block(kind, sem.id);
  yield;
}

export function* down_write(sem: RwSem): Preemptible<void> {
  if (preempt(sem.writes, sem.id)) yield;
  if (!take_write(sem)) yield* wait_in_queue(sem, sem.writes, ~current());
}

function take_write(sem: RwSem): boolean {
  if (sem.writer >= 0 || sem.readers !== 0 || sem.queue.length > 0) return false;
  sem.writer = current();
  return true;
}

export function* down_write_trylock(sem: RwSem): Preemptible<boolean> {
  if (preempt(sem.writes, sem.id)) yield;
  if (sem.writer >= 0 || sem.readers !== 0) return false;
  sem.writer = current();
  return true;
}

export function up_read(sem: RwSem): void {
  const self = 1 << current();
  if ((sem.readers & self) === 0) panic("WARNING: bad unlock balance detected!");
  sem.readers &= ~self;
  traceRelease(sem.reads, sem.id);
  if (sem.queue.length > 0) hand_over(sem);
}

export function up_write(sem: RwSem): void {
  if (sem.writer !== current()) panic("WARNING: bad unlock balance detected!");
  sem.writer = -1;
  traceRelease(sem.writes, sem.id);
  if (sem.queue.length > 0) hand_over(sem);
}

/** True when the current task holds `sem` in either mode. */
export function rwsem_is_held(sem: RwSem): boolean {
  return sem.writer === current() || ((sem.readers >> current()) & 1) === 1;
}

/** Gives the lock to the first writer, or to all readers in front of the first writer. */
function hand_over(sem: RwSem): void {
  assert(sem.writer < 0, "a semaphore is handed over that a writer holds");
  while (sem.queue.length > 0 && sem.writer < 0) {
    const first = sem.queue[0]!;
    if (first < 0) {
      if (sem.readers !== 0) return;
      sem.writer = ~first;
      sem.queue.shift();
      wake(sem.writes, sem.id, 1);
    } else {
      sem.readers |= 1 << first;
      sem.queue.shift();
      wake(sem.reads, sem.id, 1);
    }
  }
}
