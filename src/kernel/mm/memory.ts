// SPDX-License-Identifier: GPL-2.0-only
// The page-fault core: from handle_mm_fault() to the handlers of each kind of fault.
// Models: mm/memory.c (v4.11 to v5.6). Fidelity: faithful in the order of steps, locks and
// re-checks; leaves out: fault-around, swap, NUMA hinting, userfaultfd, anonymous THP, memcg.
// Locks: the caller holds mmap_lock for reading; page lock > pmd_lock > pte lock.
import { assert } from "../../lib/assert.ts";
import { geometry } from "../../hw/geometry.ts";
import { ANON, mem, PMD_TABLE, PTE_TABLE, UPPER_TABLE } from "../../hw/phys.ts";
import {
  mk_pte, NO_PMD, pmd_devmap, pmd_none, pmd_pfn, pmd_trans_huge, pmd_write, pte_mkdevmap,
  pte_mkdirty, pte_mkspecial, pte_mkwrite, pte_mkyoung, pte_none, pte_pfn, pte_present, pte_special,
  pte_write, pte_wrprotect, x86_hex,
} from "../../hw/pte.ts";
import type { Pmd, Pte } from "../../hw/pte.ts";
import { pointKind, preempt } from "../../sched/point.ts";
import type { Preemptible } from "../../sched/point.ts";
import { flush_tlb_page } from "../arch/x86/mm/tlb.ts";
import { pr_bug, VM_BUG_ON, WARN_ON_ONCE } from "../bug.ts";
import { EBUSY, ENOMEM } from "../errno.ts";
import {
  add_mm_counter, FAULT_FLAG_WRITE, MM_ANONPAGES, MM_FILEPAGES, MM_SHMEMPAGES,
  new_vmf, vma_is_anonymous, VM_FAULT_DONE_COW, VM_FAULT_ERROR, VM_FAULT_FALLBACK,
  VM_FAULT_LOCKED, VM_FAULT_NOPAGE, VM_FAULT_OOM, VM_FAULT_RETRY, VM_FAULT_WRITE, VM_SHARED,
  VM_WRITE,
} from "../include/mm.ts";
import type { EntryPointer, Mm, Vma, VmFault } from "../include/mm_types.ts";
import {
  get_page, page_mapcount, PageFlag, PG_anon, PG_swapbacked, PG_uptodate, SetPageFlag, PG_dirty,
} from "../include/page-flags.ts";
import {
  entry_offset, pgd_offset, pmd_lockptr, pmd_populate, pmdp_get, pte_lockptr, pte_offset_map,
  ptep_get, ptep_get_and_clear, pud_populate, pudp_get, set_pte_at,
} from "../include/pgtable.ts";
import { lock_page, trylock_page, unlock_page } from "../locking/pagelock.ts";
import { rwsem_is_held } from "../locking/rwsem.ts";
import { spin_is_locked, spin_lock, spin_unlock } from "../locking/spinlock.ts";
import { fixed } from "../patches.ts";
import { trace } from "../trace.ts";
import { huge_pmd_set_accessed, transparent_hugepage_enabled } from "./huge_memory.ts";
import { alloc_page, free_table, put_page } from "./page_alloc.ts";
import { pmd_devmap_trans_unstable } from "./pgtable-generic.ts";
import { page_add_file_rmap, page_add_new_anon_rmap, page_remove_rmap } from "./rmap.ts";

/** The 4 KiB zero page; set at boot. */
export const zero_page = { frame: 0 };

const CONTENT = pointKind("page content", "read", (frame) => `content of page ${frame}`);

function maybe_mkwrite(pte: Pte, vma: Vma): Pte {
  return (vma.vm_flags & VM_WRITE) !== 0 ? pte_mkwrite(pte) : pte;
}

/** rss class of a page-cache page. */
function mm_counter_file(frame: number): number {
  return (mem.flags[frame]! & PG_swapbacked) !== 0 ? MM_SHMEMPAGES : MM_FILEPAGES;
}

