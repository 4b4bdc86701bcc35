// SPDX-License-Identifier: GPL-2.0-only
// Tracepoints: where oracles listen. Each has at most one listener and costs one call.
import type { Inode, Mm, VmFault } from "./include/mm_types.ts";

export const trace = {
  /** A load or store of page `vpn` by a program retired on `frame`. */
  user_access: (
    _mm: Mm, _vpn: number, _frame: number, _write: boolean, _value: number, _stale: boolean,
  ): void => {},
  /** The content of pages [start, end) of `mm` becomes uncertain: begin, then done. */
  zap_begin: (_mm: Mm, _start: number, _end: number): void => {},
  zap_end: (_mm: Mm, _start: number, _end: number): void => {},
  /** Pages [start, end) of a file are about to be discarded, or have been. */
  discard_begin: (_inode: Inode, _start: number, _end: number): void => {},
  discard_end: (_inode: Inode, _start: number, _end: number): void => {},
  /** Byte 0 of a file page is being written by a system call: begin, then the value is there. */
  write_begin: (_inode: Inode, _index: number): void => {},
  write_end: (_inode: Inode, _index: number, _value: number): void => {},
  /** A private copy of the page in `from` was installed as frame `to`. */
  cow_copied: (_from: number, _to: number): void => {},
  /** A huge page of a file could not be mapped by a PMD (THP_FAULT_FALLBACK); split is next. */
  thp_fault_fallback: (_vmf: VmFault): void => {},
};
