// SPDX-License-Identifier: GPL-2.0-only
// VMAs: mapping, unmapping, and taking an address space down.
// Models: mm/mmap.c (v4.11). Fidelity: reduced; VMAs are an ordered array, they are split but not
// merged, no accounting, no stack growth. Locks: mmap_lock for writing, then i_mmap_rwsem.
import { assert } from "../../lib/assert.ts";
import { PAGE_READONLY, PAGE_SHARED } from "../../hw/pte.ts";
import { pointKind, preempt } from "../../sched/point.ts";
import type { Preemptible } from "../../sched/point.ts";
import { EEXIST, EINVAL, ENOMEM } from "../errno.ts";
import { task_size } from "../fork.ts";
import {
  VM_EXEC, VM_MAYWRITE, VM_MIXEDMAP, VM_READ, VM_SHARED, VM_WRITE, VM_HUGEPAGE,
} from "../include/mm.ts";
import type { Inode, Mm, Vma } from "../include/mm_types.ts";
import { current_mm } from "../include/sched.ts";
import { down_write, rwsem_is_held, up_write } from "../locking/rwsem.ts";
import { trace } from "../trace.ts";
import { free_pgd_range, unmap_page_range } from "./memory-unmap.ts";
import {
  tlb_end_vma_must_flush, tlb_finish_mmu, tlb_flush_mmu_tlbonly, tlb_gather_mmu,
} from "./mmu_gather.ts";

export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const PROT_EXEC = 4;

const VMA_TREE = pointKind("VMA tree", "read", (id) => `VMAs of mm ${id}`);
const VMA_EDIT = pointKind("VMA tree", "write", (id) => `VMAs of mm ${id}`);

/** The VMA that contains `address`, or null (unlike Linux's, which returns the next one). */
export function* find_vma(mm: Mm, address: number): Preemptible<Vma | null> {
  if (preempt(VMA_TREE, mm.id)) yield;
  for (const vma of mm.mmap) if (address >= vma.vm_start && address < vma.vm_end) return vma;
  return null;
}

/** Does any VMA overlap [start, end)? */
export function overlaps(mm: Mm, start: number, end: number): boolean {
  return mm.mmap.some((vma) => vma.vm_start < end && vma.vm_end > start);
}

function vm_flags_of(prot: number, shared: boolean, inode: Inode | null): number {
  let flags = VM_MAYWRITE | (shared ? VM_SHARED : 0);
  if ((prot & PROT_READ) !== 0) flags |= VM_READ;
  if ((prot & PROT_WRITE) !== 0) flags |= VM_WRITE | VM_READ;
  if ((prot & PROT_EXEC) !== 0) flags |= VM_EXEC | VM_READ;
  if (inode !== null && inode.kind === "dax") flags |= VM_MIXEDMAP | VM_HUGEPAGE;
  return flags;
}

/** vm_get_page_prot(): private pages start read-only, and so do those that need write-notify. */
function page_prot(flags: number, inode: Inode | null): number {
  const writable = (flags & (VM_SHARED | VM_WRITE)) === (VM_SHARED | VM_WRITE);
  return writable && inode !== null && inode.kind !== "dax" ? PAGE_SHARED : PAGE_READONLY;
}

export interface MmapRequest {
  start: number;
  pages: number;
  prot: number;
  shared: boolean;
  inode: Inode | null;
  pgoff: number;
  /** MAP_FIXED_NOREPLACE: fail instead of replacing what is mapped there. */
  noreplace: boolean;
}

/** mmap(2) at a fixed address; takes mmap_lock for writing. 0 or a negative errno. */
export function* vm_mmap(request: MmapRequest): Preemptible<number> {
  const { start, pages, prot, shared, inode, pgoff } = request;
  const mm = current_mm();
  const end = start + pages;
  if (pages === 0) return -EINVAL;
  if (end > task_size()) return -ENOMEM;
  yield* down_write(mm.mmap_lock);
  if (overlaps(mm, start, end)) {
    if (request.noreplace) {
      up_write(mm.mmap_lock);
      return -EEXIST;
    }
    yield* do_munmap(mm, start, end);
  }
  const vm_flags = vm_flags_of(prot, shared, inode);
  yield* vma_link(mm, {
    vm_mm: mm, vm_start: start, vm_end: end, vm_flags, vm_page_prot: page_prot(vm_flags, inode),
    vm_pgoff: inode === null ? start : pgoff, vm_file: inode,
    vm_ops: inode === null ? null : inode.i_fop, anon_vma: false,
  });
  up_write(mm.mmap_lock);
  return 0;
}

/** Inserts a VMA where there is none, into the mm and into its file. */
function* vma_link(mm: Mm, vma: Vma): Preemptible<void> {
  assert(vma.vm_start < vma.vm_end, "an empty VMA");
  assert(!overlaps(mm, vma.vm_start, vma.vm_end), "VMAs overlap");
  if (vma.vm_file !== null) {
    const { i_mapping } = vma.vm_file;
    yield* down_write(i_mapping.i_mmap_rwsem);
    i_mapping.i_mmap.push(vma);
    up_write(i_mapping.i_mmap_rwsem);
  }
  yield* insert_vma(mm, vma);
}