export function mm_counter(frame: number): number {
  return (mem.flags[frame]! & PG_anon) !== 0 ? MM_ANONPAGES : mm_counter_file(frame);
}

/** The page behind a PTE, 0 for special ones (zero page, DAX). */
export function vm_normal_page(pte: Pte): number {
  if (!pte_present(pte) || pte_pfn(pte) >= mem.top) {
    // print_bad_pte(): what stands here was never a PTE.
    pr_bug(`BUG: Bad page map in process task  pte:${x86_hex(pte)}`);
    return 0;
  }
  return pte_special(pte) ? 0 : pte_pfn(pte);
}

/** A table for `address`, covering entries of `level`; its name in reports is its first page. */
function* table_alloc(kind: number, address: number, level: number): Preemptible<number> {
  assert(level >= 0 && level < 3, "there is no such level of tables");
  const table = yield* alloc_page(kind);
  if (table !== 0) mem.index[table] = (address >>> (level * geometry.shift)) & ~geometry.mask;
  return table;
}

/** __pud_alloc(): a table under the empty PGD entry; returns the entry, none: out of memory. */
function* __pud_alloc(mm: Mm, pgdp: EntryPointer, address: number): Preemptible<Pmd> {
  assert(pgdp !== 0, "no PGD entry to fill");
  const table = yield* table_alloc(UPPER_TABLE, address, 2);
  if (table === 0) return NO_PMD;
  yield* spin_lock(mm.page_table_lock);
  if (pmd_none(yield* pudp_get(pgdp))) yield* pud_populate(pgdp, table);
  else yield* free_table(table);
  const pgd = yield* pudp_get(pgdp);
  spin_unlock(mm.page_table_lock);
  return pgd;
}

/** __pmd_alloc(): the same one level further down. */
function* __pmd_alloc(mm: Mm, pudp: EntryPointer, address: number): Preemptible<Pmd> {
  assert(pudp !== 0, "no PUD entry to fill");
  const table = yield* table_alloc(PMD_TABLE, address, 1);
  if (table === 0) return NO_PMD;
  yield* spin_lock(mm.page_table_lock);
  if (pmd_none(yield* pudp_get(pudp))) {
    mm.nr_pmds++;
    yield* pud_populate(pudp, table);
  } else {
    yield* free_table(table);
  }
  const pud = yield* pudp_get(pudp);
  spin_unlock(mm.page_table_lock);
  return pud;
}

/** Allocates a PTE table and links it, unless somebody else did. 0 or -ENOMEM. */
export function* __pte_alloc(mm: Mm, pmdp: EntryPointer, address: number): Preemptible<number> {
  assert(pmdp !== 0, "no PMD entry to fill");
  const table = yield* table_alloc(PTE_TABLE, address, 0);
  if (table === 0) return -ENOMEM;
  const ptl = pmd_lockptr(mm, pmdp);
  yield* spin_lock(ptl);
  if (pmd_none(yield* pmdp_get(pmdp))) {
    mm.nr_ptes++;
    yield* pmd_populate(pmdp, table);
    spin_unlock(ptl);
  } else {
    spin_unlock(ptl);
    yield* free_table(table);
  }
  return 0;
}

/** Finds or makes the PMD entry for `address` (pud_alloc, pmd_alloc); 0: out of memory. */
function* walk_to_pmd(mm: Mm, address: number): Preemptible<EntryPointer> {
  const pgdp = pgd_offset(mm, address);
  let pgd = yield* pudp_get(pgdp);
  if (pmd_none(pgd)) pgd = yield* __pud_alloc(mm, pgdp, address);
  if (pmd_none(pgd)) return 0;
  const pudp = entry_offset(pgd, address, 2);
  let pud = yield* pudp_get(pudp);
  if (pmd_none(pud)) pud = yield* __pmd_alloc(mm, pudp, address);
  return pmd_none(pud) ? 0 : entry_offset(pud, address, 1);
}

