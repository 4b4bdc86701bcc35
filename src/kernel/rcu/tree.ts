// SPDX-License-Identifier: GPL-2.0-only
// RCU: read-side sections and grace periods. Models: kernel/rcu/tree.c.
// Fidelity: reduced; a grace period ends when all sections that were open at its start have ended.
import { assert } from "../../lib/assert.ts";
import { TASKS_MAX, block, current, pointKind, preempt, wake } from "../../sched/point.ts";
import type { Preemptible } from "../../sched/point.ts";

const nesting = new Uint8Array(TASKS_MAX);
/** Each outermost section of a task has a number, so that a waiter knows the ones it waits for. */
const section = new Int32Array(TASKS_MAX);

const READER = pointKind(
  "RCU read section", "acquire", (task) => `RCU section of task ${task}`, (task) => 1 << task,
);

export function rcu_reset(): void {
  nesting.fill(0);
  section.fill(0);
}

export function* rcu_read_lock(): Preemptible<void> {
  if (preempt(READER, current())) yield;
  nesting[current()]!++;
}

export function rcu_read_unlock(): void {
  const task = current();
  assert(nesting[task]! > 0, "rcu_read_unlock() outside a read section");
  nesting[task]!--;
  if (nesting[task] !== 0) return;
  section[task]!++;
  wake(READER, task);
}

export function rcu_read_lock_held(): boolean {
  return nesting[current()]! > 0;
}

/** Returns when every section that was open at the call has ended. */
export function* synchronize_rcu(): Preemptible<void> {
  if (preempt(READER, current())) yield;
  const open = nesting.slice();
  const then = section.slice();
  for (let task = 0; task < TASKS_MAX; task++) {
    while (open[task] !== 0 && nesting[task] !== 0 && section[task] === then[task]) {
      block(READER, task);
      yield;
    }
  }
}
