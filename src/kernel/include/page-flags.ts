// SPDX-License-Identifier: GPL-2.0-only
// Page flags and the counts of struct page. Models: include/linux/page-flags.h, page_ref.h, mm.h.
// Fidelity: reduced; every access is one atomic step with a point of its own.
import { mem } from "../../hw/phys.ts";
import { changed, pointKind, preempt } from "../../sched/point.ts";
import type { Preemptible } from "../../sched/point.ts";
import { VM_BUG_ON } from "../bug.ts";

export const PG_locked = 1 << 0;
export const PG_uptodate = 1 << 1;
export const PG_dirty = 1 << 2;
export const PG_anon = 1 << 3;
export const PG_swapbacked = 1 << 4;

/** Flags that must be gone when a page is freed. */
export const PAGE_FLAGS_CHECK_AT_FREE = PG_locked;

const name = (frame: number): string => `page ${frame}`;
const FLAG_READ = pointKind("page flags", "read", name);
const FLAG_WRITE = pointKind("page flags", "write", name);
const COUNT = pointKind("page refcount", "write", name);
const MAP_READ = pointKind("page mapcount", "read", name);
export const MAPCOUNT_WRITE = pointKind("page mapcount", "write", name);

/** Page*(): a plain read of one flag. */
export function* PageFlag(frame: number, flag: number): Preemptible<boolean> {
  if (preempt(FLAG_READ, frame)) yield;
  return (mem.flags[frame]! & flag) !== 0;
}

export function* SetPageFlag(frame: number, flag: number): Preemptible<void> {
  if (preempt(FLAG_WRITE, frame)) yield;
  mem.flags[frame]! |= flag;
  changed();
}

export function* get_page(frame: number): Preemptible<void> {
  if (preempt(COUNT, frame)) yield;
  VM_BUG_ON(mem.refcount[frame]! <= 0, "page_ref_count(page) <= 0", "include/linux/mm.h");
  mem.refcount[frame]!++;
}

/** Drops a reference; true when it was the last one. */
export function* put_page_testzero(frame: number): Preemptible<boolean> {
  if (preempt(COUNT, frame)) yield;
  VM_BUG_ON(mem.refcount[frame] === 0, "page_ref_count(page) == 0", "include/linux/mm.h");
  mem.refcount[frame]!--;
  return mem.refcount[frame] === 0;
}

export function* page_mapcount(frame: number): Preemptible<number> {
  if (preempt(MAP_READ, frame)) yield;
  return mem.mapcount[frame]!;
}
