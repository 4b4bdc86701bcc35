// SPDX-License-Identifier: GPL-2.0-only
// Wait queues: sleep until somebody wakes the queue. Models: kernel/sched/wait.c.
// Fidelity: reduced; prepare, test and sleep are separate steps, as in Linux, because a wake-up
// between test and sleep is the classic way to lose one.
import { block, current, pointKind, preempt, wake } from "../../sched/point.ts";
import type { Preemptible } from "../../sched/point.ts";

const WAIT = pointKind("wait queue", "acquire", (queue) => `wait queue ${queue}`);

/** Tasks that have prepared to wait, as a bit mask for each queue. */
const prepared = new Map<number, number>();

export function wait_reset(): void {
  prepared.clear();
}

/** prepare_to_wait(): from here on a wake-up is not lost. */
export function* prepare_to_wait(queue: number): Preemptible<void> {
  if (preempt(WAIT, queue)) yield;
  prepared.set(queue, (prepared.get(queue) ?? 0) | (1 << current()));
}

/** schedule(): sleeps unless a wake-up came since prepare_to_wait(). */
export function* schedule_on(queue: number): Preemptible<void> {
  if (preempt(WAIT, queue)) yield;
  if ((((prepared.get(queue) ?? 0) >> current()) & 1) === 0) return;
  block(WAIT, queue);
  yield;
}

export function finish_wait(queue: number): void {
  prepared.set(queue, (prepared.get(queue) ?? 0) & ~(1 << current()));
}

/** Wakes every task of the queue, asleep or about to be. */
export function wake_up_all(queue: number): void {
  prepared.delete(queue);
  wake(WAIT, queue);
}
