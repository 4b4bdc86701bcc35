// SPDX-License-Identifier: GPL-2.0-only
// Faults on files in persistent memory: one page (PTE) or one huge page (PMD) at a time.
// Models: fs/dax.c (v4.11 to v4.14). Fidelity: faithful in steps and locks; leaves out sectors,
// dax_device, journals, the 1 GiB level. Locks: mmap_lock and the filesystem's mmap lock are held
// for reading; then entry lock > i_mmap_rwsem > pmd_lock > pte lock > tree_lock.
import { assert } from "../../lib/assert.ts";
import { geometry } from "../../hw/geometry.ts";
import { FILE } from "../../hw/phys.ts";
import {
  pmd_devmap, pmd_dirty, pmd_mkclean, pmd_none, pmd_pfn, pmd_trans_huge, pmd_write, pmd_wrprotect,
  pte_dirty, pte_mkclean, pte_pfn, pte_present, pte_write, pte_wrprotect, mk_huge_pmd,
} from "../../hw/pte.ts";
import type { Preemptible } from "../../sched/point.ts";
import { flush_tlb_mm_range } from "../arch/x86/mm/tlb.ts";
import { EBUSY } from "../errno.ts";
import {
  FAULT_FLAG_WRITE, linear_page_index, VM_FAULT_DONE_COW, VM_FAULT_FALLBACK,
  VM_FAULT_NOPAGE, VM_FAULT_OOM, VM_FAULT_SIGBUS, VM_SHARED,
} from "../include/mm.ts";
import type { AddressSpace, Inode, Vma, VmFault } from "../include/mm_types.ts";
import {
  pmd_lockptr, pmdp_get, pmdp_huge_get_and_clear, pmdp_invalidate, pte_lockptr, ptep_get,
  ptep_get_and_clear, set_pmd_at, set_pte_at,
} from "../include/pgtable.ts";
import { get_page } from "../include/page-flags.ts";
import { __SetPageLocked } from "../locking/pagelock.ts";
import { down_read, rwsem_is_held, up_read } from "../locking/rwsem.ts";
import { spin_lock, spin_unlock } from "../locking/spinlock.ts";
import { delete_from_page_cache } from "../mm/filemap.ts";
import { mm_get_huge_zero_page, split_huge_pmd, vmf_insert_pfn_pmd } from "../mm/huge_memory.ts";
import {
  copy_user_highpage, finish_fault, finish_mkwrite_fault, vm_insert_mixed, vm_insert_zero_page,
} from "../mm/memory.ts";
import { follow_pte_pmd, unmap_mapping_range } from "../mm/memory-unmap.ts";
import { alloc_page } from "../mm/page_alloc.ts";
import { fixed } from "../patches.ts";
import { trace } from "../trace.ts";
import {
  clear_dirty_tag, entry_frame, get_unlocked_mapping_entry, grab_mapping_entry, is_dirty_entry,
  is_exceptional, is_pmd_entry, is_zero_entry, lock_slot, put_locked_mapping_entry,
  put_unlocked_mapping_entry, RADIX_DAX_HZP, RADIX_DAX_PMD, replace_entry, replace_with_page,
  tag_dirty,
} from "./dax-entry.ts";
import { ext4_iomap_begin, IOMAP_MAPPED } from "./ext4/inode.ts";
import type { Iomap } from "./ext4/inode.ts";

/** The filesystem's fault handler calls this with its own mmap lock held. */
export function dax_iomap_fault(vmf: VmFault, pmd: boolean): Preemptible<number> {
  return pmd ? dax_iomap_pmd_fault(vmf) : dax_iomap_pte_fault(vmf);
}

function is_write(vmf: VmFault): boolean {
  return (vmf.flags & FAULT_FLAG_WRITE) !== 0;
}

/** One page. A private write comes with cow_page and allocates no block. */
function* dax_iomap_pte_fault(vmf: VmFault): Preemptible<number> {
  assert(rwsem_is_held(vmf.vma.vm_file!.i_mmap_sem), "a DAX fault without the fs lock");
  const inode = vmf.vma.vm_file!;
  const mapping = inode.i_mapping;
  if (vmf.pgoff >= inode.i_size) return VM_FAULT_SIGBUS;
  const write = is_write(vmf) && vmf.cow_page === 0;
  let iomap: Iomap | null = null;
  if (!fixed("dax-entry-before-iomap")) {
    iomap = yield* ext4_iomap_begin(inode, vmf.pgoff, 1, write);
  }
  const entry = yield* grab_mapping_entry(mapping, vmf.pgoff, false);
  if (entry < 0) return VM_FAULT_SIGBUS;
  const early = yield* pmd_unfit_for_pte(vmf);
  if (early !== 0) {
    yield* put_locked_mapping_entry(mapping, vmf.pgoff, entry);
    return early;
  }
  iomap ??= yield* ext4_iomap_begin(inode, vmf.pgoff, 1, write);
  if (vmf.cow_page !== 0) {
    const ret = yield* dax_cow(vmf, iomap);
    yield* put_locked_mapping_entry(mapping, vmf.pgoff, entry);
    return ret;
  }
  if (iomap.type === IOMAP_MAPPED) return yield* dax_insert_mapping(vmf, entry, iomap.frame);
  if (write) {
    // The filesystem could not allocate: the file was truncated meanwhile, or the device is full.
    yield* put_locked_mapping_entry(mapping, vmf.pgoff, entry);
    return VM_FAULT_SIGBUS;
  }
  return yield* dax_load_hole(vmf, entry);
}

