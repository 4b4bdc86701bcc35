// SPDX-License-Identifier: GPL-2.0-only
// madvise(2). Models: mm/madvise.c. Fidelity: faithful for MADV_DONTNEED; no other advice yet.
import type { Preemptible } from "../../sched/point.ts";
import { EINVAL, ENOMEM } from "../errno.ts";
import { task_size } from "../fork.ts";
import { current_mm } from "../include/sched.ts";
import { down_read, up_read } from "../locking/rwsem.ts";
import { zap_page_range } from "./memory-unmap.ts";

/** MADV_DONTNEED: mmap_lock for reading only; -ENOMEM when part of the range is not mapped. */
export function* madvise_dontneed(start: number, pages: number): Preemptible<number> {
  const mm = current_mm();
  const end = start + pages;
  if (end > task_size()) return -EINVAL;
  yield* down_read(mm.mmap_lock);
  let mapped = 0;
  for (const vma of mm.mmap) {
    const first = Math.max(start, vma.vm_start);
    const last = Math.min(end, vma.vm_end);
    if (first >= last) continue;
    mapped += last - first;
    yield* zap_page_range(vma, first, last, true);
  }
  up_read(mm.mmap_lock);
  return mapped === pages ? 0 : -ENOMEM;
}