/** Resolves a fault of `vma` at `address`. Returns VM_FAULT_* bits; 0: try the access again. */
export function handle_mm_fault(vma: Vma, address: number, flags: number): Preemptible<number> {
  return __handle_mm_fault(vma, address, flags);
}

function* __handle_mm_fault(vma: Vma, address: number, flags: number): Preemptible<number> {
  assert(rwsem_is_held(vma.vm_mm.mmap_lock), "a fault without mmap_lock");
  assert(address >= vma.vm_start, "a fault below its VMA");
  assert(address < vma.vm_end, "a fault above its VMA");
  const vmf = new_vmf(vma, address, flags);
  vmf.pmd = yield* walk_to_pmd(vma.vm_mm, address);
  if (vmf.pmd === 0) return VM_FAULT_OOM;
  if (pmd_none(yield* pmdp_get(vmf.pmd)) && transparent_hugepage_enabled(vma)) {
    const ret = yield* create_huge_pmd(vmf);
    if ((ret & VM_FAULT_FALLBACK) === 0) return ret;
  } else {
    const orig_pmd = yield* pmdp_get(vmf.pmd);
    if (pmd_trans_huge(orig_pmd) || pmd_devmap(orig_pmd)) {
      if ((flags & FAULT_FLAG_WRITE) !== 0 && !pmd_write(orig_pmd)) {
        const ret = yield* wp_huge_pmd(vmf, orig_pmd);
        if ((ret & VM_FAULT_FALLBACK) === 0) return ret;
      } else {
        yield* huge_pmd_set_accessed(vmf, orig_pmd);
        return 0;
      }
    }
  }
  return yield* handle_pte_fault(vmf);
}

function* create_huge_pmd(vmf: VmFault): Preemptible<number> {
  const { vm_ops } = vmf.vma;
  if (vm_ops !== null && vm_ops.huge_fault !== undefined) return yield* vm_ops.huge_fault(vmf);
  return VM_FAULT_FALLBACK;
}

function* wp_huge_pmd(vmf: VmFault, orig_pmd: Pmd): Preemptible<number> {
  assert((vmf.flags & FAULT_FLAG_WRITE) !== 0, "write protection met by a read");
  assert(!pmd_none(orig_pmd), "a huge page that is none");
  const { vm_ops } = vmf.vma;
  vmf.orig_pmd = orig_pmd;
  if (vm_ops !== null && vm_ops.huge_fault !== undefined) return yield* vm_ops.huge_fault(vmf);
  return VM_FAULT_FALLBACK;
}

/** No page-table lock is held here: every step reads the PMD entry again. */
function* handle_pte_fault(vmf: VmFault): Preemptible<number> {
  assert(vmf.pmd !== 0, "a PTE fault without a PMD entry");
  const { vma } = vmf;
  if (pmd_none(yield* pmdp_get(vmf.pmd))) {
    // The table is made only when there is something to put into it.
    vmf.pte = 0;
  } else {
    if (yield* pmd_devmap_trans_unstable(vmf.pmd)) return 0;
    vmf.pte = yield* pte_offset_map(vmf.pmd, vmf.address);
    vmf.orig_pte = yield* ptep_get(vmf.pte);
    if (pte_none(vmf.orig_pte)) vmf.pte = 0;
  }
  if (vmf.pte === 0) {
    return vma_is_anonymous(vma) ? yield* do_anonymous_page(vmf) : yield* do_fault(vmf);
  }
  const { orig_pte } = vmf;
  vmf.ptl = yield* pte_lockptr(vma.vm_mm, vmf.pmd);
  yield* spin_lock(vmf.ptl);
  if ((yield* ptep_get(vmf.pte)) !== orig_pte) {
    spin_unlock(vmf.ptl);
    return 0;
  }
  let entry = orig_pte;
  if ((vmf.flags & FAULT_FLAG_WRITE) !== 0) {
    if (!pte_write(entry)) return yield* do_wp_page(vmf);
    entry = pte_mkdirty(entry);
  }
  entry = pte_mkyoung(entry);
  if (entry !== orig_pte) yield* set_pte_at(vmf.pte, entry);
  spin_unlock(vmf.ptl);
  return 0;
}

