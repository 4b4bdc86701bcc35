// SPDX-License-Identifier: GPL-2.0-only
// Frames in and out of use. Models: mm/page_alloc.c.
// Fidelity: reduced; no zones, no reclaim: an allocation beyond the frame budget fails.
import { mem, PTE_TABLE } from "../../hw/phys.ts";
import { current, pointKind, preempt } from "../../sched/point.ts";
import type { Preemptible } from "../../sched/point.ts";
import { pr_bug, printk, VM_BUG_ON } from "../bug.ts";
import { PAGE_FLAGS_CHECK_AT_FREE, put_page_testzero } from "../include/page-flags.ts";

const ALLOC = pointKind("page allocator", "write");

/** A zeroed frame of `kind` with one reference; 0: out of memory. */
export function* alloc_page(kind: number): Preemptible<number> {
  if (preempt(ALLOC, current())) yield;
  return mem.take(kind);
}

/** free_pages_check(): what must not be true of a page that nobody uses. Faithful in its tests. */
function bad_page_reason(frame: number): string | null {
  if (mem.mapcount[frame] !== 0) return "nonzero mapcount";
  if (mem.mapping[frame] !== 0) return "non-NULL mapping";
  if (mem.refcount[frame] !== 0) return "nonzero _refcount";
  if ((mem.flags[frame]! & PAGE_FLAGS_CHECK_AT_FREE) !== 0) {
    return "PAGE_FLAGS_CHECK_AT_FREE flag(s) set";
  }
  return null;
}

/** __free_pages() of a page whose last reference has gone. */
export function* free_page(frame: number): Preemptible<void> {
  if (preempt(ALLOC, current())) yield;
  const reason = bad_page_reason(frame);
  if (reason !== null) {
    pr_bug(`BUG: Bad page state in process task  pfn:${frame.toString(16).padStart(5, "0")}`);
    printk(`page dumped because: ${reason}`);
    // As in Linux the page is leaked, not handed out again.
    return;
  }
  mem.flags[frame] = 0;
  mem.give_back(frame);
}

/** put_page(): drops one reference and frees the page with the last. */
export function* put_page(frame: number): Preemptible<void> {
  if (yield* put_page_testzero(frame)) yield* free_page(frame);
}

/** Frees a page table: its lock goes with it. */
export function* free_table(frame: number): Preemptible<void> {
  if (preempt(ALLOC, current())) yield;
  VM_BUG_ON(!(mem.kind[frame]! >= PTE_TABLE), "!PageTable(page)", "include/linux/mm.h");
  mem.refcount[frame] = 0;
  mem.give_back(frame);
}
