// SPDX-License-Identifier: GPL-2.0-only
// Spinlocks. Models: kernel/locking/spinlock.c. Fidelity: reduced; a waiter blocks instead of
// spinning, so that a deadlock is seen at once; interrupts are not disabled.
// A lock is a number: a page table's lock is the number of its frame (the lock lives in struct
// page), any other lock has a number above all frames.
import { assert } from "../../lib/assert.ts";
import { PTE_TABLE, mem } from "../../hw/phys.ts";
import { block, current, pointKind, preempt, wake } from "../../sched/point.ts";
import type { Preemptible } from "../../sched/point.ts";
import { traceRelease } from "../../sched/trace.ts";
import { panic } from "../bug.ts";

export type Spinlock = number;

/** Above every frame number of either geometry. */
const FIRST_NAMED = 1 << 15;
const NAMED_MAX = 256;
const owner = new Int8Array(FIRST_NAMED + NAMED_MAX).fill(-1);
const names: string[] = [];
let named = 0;

function lock_name(lock: Spinlock): string {
  return lock >= FIRST_NAMED ? names[lock - FIRST_NAMED]! : `ptl of table ${lock}`;
}

const SPIN = pointKind("spinlock", "acquire", lock_name, (lock) =>
  owner[lock]! < 0 ? 0 : 1 << owner[lock]!,
);

/** A new lock that is no page table's; forgotten at spin_reset(). */
export function spin_lock_init(name: string): Spinlock {
  assert(named < NAMED_MAX, "too many spinlocks");
  names[named] = name;
  owner[FIRST_NAMED + named] = -1;
  return FIRST_NAMED + named++;
}

export function spin_reset(): void {
  owner.fill(-1, 0, mem.top);
  named = 0;
}

export function* spin_lock(lock: Spinlock): Preemptible<void> {
  if (preempt(SPIN, lock)) yield;
  if (!spin_take(lock)) yield* spin_wait(lock);
}

/** A page table, or a lock that was given a name; a slot that changed may lead anywhere. */
function is_lock(lock: Spinlock): boolean {
  return lock < FIRST_NAMED ? mem.kind[lock]! >= PTE_TABLE : lock < FIRST_NAMED + named;
}

function spin_take(lock: Spinlock): boolean {
  if (!is_lock(lock)) bad_magic(lock);
  if (owner[lock]! >= 0) return false;
  owner[lock] = current();
  return true;
}

function* spin_wait(lock: Spinlock): Preemptible<void> {
  do {
    block(SPIN, lock);
    yield;
  } while (!spin_take(lock));
}

export function* spin_trylock(lock: Spinlock): Preemptible<boolean> {
  if (preempt(SPIN, lock)) yield;
  return spin_take(lock);
}

export function spin_unlock(lock: Spinlock): void {
  if (owner[lock] !== current()) panic("BUG: spinlock wrong owner");
  owner[lock] = -1;
  traceRelease(SPIN, lock);
  wake(SPIN, lock, 1);
}

export function spin_is_locked(lock: Spinlock): boolean {
  return owner[lock]! >= 0;
}

export function spin_owner(lock: Spinlock): number {
  return owner[lock]!;
}

/** The word that should be a lock is something else: struct page of a frame that is no table. */
function bad_magic(_lock: Spinlock): never {
  panic(`BUG: spinlock bad magic on CPU#${current()}, task/${current()}`);
}