/** A first touch of anonymous memory: the zero page for a read, a new page for a write. */
function* do_anonymous_page(vmf: VmFault): Preemptible<number> {
  assert(vma_is_anonymous(vmf.vma), "an anonymous fault on a file");
  const { vma } = vmf;
  const mm = vma.vm_mm;
  if (pmd_none(yield* pmdp_get(vmf.pmd))) {
    if ((yield* __pte_alloc(mm, vmf.pmd, vmf.address)) !== 0) return VM_FAULT_OOM;
  }
  if (yield* pmd_devmap_trans_unstable(vmf.pmd)) return 0;
  let page = 0;
  let entry = pte_mkspecial(mk_pte(zero_page.frame, vma.vm_page_prot));
  entry = pte_wrprotect(entry);
  if ((vmf.flags & FAULT_FLAG_WRITE) !== 0) {
    vma.anon_vma = true;
    page = yield* alloc_page(ANON);
    if (page === 0) return VM_FAULT_OOM;
    mem.flags[page]! |= PG_uptodate;
    entry = maybe_mkwrite(pte_mkdirty(mk_pte(page, vma.vm_page_prot)), vma);
  }
  vmf.ptl = yield* pte_lockptr(mm, vmf.pmd);
  vmf.pte = yield* pte_offset_map(vmf.pmd, vmf.address);
  yield* spin_lock(vmf.ptl);
  if (!pte_none(yield* ptep_get(vmf.pte))) {
    spin_unlock(vmf.ptl);
    if (page !== 0) yield* put_page(page);
    return 0;
  }
  if (page !== 0) {
    yield* add_mm_counter(mm, MM_ANONPAGES, 1);
    yield* page_add_new_anon_rmap(page);
  }
  yield* set_pte_at(vmf.pte, entry);
  spin_unlock(vmf.ptl);
  return 0;
}

function do_fault(vmf: VmFault): Preemptible<number> {
  if ((vmf.flags & FAULT_FLAG_WRITE) === 0) return do_read_fault(vmf);
  return (vmf.vma.vm_flags & VM_SHARED) === 0 ? do_cow_fault(vmf) : do_shared_fault(vmf);
}

/** Asks the file for the page; on success it is locked, unless the handler did all the work. */
function* __do_fault(vmf: VmFault): Preemptible<number> {
  assert(vmf.vma.vm_ops !== null, "a file fault without a file");
  const ret = yield* vmf.vma.vm_ops!.fault(vmf);
  if ((ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE | VM_FAULT_RETRY | VM_FAULT_DONE_COW)) !== 0) {
    return ret;
  }
  if ((ret & VM_FAULT_LOCKED) === 0) yield* lock_page(vmf.page);
  return ret;
}

function* do_read_fault(vmf: VmFault): Preemptible<number> {
  const ret = yield* __do_fault(vmf);
  if ((ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE | VM_FAULT_RETRY)) !== 0) return ret;
  const done = yield* finish_fault(vmf);
  unlock_page(vmf.page);
  if ((done & (VM_FAULT_ERROR | VM_FAULT_NOPAGE)) !== 0) yield* put_page(vmf.page);
  return ret | done;
}

