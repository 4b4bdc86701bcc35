// SPDX-License-Identifier: GPL-2.0-only
// The structs of the memory manager, with Linux's field names.
// Models: include/linux/mm_types.h, mm.h, fs.h. Addresses are page numbers throughout.
import type { Pmd, Pte } from "../../hw/pte.ts";
import type { Preemptible } from "../../sched/point.ts";
import type { RwSem } from "../locking/rwsem.ts";
import type { Spinlock } from "../locking/spinlock.ts";

/** A pointer to a page-table entry: index of the word in physical memory; 0 is NULL. */
export type EntryPointer = number;

export interface Mm {
  id: number;
  /** Frame of the top table. */
  pgd: number;
  mmap_lock: RwSem;
  page_table_lock: Spinlock;
  /** rss_stat, by MM_FILEPAGES and its sisters. */
  rss: Int32Array;
  nr_ptes: number;
  nr_pmds: number;
  /** Gathers under way: entries may be gone from the tables and still be in a TLB. */
  tlb_flush_pending: number;
  /** VMAs in order of address. */
  mmap: Vma[];
  mm_users: number;
  /** CPUs that may hold translations of this mm. */
  cpumask: number;
}

export interface Vma {
  vm_mm: Mm;
  vm_start: number;
  vm_end: number;
  vm_flags: number;
  vm_page_prot: number;
  vm_pgoff: number;
  vm_file: Inode | null;
  vm_ops: VmOps | null;
  anon_vma: boolean;
}

/** struct vm_fault; what a fault carries from handler to handler. */
export interface VmFault {
  vma: Vma;
  address: number;
  pgoff: number;
  flags: number;
  pmd: EntryPointer;
  pte: EntryPointer;
  orig_pmd: Pmd;
  orig_pte: Pte;
  ptl: Spinlock;
  /** Frame that ->fault returned, locked; 0: none. */
  page: number;
  cow_page: number;
  prealloc_pte: number;
}

export interface VmOps {
  fault(vmf: VmFault): Preemptible<number>;
  huge_fault?(vmf: VmFault): Preemptible<number>;
  /** Write to a read-only page of a shared mapping; NOPAGE: the handler has done it all. */
  page_mkwrite?(vmf: VmFault): Preemptible<number>;
  /** Write to a pfn mapping that is read-only to track dirtiness. */
  pfn_mkwrite?(vmf: VmFault): Preemptible<number>;
}

export interface AddressSpace {
  id: number;
  host: Inode;
  /** A page-cache frame or a DAX entry for each index; see fs/dax.ts for the bits. */
  i_pages: Int32Array;
  tree_lock: Spinlock;
  i_mmap_rwsem: RwSem;
  /** Every VMA that maps this file. */
  i_mmap: Vma[];
  nrpages: number;
  nrexceptional: number;
}

export type FileKind = "tmpfs" | "dax";

export interface Inode {
  id: number;
  kind: FileKind;
  /** Pages. */
  i_size: number;
  i_rwsem: RwSem;
  /** ext4's i_mmap_sem: faults read, truncation and hole punching write. */
  i_mmap_sem: RwSem;
  i_mapping: AddressSpace;
  /** Device frame of each page, allocated or not; blocks of a huge page are contiguous. */
  i_block: Int32Array;
  /** 1 where the block is allocated: an extent, not a hole. */
  i_extent: Uint8Array;
  i_fop: VmOps;
}
