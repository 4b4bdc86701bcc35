// SPDX-License-Identifier: GPL-2.0-only
// Flags of VMAs and faults, and the rss counters. Models: include/linux/mm.h (values
// of v4.12). Fidelity: faithful in values; reduced to what is used.
import { NO_PMD, NO_PTE } from "../../hw/pte.ts";
import { pointKind, preempt } from "../../sched/point.ts";
import type { Preemptible } from "../../sched/point.ts";
import type { Mm, Vma, VmFault } from "./mm_types.ts";

export const VM_READ = 0x1;
export const VM_WRITE = 0x2;
export const VM_EXEC = 0x4;
export const VM_SHARED = 0x8;
export const VM_MAYWRITE = 0x20;
export const VM_MIXEDMAP = 0x10000000;
export const VM_HUGEPAGE = 0x20000000;

export const FAULT_FLAG_WRITE = 0x01;
export const FAULT_FLAG_ALLOW_RETRY = 0x04;
export const FAULT_FLAG_USER = 0x40;

export const VM_FAULT_OOM = 0x1;
export const VM_FAULT_SIGBUS = 0x2;
export const VM_FAULT_MAJOR = 0x4;
export const VM_FAULT_WRITE = 0x8;
export const VM_FAULT_SIGSEGV = 0x40;
export const VM_FAULT_NOPAGE = 0x100;
export const VM_FAULT_LOCKED = 0x200;
export const VM_FAULT_RETRY = 0x400;
export const VM_FAULT_FALLBACK = 0x800;
export const VM_FAULT_DONE_COW = 0x1000;
export const VM_FAULT_ERROR = VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV;

const VM_FAULT_NAMES: [number, string][] = [
  [VM_FAULT_OOM, "OOM"], [VM_FAULT_SIGBUS, "SIGBUS"], [VM_FAULT_MAJOR, "MAJOR"],
  [VM_FAULT_WRITE, "WRITE"], [VM_FAULT_SIGSEGV, "SIGSEGV"], [VM_FAULT_NOPAGE, "NOPAGE"],
  [VM_FAULT_LOCKED, "LOCKED"], [VM_FAULT_RETRY, "RETRY"], [VM_FAULT_FALLBACK, "FALLBACK"],
  [VM_FAULT_DONE_COW, "DONE_COW"],
];

/** A fault's answer in words, e.g. "NOPAGE|MAJOR"; "0" for none. */
export function vm_fault_names(ret: number): string {
  const names = VM_FAULT_NAMES.filter(([bit]) => (ret & bit) !== 0).map(([, name]) => name);
  return names.length === 0 ? "0" : names.join("|");
}

export const MM_FILEPAGES = 0;
export const MM_ANONPAGES = 1;
export const MM_SWAPENTS = 2;
export const MM_SHMEMPAGES = 3;
export const MM_COUNTER_NAMES = [
  "MM_FILEPAGES", "MM_ANONPAGES", "MM_SWAPENTS", "MM_SHMEMPAGES",
];

const RSS = pointKind(
  "rss counter", "write", (id) => `${MM_COUNTER_NAMES[id & 3]} of mm ${id >> 2}`,
);

/** add_mm_counter(): one atomic step. */
export function* add_mm_counter(mm: Mm, member: number, value: number): Preemptible<void> {
  if (preempt(RSS, (mm.id << 2) | member)) yield;
  mm.rss[member]! += value;
}

export function vma_is_anonymous(vma: Vma): boolean {
  return vma.vm_ops === null;
}

/** Which page of its file `address` shows. */
export function linear_page_index(vma: Vma, address: number): number {
  return address - vma.vm_start + vma.vm_pgoff;
}

export function new_vmf(vma: Vma, address: number, flags: number): VmFault {
  return {
    vma, address, flags, pgoff: linear_page_index(vma, address), pmd: 0, pte: 0,
    orig_pmd: NO_PMD, orig_pte: NO_PTE, ptl: 0, page: 0, cow_page: 0, prealloc_pte: 0,
  };
}