/** A write to a private mapping: the new page is allocated before the file is asked. */
function* do_cow_fault(vmf: VmFault): Preemptible<number> {
  assert((vmf.vma.vm_flags & VM_SHARED) === 0, "COW in a shared mapping");
  assert(vmf.cow_page === 0, "COW already has its page");
  vmf.vma.anon_vma = true;
  vmf.cow_page = yield* alloc_page(ANON);
  if (vmf.cow_page === 0) return VM_FAULT_OOM;
  const ret = yield* __do_fault(vmf);
  if ((ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE | VM_FAULT_RETRY)) !== 0) {
    yield* put_page(vmf.cow_page);
    return ret;
  }
  if ((ret & VM_FAULT_DONE_COW) !== 0) return ret;
  yield* copy_user_highpage(vmf.cow_page, vmf.page);
  mem.flags[vmf.cow_page]! |= PG_uptodate;
  const done = yield* finish_fault(vmf);
  unlock_page(vmf.page);
  yield* put_page(vmf.page);
  if ((done & (VM_FAULT_ERROR | VM_FAULT_NOPAGE)) !== 0) yield* put_page(vmf.cow_page);
  return ret | done;
}

function* do_shared_fault(vmf: VmFault): Preemptible<number> {
  assert((vmf.vma.vm_flags & VM_SHARED) !== 0, "a shared fault in a private mapping");
  const ret = yield* __do_fault(vmf);
  if ((ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE | VM_FAULT_RETRY)) !== 0) return ret;
  const done = yield* finish_fault(vmf);
  if ((done & (VM_FAULT_ERROR | VM_FAULT_NOPAGE)) !== 0) {
    unlock_page(vmf.page);
    yield* put_page(vmf.page);
    return done;
  }
  yield* SetPageFlag(vmf.page, PG_dirty);
  unlock_page(vmf.page);
  return ret | done;
}

/** Installs the page that a handler found or made. Returns 0 with the PTE set, else an error. */
export function* finish_fault(vmf: VmFault): Preemptible<number> {
  assert(vmf.ptl === 0, "the pte lock is taken further down");
  const write = (vmf.flags & FAULT_FLAG_WRITE) !== 0;
  const cow = write && (vmf.vma.vm_flags & VM_SHARED) === 0;
  const page = cow ? vmf.cow_page : vmf.page;
  const ret = yield* alloc_set_pte(vmf, page);
  if (vmf.ptl !== 0) {
    spin_unlock(vmf.ptl);
    vmf.ptl = 0;
  }
  return ret;
}

/** Makes sure there is a PTE table and takes its lock; NOPAGE: the world changed, refault. */
function* pte_alloc_one_map(vmf: VmFault): Preemptible<number> {
  assert(vmf.pte === 0, "the PTE has been mapped already");
  const mm = vmf.vma.vm_mm;
  if (pmd_none(yield* pmdp_get(vmf.pmd))) {
    if ((yield* __pte_alloc(mm, vmf.pmd, vmf.address)) !== 0) return VM_FAULT_OOM;
  }
  // With mmap_lock held a table under the PMD stays; none or huge may come and go.
  if (yield* pmd_devmap_trans_unstable(vmf.pmd)) return VM_FAULT_NOPAGE;
  const ptl = yield* pte_lockptr(mm, vmf.pmd);
  vmf.pte = yield* pte_offset_map(vmf.pmd, vmf.address);
  yield* spin_lock(ptl);
  vmf.ptl = ptl;
  return 0;
}

function* alloc_set_pte(vmf: VmFault, page: number): Preemptible<number> {
  assert(page !== 0, "nothing to map");
  const { vma } = vmf;
  const write = (vmf.flags & FAULT_FLAG_WRITE) !== 0;
  if (vmf.pte === 0) {
    const ret = yield* pte_alloc_one_map(vmf);
    if (ret !== 0) return ret;
  }
  if (!pte_none(yield* ptep_get(vmf.pte))) return VM_FAULT_NOPAGE;
  let entry = pte_mkyoung(mk_pte(page, vma.vm_page_prot));
  if (write) entry = maybe_mkwrite(pte_mkdirty(entry), vma);
  if (write && (vma.vm_flags & VM_SHARED) === 0) {
    yield* add_mm_counter(vma.vm_mm, MM_ANONPAGES, 1);
    yield* page_add_new_anon_rmap(page);
  } else {
    yield* add_mm_counter(vma.vm_mm, mm_counter_file(page), 1);
    yield* page_add_file_rmap(page);
  }
  // No TLB flush: the entry was not present.
  yield* set_pte_at(vmf.pte, entry);
  return 0;
}

