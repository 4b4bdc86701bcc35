// SPDX-License-Identifier: GPL-2.0-only
// Collects pages and tables that are being unmapped, and frees them after the TLB flush.
// Models: mm/memory.c (v4.11: tlb_gather_mmu and friends), include/asm-generic/tlb.h.
// Fidelity: reduced; one batch, no nesting.
import type { Preemptible } from "../../sched/point.ts";
import { flush_tlb_mm_range } from "../arch/x86/mm/tlb.ts";
import type { Mm } from "../include/mm_types.ts";
import { free_table, put_page } from "./page_alloc.ts";

export interface MmuGather {
  mm: Mm;
  start: number;
  end: number;
  pages: number[];
  tables: number[];
}

export function tlb_gather_mmu(mm: Mm): MmuGather {
  return { mm, start: Infinity, end: 0, pages: [], tables: [] };
}

/** The translation of pages [start, end) has gone from the page tables. */
export function tlb_track(tlb: MmuGather, start: number, end: number): void {
  tlb.start = Math.min(tlb.start, start);
  tlb.end = Math.max(tlb.end, end);
}

export function tlb_remove_page(tlb: MmuGather, frame: number): void {
  tlb.pages.push(frame);
}

export function tlb_remove_table(tlb: MmuGather, frame: number, start: number, end: number): void {
  tlb_track(tlb, start, end);
  tlb.tables.push(frame);
}

/** tlb_flush_mmu(): flush first, free then. */
export function* tlb_flush_mmu(tlb: MmuGather): Preemptible<void> {
  if (tlb.end > tlb.start) {
    yield* flush_tlb_mm_range(tlb.mm, tlb.start, tlb.end);
    tlb.start = Infinity;
    tlb.end = 0;
  }
  for (const frame of tlb.pages) yield* put_page(frame);
  tlb.pages.length = 0;
  for (const frame of tlb.tables) yield* free_table(frame);
  tlb.tables.length = 0;
}
