// SPDX-License-Identifier: GPL-2.0-only
// Files in persistent memory: nothing but a write may change their data, and a huge mapping that
// is there must not be lost to a write that could have used it.
import { geometry } from "../hw/geometry.ts";
import { mem } from "../hw/phys.ts";
import { as_pmd, pmd_devmap } from "../hw/pte.ts";
import { observe } from "../kernel/bug.ts";
import { all_inodes } from "../kernel/fs/inode.ts";
import { block_mark, IOMAP_MAPPED } from "../kernel/fs/ext4/inode.ts";
import { FAULT_FLAG_WRITE, VM_SHARED } from "../kernel/include/mm.ts";
import type { Inode, VmFault } from "../kernel/include/mm_types.ts";
import { trace } from "../kernel/trace.ts";
import type { Oracle } from "./oracle.ts";

/** Word 0 is the programs' byte, word 1 the mark, the rest has never been written by anybody. */
function block_is_intact(inode: Inode, index: number): boolean {
  const first = inode.i_block[index]! << geometry.shift;
  if (mem.words[first + 1] !== block_mark(inode, index)) return false;
  if ((mem.words[first]! & ~255) !== 0) return false;
  for (let i = first + 2; i < first + geometry.entries; i++) if (mem.words[i] !== 0) return false;
  return true;
}

function check_files(): void {
  for (const inode of all_inodes) {
    if (inode.kind !== "dax") continue;
    for (let index = 0; index < inode.i_size; index++) {
      if (inode.i_extent[index] !== IOMAP_MAPPED || block_is_intact(inode, index)) continue;
      observe("file data changed without a write");
      return;
    }
  }
}

function thp_fault_fallback(vmf: VmFault): void {
  const write = (vmf.flags & FAULT_FLAG_WRITE) !== 0;
  if (!write || (vmf.vma.vm_flags & VM_SHARED) === 0) return;
  if (pmd_devmap(as_pmd(mem.words[vmf.pmd]!))) observe("huge mapping lost to a shared write");
}

export const daxData: Oracle = {
  name: "dax-data",
  reset() {
    trace.thp_fault_fallback = thp_fault_fallback;
  },
  quiescent: check_files,
  end: check_files,
};