/**
 * The entry lock orders us against other DAX faults, but mm/memory.c has none: a huge PMD may have
 * appeared since __handle_mm_fault() looked. Non-zero: give up with this result.
 */
function* pmd_unfit_for_pte(vmf: VmFault): Preemptible<number> {
  if (fixed("dax-recheck-pmd")) {
    const pmd = yield* pmdp_get(vmf.pmd);
    if (pmd_trans_huge(pmd) || pmd_devmap(pmd)) return VM_FAULT_NOPAGE;
  }
  if (fixed("dax-collision-v2") && pmd_devmap(yield* pmdp_get(vmf.pmd))) return VM_FAULT_NOPAGE;
  if (fixed("dax-collision-v1")) yield* split_huge_pmd(vmf.vma, vmf.pmd, vmf.address);
  return 0;
}

/** A private write: the data goes to cow_page, the tree entry is left as it was. */
function* dax_cow(vmf: VmFault, iomap: Iomap): Preemptible<number> {
  assert(vmf.cow_page !== 0, "COW without a page for the copy");
  if (iomap.type === IOMAP_MAPPED) yield* copy_user_highpage(vmf.cow_page, iomap.frame);
  const ret = yield* finish_fault(vmf);
  return ret === 0 ? VM_FAULT_DONE_COW : ret;
}

function* dax_insert_mapping(vmf: VmFault, entry: number, frame: number): Preemptible<number> {
  const mapping = vmf.vma.vm_file!.i_mapping;
  const locked = yield* dax_insert_mapping_entry(mapping, vmf.pgoff, entry, frame, is_write(vmf));
  const mkwrite = is_write(vmf) && fixed("dax-hole-zero-page");
  const err = yield* vm_insert_mixed(vmf.vma, vmf.address, frame, mkwrite);
  yield* put_locked_mapping_entry(mapping, vmf.pgoff, locked);
  // -EBUSY: somebody else has filled the PTE, which is as good.
  return err === 0 || err === -EBUSY ? VM_FAULT_NOPAGE : VM_FAULT_OOM;
}

/** Turns the locked entry (or hole page) into one for `kind_frame`; marks it dirty for a write. */
function* dax_insert_mapping_entry(
  mapping: AddressSpace, index: number, entry: number, kind_frame: number, write: boolean,
): Preemptible<number> {
  if (!is_exceptional(entry)) {
    yield* unmap_mapping_range(mapping, index, index + 1, false);
    yield* delete_from_page_cache(mapping, entry);
    const made = yield* replace_entry(mapping, index, entry, kind_frame, write);
    yield* put_locked_mapping_entry(mapping, index, entry);
    return made;
  }
  if (is_zero_entry(entry) && (kind_frame & RADIX_DAX_HZP) === 0) {
    const pages = is_pmd_entry(entry) ? geometry.entries : 1;
    const first = index & ~(pages - 1);
    yield* unmap_mapping_range(mapping, first, first + pages, false);
  }
  return yield* replace_entry(mapping, index, entry, kind_frame, write);
}

/** A read of a hole: the zero page since v4.14, a page-cache page before. */
function* dax_load_hole(vmf: VmFault, entry: number): Preemptible<number> {
  const mapping = vmf.vma.vm_file!.i_mapping;
  if (fixed("dax-hole-zero-page")) {
    const zero = yield* dax_insert_mapping_entry(mapping, vmf.pgoff, entry, RADIX_DAX_HZP, false);
    yield* vm_insert_zero_page(vmf.vma, vmf.address);
    yield* put_locked_mapping_entry(mapping, vmf.pgoff, zero);
    return VM_FAULT_NOPAGE;
  }
  let page = entry;
  if (is_exceptional(entry)) {
    page = yield* alloc_page(FILE);
    if (page === 0) {
      yield* put_locked_mapping_entry(mapping, vmf.pgoff, entry);
      return VM_FAULT_OOM;
    }
    __SetPageLocked(page);
    yield* replace_with_page(mapping, vmf.pgoff, page);
  }
  vmf.page = page;
  const ret = yield* finish_fault(vmf);
  vmf.page = 0;
  // The PTE needs a reference of its own.
  if (ret === 0) yield* get_page(page);
  yield* put_locked_mapping_entry(mapping, vmf.pgoff, page);
  return ret === 0 ? VM_FAULT_NOPAGE : ret;
}

