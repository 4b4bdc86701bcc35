// SPDX-License-Identifier: GPL-2.0-only
// The unmapping half of mm/memory.c: zap, freeing of page tables, unmap_mapping_range().
// Models: mm/memory.c (v4.11 to v5.6). Fidelity: faithful in locks and order; reduced: one
// mmu_gather batch, no swap entries. Locks: mmap_lock read or write, or i_mmap_rwsem alone.
import { assert } from "../../lib/assert.ts";
import { geometry } from "../../hw/geometry.ts";
import {
  pmd_bad, pmd_devmap, pmd_none, pmd_pfn, pmd_trans_huge, pte_dirty, pte_none, pte_write,
} from "../../hw/pte.ts";
import type { Pmd } from "../../hw/pte.ts";
import type { Preemptible } from "../../sched/point.ts";
import { flush_tlb_mm_range } from "../arch/x86/mm/tlb.ts";
import { add_mm_counter, VM_SHARED } from "../include/mm.ts";
import type { AddressSpace, EntryPointer, Mm, Vma } from "../include/mm_types.ts";
import { PG_anon, PG_dirty, PageFlag, SetPageFlag } from "../include/page-flags.ts";
import {
  entry_offset, pgd_offset, pmd_clear, pmdp_get, pte_lockptr, pte_offset_map, ptep_get,
  ptep_get_and_clear, pud_clear, pudp_get,
} from "../include/pgtable.ts";
import { down_write, up_write } from "../locking/rwsem.ts";
import { spin_lock, spin_unlock } from "../locking/spinlock.ts";
import { fixed } from "../patches.ts";
import { trace } from "../trace.ts";
import { split_huge_pmd, zap_huge_pmd } from "./huge_memory.ts";
import { mm_counter, vm_normal_page } from "./memory.ts";
import {
  tlb_finish_mmu, tlb_gather_mmu, tlb_remove_page, tlb_remove_table, tlb_track,
} from "./mmu_gather.ts";
import type { MmuGather } from "./mmu_gather.ts";
import {
  pmd_clear_bad, pmd_devmap_trans_unstable, pmd_none_or_clear_bad,
  pmd_none_or_trans_huge_or_clear_bad,
} from "./pgtable-generic.ts";
import { page_remove_rmap } from "./rmap.ts";

/** The end of the range that one entry of `level` covers, clipped to `end`. */
function level_end(address: number, end: number, level: number): number {
  const span = 1 << (level * geometry.shift);
  return Math.min((address & ~(span - 1)) + span, end);
}

/** Unmaps [start, end) of `vma`; `even_cows` false keeps private copies. */
export function* unmap_page_range(
  tlb: MmuGather, vma: Vma, start: number, end: number, even_cows: boolean,
): Preemptible<void> {
  assert(start >= vma.vm_start, "unmapping below the VMA");
  assert(end <= vma.vm_end, "unmapping above the VMA");
  let next = start;
  for (let address = start; address < end; address = next) {
    next = level_end(address, end, 3);
    const pgd = yield* pudp_get(pgd_offset(vma.vm_mm, address));
    if (pmd_none_or_clear_bad(pgd)) continue;
    yield* zap_pud_range(tlb, vma, pgd, address, next, even_cows);
  }
}

function* zap_pud_range(
  tlb: MmuGather, vma: Vma, pgd: Pmd, start: number, end: number, even_cows: boolean,
): Preemptible<void> {
  assert(start < end, "an empty range to zap");
  let next = start;
  for (let address = start; address < end; address = next) {
    next = level_end(address, end, 2);
    const pud = yield* pudp_get(entry_offset(pgd, address, 2));
    if (pmd_none_or_clear_bad(pud)) continue;
    yield* zap_pmd_range(tlb, vma, pud, address, next, even_cows);
  }
}

function* zap_pmd_range(
  tlb: MmuGather, vma: Vma, pud: Pmd, start: number, end: number, even_cows: boolean,
): Preemptible<void> {
  assert(start < end, "an empty range to zap");
  let next = start;
  for (let address = start; address < end; address = next) {
    next = level_end(address, end, 1);
    const pmdp = entry_offset(pud, address, 1);
    const pmd = yield* pmdp_get(pmdp);
    if (pmd_trans_huge(pmd) || pmd_devmap(pmd)) {
      if (next - address !== geometry.entries) yield* split_huge_pmd(vma, pmdp, address);
      else if (yield* zap_huge_pmd(tlb, vma, pmdp, address)) continue;
    }
    // A fault may have changed the entry meanwhile: other readers of mmap_lock are at work.
    if (yield* zap_unstable(pmdp)) continue;
    yield* zap_pte_range(tlb, vma, pmdp, address, next, even_cows);
  }
}

/** pte_offset_map_lock() of v6.5 refuses a devmap PMD; the macro of before calls it bad. */
function zap_unstable(pmdp: EntryPointer): Preemptible<boolean> {
  return fixed("mm-pte-map-one-read")
    ? pmd_devmap_trans_unstable(pmdp)
    : pmd_none_or_trans_huge_or_clear_bad(pmdp);
}

