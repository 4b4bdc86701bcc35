// SPDX-License-Identifier: GPL-2.0-only
// Collects pages and tables that are being unmapped, and frees them after the TLB flush.
// Models: mm/memory.c (v4.11: tlb_gather_mmu and friends), include/asm-generic/tlb.h.
// Fidelity: reduced; one batch, no nesting.
import { assert } from "../../lib/assert.ts";
import { mem, PTE_TABLE } from "../../hw/phys.ts";
import { pointKind, preempt } from "../../sched/point.ts";
import type { Preemptible } from "../../sched/point.ts";
import { flush_tlb_mm_range } from "../arch/x86/mm/tlb.ts";
import { VM_MIXEDMAP } from "../include/mm.ts";
import type { Mm, Vma } from "../include/mm_types.ts";
import { VM_BUG_ON } from "../bug.ts";
import { fixed } from "../patches.ts";
import { free_table, put_page } from "./page_alloc.ts";

export interface MmuGather {
  mm: Mm;
  /** What the caller set out to unmap; start and end below are what it really did unmap. */
  first: number;
  last: number;
  start: number;
  end: number;
  pages: number[];
  tables: number[];
}

const PENDING = pointKind("tlb_flush_pending", "write", (mm) => `tlb_flush_pending of mm ${mm}`);

/** tlb_gather_mmu(): from here to tlb_finish_mmu() entries may be gone and still be cached. */
export function* tlb_gather_mmu(mm: Mm, first: number, last: number): Preemptible<MmuGather> {
  if (preempt(PENDING, mm.id)) yield;
  mm.tlb_flush_pending++;
  return { mm, first, last, start: Infinity, end: 0, pages: [], tables: [] };
}

function* dec_tlb_flush_pending(mm: Mm): Preemptible<void> {
  if (preempt(PENDING, mm.id)) yield;
  mm.tlb_flush_pending--;
}

/** Is another gather of this mm under way? */
function* mm_tlb_flush_nested(mm: Mm): Preemptible<boolean> {
  if (preempt(PENDING, mm.id)) yield;
  return mm.tlb_flush_pending > 1;
}

/**
 * Flushes, frees, and is done. Another gather may have cleared entries of our range before we saw
 * them, and not have flushed yet: then we flush all of it (99baac21e458, v4.13).
 */
export function* tlb_finish_mmu(tlb: MmuGather): Preemptible<void> {
  assert(tlb.mm.tlb_flush_pending > 0, "a gather that never began");
  if (fixed("mm-tlb-flush-nested") && (yield* mm_tlb_flush_nested(tlb.mm))) {
    tlb_track(tlb, tlb.first, tlb.last);
  }
  yield* tlb_flush_mmu(tlb);
  yield* dec_tlb_flush_pending(tlb.mm);
}

/** The translation of pages [start, end) has gone from the page tables. */
export function tlb_track(tlb: MmuGather, start: number, end: number): void {
  assert(start < end, "an empty range to flush");
  tlb.start = Math.min(tlb.start, start);
  tlb.end = Math.max(tlb.end, end);
}

export function tlb_remove_page(tlb: MmuGather, frame: number): void {
  assert(frame !== 0, "frame 0 is nobody's page");
  tlb.pages.push(frame);
}

export function tlb_remove_table(tlb: MmuGather, frame: number, start: number, end: number): void {
  VM_BUG_ON(!(mem.kind[frame]! >= PTE_TABLE), "!PageTable(page)", "include/linux/mm.h");
  tlb_track(tlb, start, end);
  tlb.tables.push(frame);
}

/**
 * The entries of one VMA have gone. A mapping whose pages the gather holds no reference to (DAX)
 * must be flushed before the VMA leaves its file: truncation would free the blocks under a TLB.
 */
export function tlb_end_vma_must_flush(vma: Vma): boolean {
  return (vma.vm_flags & VM_MIXEDMAP) !== 0 && fixed("mm-gather-flushes-pfnmap");
}

export function* tlb_flush_mmu_tlbonly(tlb: MmuGather): Preemptible<void> {
  yield* flush_tlb_mm_range(tlb.mm, tlb.start, tlb.end);
  tlb.start = Infinity;
  tlb.end = 0;
}

/** Flush first, free then. */
function* tlb_flush_mmu(tlb: MmuGather): Preemptible<void> {
  if (tlb.end > tlb.start) yield* tlb_flush_mmu_tlbonly(tlb);
  for (const frame of tlb.pages) yield* put_page(frame);
  tlb.pages.length = 0;
  for (const frame of tlb.tables) yield* free_table(frame);
  tlb.tables.length = 0;
}