function* insert_vma(mm: Mm, vma: Vma): Preemptible<void> {
  if (preempt(VMA_EDIT, mm.id)) yield;
  const after = mm.mmap.findIndex((other) => other.vm_start >= vma.vm_end);
  mm.mmap.splice(after < 0 ? mm.mmap.length : after, 0, vma);
}

/** munmap(2). */
export function* vm_munmap(start: number, pages: number): Preemptible<number> {
  const mm = current_mm();
  if (pages === 0 || start + pages > task_size()) return -EINVAL;
  yield* down_write(mm.mmap_lock);
  yield* do_munmap(mm, start, start + pages);
  up_write(mm.mmap_lock);
  return 0;
}

/** Removes [start, end) from an mm whose mmap_lock is held for writing. */
export function* do_munmap(mm: Mm, start: number, end: number): Preemptible<void> {
  assert(rwsem_is_held(mm.mmap_lock), "munmap without mmap_lock");
  assert(start < end, "an empty range to unmap");
  const first = straddles(mm, start);
  if (first !== undefined) yield* split_vma(mm, first, start);
  const last = straddles(mm, end);
  if (last !== undefined) yield* split_vma(mm, last, end);
  const gone = yield* detach_vmas(mm, start, end);
  if (gone.length > 0) yield* unmap_region(mm, gone);
}

/** The VMA that `address` cuts in two, if any. */
function straddles(mm: Mm, address: number): Vma | undefined {
  return mm.mmap.find((v) => v.vm_start < address && v.vm_end > address);
}

/** __split_vma(): both halves appear at once, to the mm and to whoever walks the file's i_mmap. */
function* split_vma(mm: Mm, vma: Vma, address: number): Preemptible<void> {
  assert(address > vma.vm_start, "a split at the start of a VMA");
  assert(address < vma.vm_end, "a split at the end of a VMA");
  const upper: Vma = {
    ...vma, vm_start: address, vm_pgoff: vma.vm_pgoff + (address - vma.vm_start),
  };
  const mapping = vma.vm_file === null ? null : vma.vm_file.i_mapping;
  if (mapping !== null) yield* down_write(mapping.i_mmap_rwsem);
  yield* vma_adjust(mm, vma, upper);
  if (mapping !== null) up_write(mapping.i_mmap_rwsem);
}

function* vma_adjust(mm: Mm, vma: Vma, upper: Vma): Preemptible<void> {
  if (preempt(VMA_EDIT, mm.id)) yield;
  vma.vm_end = upper.vm_start;
  mm.mmap.splice(mm.mmap.indexOf(vma) + 1, 0, upper);
  if (vma.vm_file !== null) vma.vm_file.i_mapping.i_mmap.push(upper);
}

function* detach_vmas(mm: Mm, start: number, end: number): Preemptible<Vma[]> {
  if (preempt(VMA_EDIT, mm.id)) yield;
  const gone = mm.mmap.filter((v) => v.vm_start < end && v.vm_end > start);
  mm.mmap = mm.mmap.filter((v) => !gone.includes(v));
  return gone;
}

/** Unmaps detached VMAs, frees their tables, and only then lets go of their files. */
function* unmap_region(mm: Mm, gone: Vma[]): Preemptible<void> {
  assert(gone.length > 0, "no VMA to unmap");
  const start = gone[0]!.vm_start;
  const end = gone[gone.length - 1]!.vm_end;
  const tlb = yield* tlb_gather_mmu(mm, start, end);
  trace.zap_begin(mm, start, end);
  for (const vma of gone) {
    yield* unmap_page_range(tlb, vma, vma.vm_start, vma.vm_end, true);
    if (tlb_end_vma_must_flush(vma) && tlb.end > tlb.start) yield* tlb_flush_mmu_tlbonly(tlb);
  }
  for (const vma of gone) if (vma.vm_file !== null) yield* unlink_file_vma(vma.vm_file, vma);
  const before = mm.mmap.filter((v) => v.vm_end <= start);
  const after = mm.mmap.find((v) => v.vm_start >= end);
  const floor = before.length > 0 ? before[before.length - 1]!.vm_end : 0;
  yield* free_pgd_range(tlb, start, end, floor, after === undefined ? 0 : after.vm_start);
  yield* tlb_finish_mmu(tlb);
  trace.zap_end(mm, start, end);
}

function* unlink_file_vma(file: Inode, vma: Vma): Preemptible<void> {
  const { i_mapping } = file;
  yield* down_write(i_mapping.i_mmap_rwsem);
  i_mapping.i_mmap = i_mapping.i_mmap.filter((v) => v !== vma);
  up_write(i_mapping.i_mmap_rwsem);
}

/** The last user has gone: unmaps everything, frees every table. No mmap_lock up to v5.16. */
export function* exit_mmap(mm: Mm): Preemptible<void> {
  assert(mm.mm_users === 0, "an mm that is used is torn down");
  const gone = yield* detach_vmas(mm, 0, task_size());
  if (gone.length > 0) yield* unmap_region(mm, gone);
}
