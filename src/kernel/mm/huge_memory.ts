// SPDX-License-Identifier: GPL-2.0-only
// Huge PMDs of files (DAX) and the huge zero page. Models: mm/huge_memory.c (v4.11 to v5.1).
// Fidelity: faithful for DAX on x86 (no deposited tables); anonymous THP is not here yet.
// Locks: every change of a PMD entry happens under pmd_lock().
import { assert } from "../../lib/assert.ts";
import { geometry } from "../../hw/geometry.ts";
import { mem, ZERO } from "../../hw/phys.ts";
import {
  mk_huge_pmd, pmd_devmap, pmd_huge, pmd_mkdevmap, pmd_mkdirty, pmd_mkwrite, pmd_mkyoung, pmd_none,
  pmd_pfn, pmd_trans_huge, pmd_wrprotect,
} from "../../hw/pte.ts";
import type { Pmd } from "../../hw/pte.ts";
import type { Preemptible } from "../../sched/point.ts";
import { flush_tlb_mm_range } from "../arch/x86/mm/tlb.ts";
import { FAULT_FLAG_WRITE, VM_FAULT_NOPAGE, VM_WRITE } from "../include/mm.ts";
import type { EntryPointer, Vma, VmFault } from "../include/mm_types.ts";
import { pmd_lockptr, pmdp_get, pmdp_huge_get_and_clear, set_pmd_at } from "../include/pgtable.ts";
import { spin_lock, spin_unlock } from "../locking/spinlock.ts";
import { fixed } from "../patches.ts";
import { tlb_track } from "./mmu_gather.ts";
import type { MmuGather } from "./mmu_gather.ts";

/** The huge zero page: its first frame, allocated at first use; 0 before. */
const huge_zero = { frame: 0 };

export function huge_memory_reset(): void {
  huge_zero.frame = 0;
}

/** First frame of the huge zero page; 0 when memory is too fragmented. */
export function mm_get_huge_zero_page(): number {
  if (huge_zero.frame === 0) huge_zero.frame = mem.take_run(ZERO, geometry.entries);
  return huge_zero.frame;
}

/** transparent_hugepage_enabled(): DAX mappings are VM_HUGEPAGE from birth. */
export function transparent_hugepage_enabled(vma: Vma): boolean {
  return vma.vm_ops !== null && vma.vm_ops.huge_fault !== undefined;
}

function maybe_pmd_mkwrite(pmd: Pmd, vma: Vma): Pmd {
  return (vma.vm_flags & VM_WRITE) !== 0 ? pmd_mkwrite(pmd) : pmd;
}

/** Up to v5.0 it never looks at what the entry was; c6f3c5ee40c1 made it look. */
function* insert_pfn_pmd(
  vma: Vma, pmdp: EntryPointer, pfn: number, write: boolean,
): Preemptible<void> {
  assert((pfn & geometry.mask) === 0, "a huge page must be aligned");
  const ptl = pmd_lockptr(vma.vm_mm, pmdp);
  yield* spin_lock(ptl);
  if (fixed("dax-insert-pfn-pmd-recheck")) {
    const old = yield* pmdp_get(pmdp);
    if (!pmd_none(old)) {
      if (write && pmd_huge(old) && pmd_pfn(old) === pfn) {
        const entry = maybe_pmd_mkwrite(pmd_mkdirty(pmd_mkyoung(old)), vma);
        yield* set_pmd_at(pmdp, entry);
      }
      spin_unlock(ptl);
      return;
    }
  }
  let entry = pmd_mkdevmap(mk_huge_pmd(pfn, vma.vm_page_prot));
  entry = pmd_wrprotect(entry);
  if (write) entry = maybe_pmd_mkwrite(pmd_mkyoung(pmd_mkdirty(entry)), vma);
  yield* set_pmd_at(pmdp, entry);
  spin_unlock(ptl);
}

export function* vmf_insert_pfn_pmd(
  vmf: VmFault, pfn: number, write: boolean,
): Preemptible<number> {
  yield* insert_pfn_pmd(vmf.vma, vmf.pmd, pfn, write);
  return VM_FAULT_NOPAGE;
}

/** Only the accessed (and for a write the dirty) bit; nothing when the entry changed. */
export function* huge_pmd_set_accessed(vmf: VmFault, orig_pmd: Pmd): Preemptible<void> {
  const ptl = pmd_lockptr(vmf.vma.vm_mm, vmf.pmd);
  yield* spin_lock(ptl);
  const now = yield* pmdp_get(vmf.pmd);
  if (now === orig_pmd) {
    const write = (vmf.flags & FAULT_FLAG_WRITE) !== 0;
    yield* set_pmd_at(vmf.pmd, write ? pmd_mkdirty(pmd_mkyoung(now)) : pmd_mkyoung(now));
  }
  spin_unlock(ptl);
}

/**
 * split_huge_pmd() of a file mapping: the huge entry is cleared and flushed, no PTEs are made;
 * later faults fill them in. Nothing happens when the entry is none or a table.
 */
export function* split_huge_pmd(vma: Vma, pmdp: EntryPointer, address: number): Preemptible<void> {
  const pmd = yield* pmdp_get(pmdp);
  if (!pmd_trans_huge(pmd) && !pmd_devmap(pmd)) return;
  yield* __split_huge_pmd(vma, pmdp, address);
}

function* __split_huge_pmd(vma: Vma, pmdp: EntryPointer, address: number): Preemptible<void> {
  assert(pmdp !== 0, "no entry to split");
  const start = address & ~geometry.mask;
  const ptl = pmd_lockptr(vma.vm_mm, pmdp);
  yield* spin_lock(ptl);
  const pmd = yield* pmdp_get(pmdp);
  if (pmd_trans_huge(pmd) || pmd_devmap(pmd)) {
    yield* pmdp_huge_get_and_clear(pmdp);
    yield* flush_tlb_mm_range(vma.vm_mm, start, start + geometry.entries);
  }
  spin_unlock(ptl);
}

/** False when the entry was not huge any more under the lock. */
export function* zap_huge_pmd(
  tlb: MmuGather, vma: Vma, pmdp: EntryPointer, address: number,
): Preemptible<boolean> {
  assert((address & geometry.mask) === 0, "half a huge page to zap");
  const ptl = pmd_lockptr(vma.vm_mm, pmdp);
  yield* spin_lock(ptl);
  const pmd = yield* pmdp_get(pmdp);
  if (!pmd_trans_huge(pmd) && !pmd_devmap(pmd)) {
    spin_unlock(ptl);
    return false;
  }
  yield* pmdp_huge_get_and_clear(pmdp);
  tlb_track(tlb, address, address + geometry.entries);
  spin_unlock(ptl);
  return true;
}
