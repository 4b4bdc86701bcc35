// SPDX-License-Identifier: GPL-2.0-only
// Models: mm/pgtable-generic.c and the pmd_*_unstable tests of include/asm-generic/pgtable.h.
// Fidelity: faithful.
import { pmd_bad, pmd_devmap, pmd_none, pmd_trans_huge, x86_hex } from "../../hw/pte.ts";
import type { Pmd } from "../../hw/pte.ts";
import type { Preemptible } from "../../sched/point.ts";
import { pr_bug } from "../bug.ts";
import type { EntryPointer } from "../include/mm_types.ts";
import { pmd_clear, pmdp_get } from "../include/pgtable.ts";
import { fixed } from "../patches.ts";

/** A pointer as %p prints it; any stable number will do. */
function kernel_pointer(pointer: number): string {
  return `ffff8800${(0x1000_0000 + pointer * 8).toString(16).padStart(8, "0")}`;
}

/** Prints the entry and clears it; nobody flushes a TLB here. */
export function* pmd_clear_bad(pmdp: EntryPointer, pmd: Pmd): Preemptible<void> {
  pr_bug(`mm/pgtable-generic.c:39: bad pmd ${kernel_pointer(pmdp)}(${x86_hex(pmd)})`);
  yield* pmd_clear(pmdp);
}

/** One read of the entry; true: do not walk a PTE table through it. */
export function* pmd_none_or_trans_huge_or_clear_bad(
  pmdp: EntryPointer,
): Preemptible<boolean> {
  const pmd = yield* pmdp_get(pmdp);
  if (pmd_none(pmd) || pmd_trans_huge(pmd)) return true;
  if (!pmd_bad(pmd)) return false;
  yield* pmd_clear_bad(pmdp, pmd);
  return true;
}

/** What __pte_offset_map() of v6.5 asks of its one read; true: there is no table to map. */
function* pmd_has_no_table(pmdp: EntryPointer): Preemptible<boolean> {
  const pmd = yield* pmdp_get(pmdp);
  if (pmd_none(pmd) || pmd_trans_huge(pmd) || pmd_devmap(pmd)) return true;
  if (!pmd_bad(pmd)) return false;
  yield* pmd_clear_bad(pmdp, pmd);
  return true;
}

export function pmd_trans_unstable(pmdp: EntryPointer): Preemptible<boolean> {
  return pmd_none_or_trans_huge_or_clear_bad(pmdp);
}

/** For upper levels: true when there is no table below. */
export function pmd_none_or_clear_bad(pmd: Pmd): boolean {
  return pmd_none(pmd) || pmd_bad(pmd);
}

/**
 * A PMD of DAX looks bad to pmd_trans_unstable(), so it must be recognised first
 * (d0f0931de936, v4.12).
 */
export function pmd_devmap_trans_unstable(pmdp: EntryPointer): Preemptible<boolean> {
  return fixed("mm-pte-map-one-read") ? pmd_has_no_table(pmdp) : pmd_unstable_in_two_reads(pmdp);
}

function* pmd_unstable_in_two_reads(pmdp: EntryPointer): Preemptible<boolean> {
  if (fixed("mm-devmap-before-unstable")) {
    // Two reads: between them the entry may go from none to DAX, and is then taken for bad.
    if (pmd_devmap(yield* pmdp_get(pmdp))) return true;
    return yield* pmd_trans_unstable(pmdp);
  }
  if (yield* pmd_trans_unstable(pmdp)) return true;
  return pmd_devmap(yield* pmdp_get(pmdp));
}
