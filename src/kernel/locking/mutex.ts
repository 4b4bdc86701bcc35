// SPDX-License-Identifier: GPL-2.0-only
// Mutexes: sleeping, exclusive. Models: kernel/locking/mutex.c. Fidelity: reduced; no hand-off, no
// spinning on the owner.
import { block, current, pointKind, preempt, wake } from "../../sched/point.ts";
import type { Preemptible } from "../../sched/point.ts";
import { traceRelease } from "../../sched/trace.ts";
import { panic } from "../bug.ts";

export interface Mutex {
  id: number;
  name: string;
  owner: number;
}

const all: Mutex[] = [];
const MUTEX = pointKind(
  "mutex", "acquire", (id) => all[id]!.name,
  (id) => (all[id]!.owner < 0 ? 0 : 1 << all[id]!.owner),
);

export function mutex_reset(): void {
  all.length = 0;
}

export function mutex_init(name: string): Mutex {
  const mutex = { id: all.length, name, owner: -1 };
  all.push(mutex);
  return mutex;
}

export function* mutex_lock(mutex: Mutex): Preemptible<void> {
  if (preempt(MUTEX, mutex.id)) yield;
  if (!take(mutex)) yield* wait_for_owner(mutex);
}

function take(mutex: Mutex): boolean {
  if (mutex.owner >= 0) return false;
  mutex.owner = current();
  return true;
}

function* wait_for_owner(mutex: Mutex): Preemptible<void> {
  do {
    block(MUTEX, mutex.id);
    yield;
  } while (!take(mutex));
}

export function mutex_unlock(mutex: Mutex): void {
  if (mutex.owner !== current()) panic("DEBUG_LOCKS_WARN_ON(mutex owner != current)");
  mutex.owner = -1;
  traceRelease(MUTEX, mutex.id);
  wake(MUTEX, mutex.id, 1);
}