/** Entered with the pte lock held and the PTE verified; leaves with it dropped. */
function* do_wp_page(vmf: VmFault): Preemptible<number> {
  assert(spin_is_locked(vmf.ptl), "do_wp_page() without the pte lock");
  assert(!pte_write(vmf.orig_pte), "write protection that is not there");
  const { vma } = vmf;
  const page = vm_normal_page(vmf.orig_pte);
  const shared = (vma.vm_flags & (VM_SHARED | VM_WRITE)) === (VM_SHARED | VM_WRITE);
  if (page === 0) {
    if (shared) return yield* wp_pfn_shared(vmf);
    spin_unlock(vmf.ptl);
    return yield* wp_page_copy(vmf, 0);
  }
  if (yield* PageFlag(page, PG_anon)) {
    if (!(yield* trylock_page(page))) {
      yield* get_page(page);
      spin_unlock(vmf.ptl);
      yield* lock_page(page);
      yield* spin_lock(vmf.ptl);
      if ((yield* ptep_get(vmf.pte)) !== vmf.orig_pte) {
        unlock_page(page);
        spin_unlock(vmf.ptl);
        yield* put_page(page);
        return 0;
      }
      yield* put_page(page);
    }
    if ((yield* page_mapcount(page)) <= 1) {
      unlock_page(page);
      yield* wp_page_reuse(vmf);
      return VM_FAULT_WRITE;
    }
    unlock_page(page);
  } else if (shared) {
    return yield* wp_page_shared(vmf, page);
  }
  yield* get_page(page);
  spin_unlock(vmf.ptl);
  return yield* wp_page_copy(vmf, page);
}

/** Makes the existing PTE writable; drops the pte lock. */
function* wp_page_reuse(vmf: VmFault): Preemptible<void> {
  assert(spin_is_locked(vmf.ptl), "wp_page_reuse() without the pte lock");
  const entry = maybe_mkwrite(pte_mkdirty(pte_mkyoung(vmf.orig_pte)), vmf.vma);
  yield* set_pte_at(vmf.pte, entry);
  spin_unlock(vmf.ptl);
}

/** A shared mapping of page-cache pages: the filesystem may want to hear of the write first. */
function* wp_page_shared(vmf: VmFault, page: number): Preemptible<number> {
  assert(spin_is_locked(vmf.ptl), "wp_page_shared() without the pte lock");
  const { vm_ops } = vmf.vma;
  if (vm_ops !== null && vm_ops.page_mkwrite !== undefined) {
    yield* get_page(page);
    spin_unlock(vmf.ptl);
    vmf.ptl = 0;
    vmf.pte = 0;
    const ret = yield* vm_ops.page_mkwrite(vmf);
    yield* put_page(page);
    return ret;
  }
  yield* wp_page_reuse(vmf);
  yield* SetPageFlag(page, PG_dirty);
  return VM_FAULT_WRITE;
}

/** A shared mapping of pfns (DAX): the filesystem hears of the write first. */
function* wp_pfn_shared(vmf: VmFault): Preemptible<number> {
  assert(spin_is_locked(vmf.ptl), "wp_pfn_shared() without the pte lock");
  const { vm_ops } = vmf.vma;
  if (vm_ops === null || vm_ops.pfn_mkwrite === undefined) {
    yield* wp_page_reuse(vmf);
    return VM_FAULT_WRITE;
  }
  spin_unlock(vmf.ptl);
  vmf.ptl = 0;
  const ret = yield* vm_ops.pfn_mkwrite(vmf);
  if ((ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE)) !== 0) return ret;
  return yield* finish_mkwrite_fault(vmf);
}

