// SPDX-License-Identifier: GPL-2.0-only
// Map counts. Models: mm/rmap.c. Fidelity: reduced; counts only, no anon_vma trees.
import { mem } from "../../hw/phys.ts";
import type { Preemptible } from "../../sched/point.ts";
import { VM_BUG_ON_PAGE } from "../bug.ts";
import { add_mapcount, PG_anon, PG_swapbacked } from "../include/page-flags.ts";

/** A new anonymous page, not yet visible to anybody else. */
export function* page_add_new_anon_rmap(frame: number): Preemptible<void> {
  mem.flags[frame]! |= PG_anon | PG_swapbacked;
  yield* add_mapcount(frame, 1);
}

export function* page_add_file_rmap(frame: number): Preemptible<void> {
  yield* add_mapcount(frame, 1);
}

export function* page_remove_rmap(frame: number): Preemptible<void> {
  const count = yield* add_mapcount(frame, -1);
  VM_BUG_ON_PAGE(count < 0, "page_mapcount(page) < 0", "mm/rmap.c");
}
