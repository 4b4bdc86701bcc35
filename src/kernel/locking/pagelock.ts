// SPDX-License-Identifier: GPL-2.0-only
// The page lock: PG_locked as a sleeping bit lock with a first-come-first-served queue.
// Models: mm/filemap.c (lock_page, unlock_page, trylock_page). Fidelity: faithful in order and
// wake-ups; leaves out io waits.
import { mem } from "../../hw/phys.ts";
import { block, changed, current, pointKind, preempt, wake } from "../../sched/point.ts";
import type { Preemptible } from "../../sched/point.ts";
import { traceRelease } from "../../sched/trace.ts";
import { VM_BUG_ON_PAGE } from "../bug.ts";
import { PG_locked } from "../include/page-flags.ts";

/** Who locked a page; only meaningful while PG_locked is set. */
const locker = new Int8Array(1 << 15).fill(-1);

const PAGE_LOCK = pointKind(
  "page lock", "acquire", (frame) => `lock of page ${frame}`,
  (frame) => ((mem.flags[frame]! & PG_locked) !== 0 ? 1 << locker[frame]! : 0),
);

export function* lock_page(frame: number): Preemptible<void> {
  if (preempt(PAGE_LOCK, frame)) yield;
  if (!take_page_lock(frame)) yield* wait_on_page(frame);
}

function* wait_on_page(frame: number): Preemptible<void> {
  do {
    block(PAGE_LOCK, frame);
    yield;
  } while (!take_page_lock(frame));
}

export function* trylock_page(frame: number): Preemptible<boolean> {
  if (preempt(PAGE_LOCK, frame)) yield;
  return take_page_lock(frame);
}

/** A page that nobody else can see yet: locked without a point. */
export function __SetPageLocked(frame: number): void {
  take_page_lock(frame);
}

export function unlock_page(frame: number): void {
  VM_BUG_ON_PAGE((mem.flags[frame]! & PG_locked) === 0, "!PageLocked(page)", "mm/filemap.c");
  mem.flags[frame]! &= ~PG_locked;
  changed();
  traceRelease(PAGE_LOCK, frame);
  wake(PAGE_LOCK, frame, 1);
}

function take_page_lock(frame: number): boolean {
  if ((mem.flags[frame]! & PG_locked) !== 0) return false;
  mem.flags[frame]! |= PG_locked;
  locker[frame] = current();
  return true;
}
