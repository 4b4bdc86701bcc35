// SPDX-License-Identifier: GPL-2.0-only
// Map counts. Models: mm/rmap.c. Fidelity: reduced; counts only, no anon_vma trees.
import { mem } from "../../hw/phys.ts";
import { preempt } from "../../sched/point.ts";
import type { Preemptible } from "../../sched/point.ts";
import { VM_BUG_ON, VM_BUG_ON_PAGE } from "../bug.ts";
import { MAPCOUNT_WRITE, PG_anon, PG_swapbacked } from "../include/page-flags.ts";

/** A new anonymous page, not yet visible to anybody else. */
export function* page_add_new_anon_rmap(frame: number): Preemptible<void> {
  if (preempt(MAPCOUNT_WRITE, frame)) yield;
  VM_BUG_ON(mem.mapcount[frame] !== 0, "page_mapcount(page)", "mm/rmap.c");
  mem.flags[frame]! |= PG_anon | PG_swapbacked;
  mem.mapcount[frame]!++;
}

export function* page_add_file_rmap(frame: number): Preemptible<void> {
  if (preempt(MAPCOUNT_WRITE, frame)) yield;
  VM_BUG_ON(mem.refcount[frame]! <= 0, "!page_count(page)", "mm/rmap.c");
  mem.mapcount[frame]!++;
}

export function* page_remove_rmap(frame: number): Preemptible<void> {
  if (preempt(MAPCOUNT_WRITE, frame)) yield;
  mem.mapcount[frame]!--;
  VM_BUG_ON_PAGE(mem.mapcount[frame]! < 0, "page_mapcount(page) < 0", "mm/rmap.c");
}
