// SPDX-License-Identifier: GPL-2.0-only
// tmpfs: files that live in the page cache. Models: mm/shmem.c.
// Fidelity: reduced; fault and hole punch without the i_private throttle, no swap, no huge pages.
import { geometry } from "../../hw/geometry.ts";
import { mem } from "../../hw/phys.ts";
import type { Preemptible } from "../../sched/point.ts";
import { VM_FAULT_LOCKED, VM_FAULT_OOM, VM_FAULT_SIGBUS } from "../include/mm.ts";
import type { Inode, VmFault, VmOps } from "../include/mm_types.ts";
import { page_mapcount, PG_swapbacked } from "../include/page-flags.ts";
import { unlock_page } from "../locking/pagelock.ts";
import { delete_from_page_cache, find_lock_page, find_or_create_page } from "./filemap.ts";
import { unmap_mapping_range } from "./memory-unmap.ts";
import { put_page } from "./page_alloc.ts";

function* shmem_fault(vmf: VmFault): Preemptible<number> {
  const inode = vmf.vma.vm_file!;
  if (vmf.pgoff >= inode.i_size) return VM_FAULT_SIGBUS;
  const frame = yield* find_or_create_page(inode.i_mapping, vmf.pgoff);
  if (frame === 0) return VM_FAULT_OOM;
  mem.flags[frame]! |= PG_swapbacked;
  vmf.page = frame;
  return VM_FAULT_LOCKED;
}

export const shmem_vm_ops: VmOps = { fault: shmem_fault };

/** truncate_inode_page() over [start, end): unmaps what is still mapped, page lock held. */
export function* shmem_truncate_range(
  inode: Inode, start: number, end: number,
): Preemptible<void> {
  for (let index = start; index < end; index++) {
    const frame = yield* find_lock_page(inode.i_mapping, index);
    if (frame === 0) continue;
    if ((yield* page_mapcount(frame)) > 0) {
      yield* unmap_mapping_range(inode.i_mapping, index, index + 1, false);
    }
    yield* delete_from_page_cache(inode.i_mapping, frame);
    unlock_page(frame);
    yield* put_page(frame);
  }
}

/** Byte 0 of page `index`, for read(2); 0 in a hole. */
export function* shmem_read(inode: Inode, index: number): Preemptible<number> {
  const frame = yield* find_lock_page(inode.i_mapping, index);
  if (frame === 0) return 0;
  const value = mem.words[frame << geometry.shift]! & 255;
  unlock_page(frame);
  yield* put_page(frame);
  return value;
}

export function* shmem_write(inode: Inode, index: number, value: number): Preemptible<boolean> {
  const frame = yield* find_or_create_page(inode.i_mapping, index);
  if (frame === 0) return false;
  mem.flags[frame]! |= PG_swapbacked;
  mem.words[frame << geometry.shift] = value;
  unlock_page(frame);
  yield* put_page(frame);
  return true;
}
