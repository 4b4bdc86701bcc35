// SPDX-License-Identifier: GPL-2.0-only
// Faults on a DAX file enter the filesystem here: its mmap lock is held across the whole fault.
// Models: fs/ext4/file.c (ext4_dax_huge_fault and friends). Fidelity: reduced; no freeze
// protection, no journal handle.
import type { Preemptible } from "../../../sched/point.ts";
import type { VmFault, VmOps } from "../../include/mm_types.ts";
import { down_read, up_read } from "../../locking/rwsem.ts";
import { fixed } from "../../patches.ts";
import { dax_iomap_fault, dax_pfn_mkwrite } from "../dax.ts";

function* ext4_dax_fault(vmf: VmFault): Preemptible<number> {
  const inode = vmf.vma.vm_file!;
  yield* down_read(inode.i_mmap_sem);
  const ret = yield* dax_iomap_fault(vmf, false);
  up_read(inode.i_mmap_sem);
  return ret;
}

function* ext4_dax_huge_fault(vmf: VmFault): Preemptible<number> {
  const inode = vmf.vma.vm_file!;
  yield* down_read(inode.i_mmap_sem);
  const ret = yield* dax_iomap_fault(vmf, true);
  up_read(inode.i_mmap_sem);
  return ret;
}

/** Since holes are shown by the zero page (v4.14), a write to it must allocate: a whole fault. */
function* ext4_dax_pfn_mkwrite(vmf: VmFault): Preemptible<number> {
  if (fixed("dax-hole-zero-page")) return yield* ext4_dax_fault(vmf);
  const inode = vmf.vma.vm_file!;
  yield* down_read(inode.i_mmap_sem);
  const ret = yield* dax_pfn_mkwrite(vmf);
  up_read(inode.i_mmap_sem);
  return ret;
}

export const ext4_dax_vm_ops: VmOps = {
  fault: ext4_dax_fault,
  huge_fault: ext4_dax_huge_fault,
  page_mkwrite: ext4_dax_fault,
  pfn_mkwrite: ext4_dax_pfn_mkwrite,
};