export function* finish_mkwrite_fault(vmf: VmFault): Preemptible<number> {
  vmf.ptl = yield* pte_lockptr(vmf.vma.vm_mm, vmf.pmd);
  vmf.pte = yield* pte_offset_map(vmf.pmd, vmf.address);
  yield* spin_lock(vmf.ptl);
  if ((yield* ptep_get(vmf.pte)) !== vmf.orig_pte) {
    spin_unlock(vmf.ptl);
    return VM_FAULT_NOPAGE;
  }
  yield* wp_page_reuse(vmf);
  return VM_FAULT_WRITE;
}

/** Copies one page, all its words in one step. */
export function* copy_user_highpage(to: number, from: number): Preemptible<void> {
  if (preempt(CONTENT, from)) yield;
  copy_words(to, from);
}

function copy_words(to: number, from: number): void {
  const first = from << geometry.shift;
  mem.words.copyWithin(to << geometry.shift, first, first + geometry.entries);
}

/**
 * Copies the page behind a PTE without a struct page (zero page, DAX) through the user address.
 * False: the PTE went away and the caller must give up; up to v5.5 the page was zeroed instead.
 */
function* cow_user_page(vmf: VmFault, page: number): Preemptible<boolean> {
  const { vma, orig_pte } = vmf;
  const pte = yield* ptep_get(vmf.pte);
  if (pte_present(pte)) {
    yield* copy_user_highpage(page, pte_pfn(pte));
    return true;
  }
  if (!fixed("mm-cow-user-page-revalidate")) {
    WARN_ON_ONCE(fixed("mm-rss-type-names"), "mm/memory.c", "wp_page_copy");
    return true;
  }
  const ptl = yield* pte_lockptr(vma.vm_mm, vmf.pmd);
  yield* spin_lock(ptl);
  const same = (yield* ptep_get(vmf.pte)) === orig_pte;
  if (same) yield* copy_user_highpage(page, pte_pfn(orig_pte));
  spin_unlock(ptl);
  return same;
}

/** Copy-on-write proper. `old_page` (referenced by the caller) is 0 for a special PTE. */
function* wp_page_copy(vmf: VmFault, old_page: number): Preemptible<number> {
  const { vma, orig_pte } = vmf;
  const mm = vma.vm_mm;
  vma.anon_vma = true;
  const page = yield* alloc_page(ANON);
  if (page === 0) {
    if (old_page !== 0) yield* put_page(old_page);
    return VM_FAULT_OOM;
  }
  if (old_page !== 0) {
    yield* copy_user_highpage(page, old_page);
  } else if (pte_pfn(orig_pte) !== zero_page.frame && !(yield* cow_user_page(vmf, page))) {
    yield* put_page(page);
    return 0;
  }
  mem.flags[page]! |= PG_uptodate;
  vmf.ptl = yield* pte_lockptr(mm, vmf.pmd);
  vmf.pte = yield* pte_offset_map(vmf.pmd, vmf.address);
  yield* spin_lock(vmf.ptl);
  const same = (yield* ptep_get(vmf.pte)) === orig_pte;
  if (same) {
    yield* install_copy(vmf, page, old_page);
    trace.cow_copied(pte_pfn(orig_pte), page);
  }
  spin_unlock(vmf.ptl);
  if (!same) yield* put_page(page);
  if (old_page !== 0) {
    if (same) yield* put_page(old_page);
    yield* put_page(old_page);
  }
  return same ? VM_FAULT_WRITE : 0;
}