/** One huge page. Any result with FALLBACK first clears a huge PMD that stands in the way. */
function* dax_iomap_pmd_fault(vmf: VmFault): Preemptible<number> {
  const result = yield* __dax_iomap_pmd_fault(vmf);
  if ((result & VM_FAULT_FALLBACK) !== 0) {
    trace.thp_fault_fallback(vmf);
    yield* split_huge_pmd(vmf.vma, vmf.pmd, vmf.address);
  }
  return result;
}

/** False: this fault can never be served by a PMD. */
function pmd_fault_possible(vmf: VmFault, address: number, pgoff: number): boolean {
  const { vma } = vmf;
  if (fixed("dax-pmd-colour-check") && ((address ^ pgoff) & geometry.mask) !== 0) return false;
  // COW is done page by page.
  if (is_write(vmf) && (vma.vm_flags & VM_SHARED) === 0) return false;
  return address >= vma.vm_start && address + geometry.entries <= vma.vm_end;
}

function* __dax_iomap_pmd_fault(vmf: VmFault): Preemptible<number> {
  assert(rwsem_is_held(vmf.vma.vm_file!.i_mmap_sem), "a DAX fault without the fs lock");
  const inode = vmf.vma.vm_file!;
  const mapping = inode.i_mapping;
  const address = vmf.address & ~geometry.mask;
  const pgoff = linear_page_index(vmf.vma, address);
  if (!pmd_fault_possible(vmf, address, pgoff)) return VM_FAULT_FALLBACK;
  if (pgoff >= inode.i_size) return VM_FAULT_SIGBUS;
  if (pgoff + geometry.entries > inode.i_size) return VM_FAULT_FALLBACK;
  const write = is_write(vmf);
  let iomap: Iomap | null = null;
  if (!fixed("dax-entry-before-iomap")) {
    iomap = yield* ext4_iomap_begin(inode, pgoff, geometry.entries, write);
    if (iomap.length < geometry.entries) return VM_FAULT_FALLBACK;
  }
  const entry = yield* grab_mapping_entry(mapping, pgoff, true);
  if (entry < 0) return VM_FAULT_FALLBACK;
  const early = yield* pmd_unfit_for_pmd(vmf);
  if (early >= 0) {
    yield* put_locked_mapping_entry(mapping, pgoff, entry);
    return early;
  }
  iomap ??= yield* ext4_iomap_begin(inode, pgoff, geometry.entries, write);
  let locked = entry;
  let result = VM_FAULT_FALLBACK;
  if (iomap.length < geometry.entries) {
    // The extent is too short: page by page then.
  } else if (iomap.type === IOMAP_MAPPED) {
    // The device address must be aligned as the huge page is.
    if ((iomap.frame & geometry.mask) === 0) {
      const kind = RADIX_DAX_PMD | iomap.frame;
      locked = yield* dax_insert_mapping_entry(mapping, pgoff, entry, kind, write);
      result = yield* vmf_insert_pfn_pmd(vmf, iomap.frame, write);
    }
  } else if (!write) {
    const kind = RADIX_DAX_PMD | RADIX_DAX_HZP;
    locked = yield* dax_insert_mapping_entry(mapping, pgoff, entry, kind, false);
    result = yield* dax_pmd_load_hole(vmf);
  }
  yield* put_locked_mapping_entry(mapping, pgoff, locked);
  return result;
}

/** With the entry locked, is the PMD still one that we may set? -1: yes. */
function* pmd_unfit_for_pmd(vmf: VmFault): Preemptible<number> {
  if (fixed("dax-recheck-pmd")) {
    // A PTE table has been put here: let the access meet it.
    const pmd = yield* pmdp_get(vmf.pmd);
    if (!pmd_none(pmd) && !pmd_trans_huge(pmd) && !pmd_devmap(pmd)) return 0;
  }
  if (fixed("dax-collision-v1") || fixed("dax-collision-v2")) {
    if (!pmd_none(yield* pmdp_get(vmf.pmd))) return VM_FAULT_FALLBACK;
  }
  return -1;
}

/** A read of a huge hole maps the huge zero page, if the PMD is still none under its lock. */
function* dax_pmd_load_hole(vmf: VmFault): Preemptible<number> {
  const zero = mm_get_huge_zero_page();
  if (zero === 0) return VM_FAULT_FALLBACK;
  const ptl = pmd_lockptr(vmf.vma.vm_mm, vmf.pmd);
  yield* spin_lock(ptl);
  if (!pmd_none(yield* pmdp_get(vmf.pmd))) {
    spin_unlock(ptl);
    return VM_FAULT_FALLBACK;
  }
  yield* set_pmd_at(vmf.pmd, pmd_wrprotect(mk_huge_pmd(zero, vmf.vma.vm_page_prot)));
  spin_unlock(ptl);
  return VM_FAULT_NOPAGE;
}