function* zap_pte_range(
  tlb: MmuGather, vma: Vma, pmdp: EntryPointer, start: number, end: number, even_cows: boolean,
): Preemptible<void> {
  assert(end - start <= geometry.entries, "more than one table to zap");
  const mm = vma.vm_mm;
  const rss = [0, 0, 0, 0];
  const ptl = yield* pte_lockptr(mm, pmdp);
  const first = yield* pte_offset_map(pmdp, start);
  let force_flush = false;
  yield* spin_lock(ptl);
  for (let address = start; address < end; address++) {
    const ptep = first + (address - start);
    const pte = yield* ptep_get(ptep);
    if (pte_none(pte)) continue;
    const page = vm_normal_page(pte);
    if (page !== 0 && !even_cows && (yield* PageFlag(page, PG_anon))) continue;
    yield* ptep_get_and_clear(ptep);
    tlb_track(tlb, address, address + 1);
    if (page === 0) continue;
    if ((vma.vm_flags & VM_SHARED) !== 0 && pte_dirty(pte)) {
      // Dirtiness moves from the PTE to the page.
      yield* SetPageFlag(page, PG_dirty);
      force_flush ||= pte_write(pte);
    }
    rss[mm_counter(page)]!--;
    yield* page_remove_rmap(page);
    tlb_remove_page(tlb, page);
  }
  for (let member = 0; member < rss.length; member++) {
    if (rss[member] !== 0) yield* add_mm_counter(mm, member, rss[member]!);
  }
  // Other CPUs may still write through a dirty file PTE: flush before the lock goes.
  if (force_flush) yield* flush_tlb_mm_range(mm, start, end);
  spin_unlock(ptl);
}

/** zap_page_range(): one range, one gather. For MADV_DONTNEED and truncation. */
export function* zap_page_range(
  vma: Vma, start: number, end: number, even_cows: boolean,
): Preemptible<void> {
  const tlb = yield* tlb_gather_mmu(vma.vm_mm, start, end);
  trace.zap_begin(vma.vm_mm, start, end);
  yield* unmap_page_range(tlb, vma, start, end, even_cows);
  yield* tlb_finish_mmu(tlb);
  trace.zap_end(vma.vm_mm, start, end);
}

/**
 * free_pgtables(): frees the tables of [start, end) that no neighbour uses. `floor` and `ceiling`
 * are the end of the VMA before and the start of the VMA after (ceiling 0: none).
 */
export function* free_pgd_range(
  tlb: MmuGather, start: number, end: number, floor: number, ceiling: number,
): Preemptible<void> {
  assert(start < end, "no tables to free");
  assert(floor <= start, "a neighbour reaches into the range");
  assert(ceiling === 0 || end <= ceiling, "the next VMA reaches into the range");
  yield* free_level(tlb, 3, tlb.mm.pgd, start, end, floor, ceiling);
}

/** Frees the tables below `table` of `level` in range; true when `table` itself is not needed. */
function* free_level(
  tlb: MmuGather, level: number, table: number, start: number, end: number, floor: number,
  ceiling: number,
): Preemptible<boolean> {
  const base = table << geometry.shift;
  let next = start;
  for (let address = start; address < end; address = next) {
    next = level_end(address, end, level);
    const index = (address >>> (level * geometry.shift)) & geometry.mask;
    const entryp = base + index;
    const entry = level === 1 ? yield* pmdp_get(entryp) : yield* pudp_get(entryp);
    if (pmd_none(entry)) continue;
    if (pmd_bad(entry)) {
      yield* pmd_clear_bad(entryp, entry);
      continue;
    }
    const below = pmd_pfn(entry);
    if (level > 1) yield* free_level(tlb, level - 1, below, address, next, floor, ceiling);
    if (!covers(level, address, floor, ceiling)) continue;
    yield* unlink_table(tlb, level, entryp, below, address);
  }
  return true;
}

/** Does the table under one entry of `level` lie wholly between floor and ceiling? */
function covers(level: number, address: number, floor: number, ceiling: number): boolean {
  const span = 1 << (level * geometry.shift);
  const first = address & ~(span - 1);
  return first >= floor && (ceiling === 0 || first + span <= ceiling);
}

function* unlink_table(
  tlb: MmuGather, level: number, entryp: EntryPointer, table: number, address: number,
): Preemptible<void> {
  assert(level >= 1 && level <= 3, "there is no such level of tables");
  assert(table !== 0, "a table in frame 0");
  const span = 1 << (level * geometry.shift);
  const first = address & ~(span - 1);
  if (level === 1) {
    yield* pmd_clear(entryp);
    tlb.mm.nr_ptes--;
  } else {
    yield* pud_clear(entryp);
    if (level === 2) tlb.mm.nr_pmds--;
  }
  tlb_remove_table(tlb, table, first, first + span);
}

/**
 * unmap_mapping_range(): unmaps pages [start, end) of a file from every mm. i_mmap_rwsem is the
 * only lock against faults.
 */
export function* unmap_mapping_range(
  mapping: AddressSpace, start: number, end: number, even_cows: boolean,
): Preemptible<void> {
  assert(start <= end, "a file range that ends before it starts");
  yield* down_write(mapping.i_mmap_rwsem);
  for (const vma of mapping.i_mmap) {
    const first = Math.max(vma.vm_start, vma.vm_start + start - vma.vm_pgoff);
    const last = Math.min(vma.vm_end, vma.vm_start + end - vma.vm_pgoff);
    if (first < last) yield* zap_page_range(vma, first, last, even_cows);
  }
  up_write(mapping.i_mmap_rwsem);
}

/** Finds the leaf entries of `address` without making tables: [pmd, pte], 0 where there is none. */
export function* follow_pte_pmd(
  mm: Mm, address: number,
): Preemptible<readonly [EntryPointer, EntryPointer]> {
  const pgd = yield* pudp_get(pgd_offset(mm, address));
  if (pmd_none_or_clear_bad(pgd)) return [0, 0];
  const pud = yield* pudp_get(entry_offset(pgd, address, 2));
  if (pmd_none_or_clear_bad(pud)) return [0, 0];
  const pmdp = entry_offset(pud, address, 1);
  const pmd = yield* pmdp_get(pmdp);
  if (pmd_none(pmd)) return [0, 0];
  if (pmd_trans_huge(pmd) || pmd_devmap(pmd)) return [pmdp, 0];
  return [pmdp, entry_offset(pmd, address, 0)];
}
