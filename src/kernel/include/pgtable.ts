// SPDX-License-Identifier: GPL-2.0-only
// Accessors of page-table entries: each is one atomic step with its point in front.
// Models: include/asm-generic/pgtable.h, include/linux/mm.h (offset and lock helpers).
// Fidelity: faithful in what is atomic; memory ordering is sequentially consistent.
import { geometry, table_index } from "../../hw/geometry.ts";
import { mem } from "../../hw/phys.ts";
import {
  as_pmd, as_pte, describe_pmd, describe_pte, mk_table, NO_PMD, NO_PTE, pmd_mknotpresent,
  pmd_pfn,
} from "../../hw/pte.ts";
import type { Pmd, Pte } from "../../hw/pte.ts";
import { changed, pointKind, preempt } from "../../sched/point.ts";
import type { Preemptible } from "../../sched/point.ts";
import { traceChange, tracing } from "../../sched/trace.ts";
import type { Spinlock } from "../locking/spinlock.ts";
import type { EntryPointer, Mm } from "./mm_types.ts";

/** An entry is named by the first page that it covers, in units of its own level. */
function entry_name(pointer: EntryPointer): string {
  const frame = mem.frame_of(pointer);
  return `${mem.index[frame]! + (pointer & geometry.mask)}`;
}
const pmd_name = (p: EntryPointer): string => `pmd[${entry_name(p)}]`;
const pte_name = (p: EntryPointer): string => `pte[${entry_name(p)}]`;

const PMD_READ = pointKind("pmd", "read", pmd_name);
const PMD_WRITE = pointKind("pmd", "write", pmd_name);
const PTE_READ = pointKind("pte", "read", pte_name);
const PTE_WRITE = pointKind("pte", "write", pte_name);
const UPPER_READ = pointKind("upper entry", "read", (p) => `pud[${entry_name(p)}]`);
const UPPER_WRITE = pointKind("upper entry", "write", (p) => `pud[${entry_name(p)}]`);

/** Which page tables have a lock of their own: a build option of the kernel. */
export const ptlocks = { pmd: true, pte: true };

export function pgd_offset(mm: Mm, address: number): EntryPointer {
  return (mm.pgd << geometry.shift) + table_index(address, 3);
}

/** The entry for `address` in the table that `entry` (of level + 1) points to. */
export function entry_offset(entry: Pmd, address: number, level: number): EntryPointer {
  return (pmd_pfn(entry) << geometry.shift) + table_index(address, level);
}

/** READ_ONCE(*pud) or *pgd. */
export function* pudp_get(pudp: EntryPointer): Preemptible<Pmd> {
  if (preempt(UPPER_READ, pudp)) yield;
  return as_pmd(mem.read_entry(pudp));
}

export function* pud_populate(pudp: EntryPointer, table: number): Preemptible<void> {
  if (preempt(UPPER_WRITE, pudp)) yield;
  mem.write_entry(pudp, mk_table(table));
  changed();
}

export function* pud_clear(pudp: EntryPointer): Preemptible<void> {
  if (preempt(UPPER_WRITE, pudp)) yield;
  mem.write_entry(pudp, 0);
  changed();
}

/** READ_ONCE(*pmd). */
export function* pmdp_get(pmdp: EntryPointer): Preemptible<Pmd> {
  if (preempt(PMD_READ, pmdp)) yield;
  return as_pmd(mem.read_entry(pmdp));
}

/** Writes the entry whatever it was; returns what it was. */
function write_pmd(pmdp: EntryPointer, pmd: Pmd): Pmd {
  const old = as_pmd(mem.read_entry(pmdp));
  mem.write_entry(pmdp, pmd);
  if (old !== pmd) changed();
  if (tracing()) traceChange(pmd_name(pmdp), describe_pmd(old), describe_pmd(pmd));
  return old;
}

export function* set_pmd_at(pmdp: EntryPointer, pmd: Pmd): Preemptible<void> {
  if (preempt(PMD_WRITE, pmdp)) yield;
  write_pmd(pmdp, pmd);
}

export function* pmd_populate(pmdp: EntryPointer, table: number): Preemptible<void> {
  if (preempt(PMD_WRITE, pmdp)) yield;
  write_pmd(pmdp, mk_table(table));
}

export function* pmd_clear(pmdp: EntryPointer): Preemptible<void> {
  if (preempt(PMD_WRITE, pmdp)) yield;
  write_pmd(pmdp, NO_PMD);
}

/** xchg(pmdp, 0). */
export function* pmdp_huge_get_and_clear(pmdp: EntryPointer): Preemptible<Pmd> {
  if (preempt(PMD_WRITE, pmdp)) yield;
  return write_pmd(pmdp, NO_PMD);
}

/** The entry stops to translate but does not become none. Returns what it was. */
export function* pmdp_invalidate(pmdp: EntryPointer): Preemptible<Pmd> {
  if (preempt(PMD_WRITE, pmdp)) yield;
  return write_pmd(pmdp, pmd_mknotpresent(as_pmd(mem.read_entry(pmdp))));
}

/** READ_ONCE(*pte). */
export function* ptep_get(ptep: EntryPointer): Preemptible<Pte> {
  if (preempt(PTE_READ, ptep)) yield;
  return as_pte(mem.read_entry(ptep));
}

function write_pte(ptep: EntryPointer, pte: Pte): Pte {
  const old = as_pte(mem.read_entry(ptep));
  mem.write_entry(ptep, pte);
  if (old !== pte) changed();
  if (tracing()) traceChange(pte_name(ptep), describe_pte(old), describe_pte(pte));
  return old;
}

export function* set_pte_at(ptep: EntryPointer, pte: Pte): Preemptible<void> {
  if (preempt(PTE_WRITE, ptep)) yield;
  write_pte(ptep, pte);
}

/** xchg(ptep, 0). */
export function* ptep_get_and_clear(ptep: EntryPointer): Preemptible<Pte> {
  if (preempt(PTE_WRITE, ptep)) yield;
  return write_pte(ptep, NO_PTE);
}

/** The lock over the PMD entry's table: in struct page of that table, or one for the whole mm. */
export function pmd_lockptr(mm: Mm, pmdp: EntryPointer): Spinlock {
  return ptlocks.pmd ? mem.frame_of(pmdp) : mm.page_table_lock;
}

/**
 * The lock of the PTE table that the PMD entry names *now*: as in Linux the entry is read again,
 * so a slot that changed meanwhile leads to the struct page of something else.
 */
export function* pte_lockptr(mm: Mm, pmdp: EntryPointer): Preemptible<Spinlock> {
  if (preempt(PMD_READ, pmdp)) yield;
  return ptlocks.pte ? pmd_pfn(as_pmd(mem.read_entry(pmdp))) : mm.page_table_lock;
}

/** pte_offset_map(): reads the PMD entry again and walks through it, whatever it is. */
export function* pte_offset_map(pmdp: EntryPointer, address: number): Preemptible<EntryPointer> {
  if (preempt(PMD_READ, pmdp)) yield;
  return entry_offset(as_pmd(mem.read_entry(pmdp)), address, 0);
}
