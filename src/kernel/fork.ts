// SPDX-License-Identifier: GPL-2.0-only
// Birth and death of an mm. Models: kernel/fork.c (mm_init, check_mm, mmput, __mmdrop).
// Fidelity: faithful in check_mm's tests and texts of each version; leaves out dup_mmap (fork).
import { assert } from "../lib/assert.ts";
import { geometry } from "../hw/geometry.ts";
import { mem, UPPER_TABLE } from "../hw/phys.ts";
import type { Preemptible } from "../sched/point.ts";
import { pr_bug } from "./bug.ts";
import { MM_COUNTER_NAMES } from "./include/mm.ts";
import type { Mm } from "./include/mm_types.ts";
import { init_rwsem, rwsem_class, rwsem_reset } from "./locking/rwsem.ts";
import { spin_lock_init } from "./locking/spinlock.ts";
import { exit_mmap } from "./mm/mmap.ts";
import { free_table } from "./mm/page_alloc.ts";
import { fixed } from "./patches.ts";

export const mmap_lock_class = rwsem_class("mmap_lock");
/** Every mm of this boot, also dead ones: for observers. */
export const all_mms: Mm[] = [];

export function fork_reset(): void {
  all_mms.length = 0;
  rwsem_reset(mmap_lock_class);
}

/** mm_alloc(): an empty address space with one user. */
export function mm_alloc(): Mm {
  const id = all_mms.length;
  const pgd = mem.take(UPPER_TABLE);
  mem.index[pgd] = 0;
  const mm: Mm = {
    id, pgd, mmap_lock: init_rwsem(mmap_lock_class), mmap: [], mm_users: 1, cpumask: 0,
    page_table_lock: spin_lock_init(`page_table_lock of mm ${id}`),
    rss: new Int32Array(4), nr_ptes: 0, nr_pmds: 0, tlb_flush_pending: 0,
  };
  all_mms.push(mm);
  return mm;
}

/** Pages an address space can have with the geometry in force. */
export function task_size(): number {
  return geometry.pages;
}

/** mmput(): the last user takes everything down and has it checked. */
export function* mmput(mm: Mm): Preemptible<void> {
  assert(mm.mm_users > 0, "an mm is put once too often");
  mm.mm_users--;
  if (mm.mm_users > 0) return;
  yield* exit_mmap(mm);
  yield* free_table(mm.pgd);
  mm.pgd = 0;
  check_mm(mm);
}

/** %p of an mm_struct: any stable number that looks like one. */
function mm_pointer(mm: Mm): string {
  return `ffff8800a817d${(0x280 + mm.id * 0x480).toString(16).padStart(3, "0")}`;
}

function check_mm(mm: Mm): void {
  const pointer = mm_pointer(mm);
  for (let i = 0; i < mm.rss.length; i++) {
    const val = mm.rss[i]!;
    if (val === 0) continue;
    const which = fixed("mm-rss-type-names") ? `type:${MM_COUNTER_NAMES[i]}` : `idx:${i}`;
    pr_bug(`BUG: Bad rss-counter state mm:${pointer} ${which} val:${val}`);
  }
  if (fixed("mm-pgtables-bytes")) {
    const bytes = (mm.nr_ptes + mm.nr_pmds) * 4096;
    if (bytes !== 0) pr_bug(`BUG: non-zero pgtables_bytes on freeing mm: ${bytes}`);
    return;
  }
  if (mm.nr_ptes !== 0) pr_bug(`BUG: non-zero nr_ptes on freeing mm: ${mm.nr_ptes}`);
  if (mm.nr_pmds !== 0) pr_bug(`BUG: non-zero nr_pmds on freeing mm: ${mm.nr_pmds}`);
}