/** Under the pte lock, with the PTE verified: the copy takes the place of the old page. */
function* install_copy(vmf: VmFault, page: number, old_page: number): Preemptible<void> {
  assert(spin_is_locked(vmf.ptl), "install_copy() without the pte lock");
  assert(page !== old_page, "a page is no copy of itself");
  const { vma } = vmf;
  const mm = vma.vm_mm;
  if (old_page === 0) {
    yield* add_mm_counter(mm, MM_ANONPAGES, 1);
  } else if (mm_counter(old_page) !== MM_ANONPAGES) {
    yield* add_mm_counter(mm, mm_counter(old_page), -1);
    yield* add_mm_counter(mm, MM_ANONPAGES, 1);
  }
  const entry = maybe_mkwrite(pte_mkdirty(pte_mkyoung(mk_pte(page, vma.vm_page_prot))), vma);
  // Clear and flush first, so that no CPU can use both pages.
  yield* ptep_get_and_clear(vmf.pte);
  yield* flush_tlb_page(mm, vmf.address);
  yield* page_add_new_anon_rmap(page);
  yield* set_pte_at(vmf.pte, entry);
  if (old_page !== 0) yield* page_remove_rmap(old_page);
}

/**
 * __get_locked_pte(): the PTE for `address` with its lock held, through whatever the PMD entry is:
 * there is no devmap test here. Returns [pte, lock]; [0, 0]: out of memory.
 */
function* get_locked_pte(
  mm: Mm, address: number,
): Preemptible<readonly [EntryPointer, number]> {
  const pmdp = yield* walk_to_pmd(mm, address);
  if (pmdp === 0) return [0, 0];
  VM_BUG_ON(pmd_trans_huge(yield* pmdp_get(pmdp)), "pmd_trans_huge(*pmd)", "mm/memory.c");
  if (pmd_none(yield* pmdp_get(pmdp))) {
    if ((yield* __pte_alloc(mm, pmdp, address)) !== 0) return [0, 0];
  }
  const pmd = yield* pmdp_get(pmdp);
  const ptl = yield* pte_lockptr(mm, pmdp);
  const pte = entry_offset(pmd, address, 0);
  // The "lock" of a frame that is no table is whatever struct page holds: nobody ever waits.
  if (mem.kind[pmd_pfn(pmd)]! < PTE_TABLE) return [pte, 0];
  yield* spin_lock(ptl);
  return [pte, ptl];
}

/**
 * Maps `entry`, which has no struct page; -EBUSY when the PTE is taken. No rss, no rmap, no
 * reference. With `mkwrite` (v4.14) a PTE that maps the same pfn already becomes writable.
 */
function* insert_pfn(
  vma: Vma, address: number, entry: Pte, mkwrite: boolean,
): Preemptible<number> {
  assert(pte_special(entry), "a page without struct page must be special");
  const [ptep, ptl] = yield* get_locked_pte(vma.vm_mm, address);
  if (ptep === 0) return -ENOMEM;
  const old = yield* ptep_get(ptep);
  const fits = pte_none(old) || (mkwrite && pte_pfn(old) === pte_pfn(entry));
  if (fits) {
    const made = mkwrite ? maybe_mkwrite(pte_mkdirty(pte_mkyoung(entry)), vma) : entry;
    yield* set_pte_at(ptep, made);
  }
  if (ptl !== 0) spin_unlock(ptl);
  return fits ? 0 : -EBUSY;
}

/** vm_insert_mixed() of a DAX pfn; with `mkwrite` vm_insert_mixed_mkwrite(). */
export function vm_insert_mixed(
  vma: Vma, address: number, pfn: number, mkwrite: boolean,
): Preemptible<number> {
  return insert_pfn(vma, address, pte_mkdevmap(mk_pte(pfn, vma.vm_page_prot)), mkwrite);
}

/** vm_insert_mixed() of the zero page, read-only (v4.14 holes). */
export function vm_insert_zero_page(vma: Vma, address: number): Preemptible<number> {
  const entry = pte_mkspecial(pte_wrprotect(mk_pte(zero_page.frame, vma.vm_page_prot)));
  return insert_pfn(vma, address, entry, false);
}