/** A write to a read-only PTE of a shared mapping: dirty the entry, then make it writable. */
export function* dax_pfn_mkwrite(vmf: VmFault): Preemptible<number> {
  const mapping = vmf.vma.vm_file!.i_mapping;
  yield* spin_lock(mapping.tree_lock);
  const entry = yield* get_unlocked_mapping_entry(mapping, vmf.pgoff);
  if (!is_exceptional(entry)) {
    put_unlocked_mapping_entry(mapping, vmf.pgoff, entry);
    spin_unlock(mapping.tree_lock);
    return VM_FAULT_NOPAGE;
  }
  yield* tag_dirty(mapping, vmf.pgoff);
  const locked = yield* lock_slot(mapping, vmf.pgoff, entry);
  spin_unlock(mapping.tree_lock);
  // If somebody changed the PTE meanwhile the access simply faults again.
  yield* finish_mkwrite_fault(vmf);
  yield* put_locked_mapping_entry(mapping, vmf.pgoff, locked);
  return VM_FAULT_NOPAGE;
}

/** fsync(2): every dirty entry is locked, write-protected in all mappings, and cleaned. */
export function* dax_writeback_mapping_range(inode: Inode): Preemptible<void> {
  const mapping = inode.i_mapping;
  for (let index = 0; index < inode.i_size; index++) {
    if (!is_dirty_entry(mapping.i_pages[index]!)) continue;
    yield* dax_writeback_one(mapping, index);
  }
}

function* dax_writeback_one(mapping: AddressSpace, index: number): Preemptible<void> {
  yield* spin_lock(mapping.tree_lock);
  const entry = yield* get_unlocked_mapping_entry(mapping, index);
  if (!is_dirty_entry(entry)) {
    put_unlocked_mapping_entry(mapping, index, entry);
    spin_unlock(mapping.tree_lock);
    return;
  }
  const locked = yield* lock_slot(mapping, index, entry);
  spin_unlock(mapping.tree_lock);
  yield* dax_mapping_entry_mkclean(mapping, index, entry_frame(entry));
  yield* clear_dirty_tag(mapping, index);
  yield* put_locked_mapping_entry(mapping, index, locked);
}

function* dax_mapping_entry_mkclean(
  mapping: AddressSpace, index: number, frame: number,
): Preemptible<void> {
  yield* down_read(mapping.i_mmap_rwsem);
  for (const vma of mapping.i_mmap) {
    const address = vma.vm_start + index - vma.vm_pgoff;
    if ((vma.vm_flags & VM_SHARED) === 0) continue;
    if (address < vma.vm_start || address >= vma.vm_end) continue;
    yield* mkclean_one(vma, address, frame);
  }
  up_read(mapping.i_mmap_rwsem);
}

function* mkclean_one(vma: Vma, address: number, frame: number): Preemptible<void> {
  assert((vma.vm_flags & VM_SHARED) !== 0, "a private mapping has nothing to clean");
  const mm = vma.vm_mm;
  const [pmdp, ptep] = yield* follow_pte_pmd(mm, address);
  if (pmdp === 0) return;
  if (ptep === 0) {
    const ptl = pmd_lockptr(mm, pmdp);
    yield* spin_lock(ptl);
    const pmd = yield* pmdp_get(pmdp);
    if (pmd_devmap(pmd) && pmd_pfn(pmd) === frame && (pmd_dirty(pmd) || pmd_write(pmd))) {
      const first = address & ~geometry.mask;
      // An entry that is none for a moment is skipped by whoever looks without its lock.
      if (fixed("dax-mkclean-keeps-pmd")) yield* pmdp_invalidate(pmdp);
      else yield* pmdp_huge_get_and_clear(pmdp);
      yield* flush_tlb_mm_range(mm, first, first + geometry.entries);
      yield* set_pmd_at(pmdp, pmd_mkclean(pmd_wrprotect(pmd)));
    }
    spin_unlock(ptl);
    return;
  }
  const ptl = yield* pte_lockptr(mm, pmdp);
  yield* spin_lock(ptl);
  const pte = yield* ptep_get(ptep);
  if (pte_present(pte) && pte_pfn(pte) === frame && (pte_dirty(pte) || pte_write(pte))) {
    yield* ptep_get_and_clear(ptep);
    yield* flush_tlb_mm_range(mm, address, address + 1);
    yield* set_pte_at(ptep, pte_mkclean(pte_wrprotect(pte)));
  }
  spin_unlock(ptl);
}
