// SPDX-License-Identifier: GPL-2.0-only
// Blocks of a file on a DAX filesystem: extents, allocation, hole punching.
// Models: fs/ext4/inode.c (ext4_iomap_begin, ext4_punch_hole). Fidelity: reduced; no journal, no
// delayed allocation; the allocator keeps huge pages aligned and contiguous whenever it can.
import { assert } from "../../../lib/assert.ts";
import { geometry } from "../../../hw/geometry.ts";
import { mem, PMEM } from "../../../hw/phys.ts";
import { pointKind, preempt } from "../../../sched/point.ts";
import type { Preemptible } from "../../../sched/point.ts";
import type { Inode } from "../../include/mm_types.ts";
import { down_write, up_write } from "../../locking/rwsem.ts";
import { unmap_mapping_range } from "../../mm/memory-unmap.ts";
import { trace } from "../../trace.ts";
import { dax_truncate_slot } from "../dax-entry.ts";

export const IOMAP_HOLE = 0;
export const IOMAP_MAPPED = 1;

/** What a range of a file is: `length` pages from the index asked for, in device frame `frame`. */
export interface Iomap {
  type: number;
  frame: number;
  length: number;
}

const EXTENT_READ = pointKind("extent tree", "read", (id) => `extents of file ${id}`);
const EXTENT_WRITE = pointKind("extent tree", "write", (id) => `extents of file ${id}`);

/**
 * Every allocated block bears a mark beside the byte that programs see, so that a private copy
 * which lost its data, or a block that something wrote into, can be told.
 */
export function block_mark(inode: Inode, index: number): number {
  return 0x0da0_0000 | (inode.id << 12) | (index + 1);
}

function* read_extent(inode: Inode, index: number, length: number): Preemptible<Iomap> {
  if (preempt(EXTENT_READ, inode.id)) yield;
  return extent_at(inode, index, length);
}

/** The extent that starts at `index`: same kind, and for blocks consecutive on the device. */
function extent_at(inode: Inode, index: number, wanted: number): Iomap {
  // Not i_size: truncation may shrink it under a fault that has checked it already.
  assert(index < inode.i_block.length, "an extent beyond any file");
  assert(wanted >= 1, "an extent of no pages");
  const type = inode.i_extent[index]!;
  const frame = inode.i_block[index]!;
  let length = 1;
  while (length < wanted && index + length < inode.i_size) {
    if (inode.i_extent[index + length] !== type) break;
    if (type === IOMAP_MAPPED && inode.i_block[index + length] !== frame + length) break;
    length++;
  }
  return { type, frame, length };
}

/** Allocates the blocks of [index, index + length) that are holes, in one step. */
function* allocate_blocks(inode: Inode, index: number, length: number): Preemptible<Iomap> {
  if (preempt(EXTENT_WRITE, inode.id)) yield;
  const end = Math.min(index + length, inode.i_size);
  if (length === geometry.entries && fresh(inode, index, end)) {
    // A huge request gets an aligned run of its own, wherever in the file it starts.
    const run = mem.take_run(PMEM, geometry.entries);
    for (let i = index; run !== 0 && i < end; i++) inode.i_block[i] = run + (i - index);
  }
  for (let i = index; i < end; i++) if (inode.i_extent[i] === IOMAP_HOLE) map_block(inode, i);
  return extent_at(inode, index, length);
}

/** True when no page of the range has ever had a block. */
function fresh(inode: Inode, index: number, end: number): boolean {
  for (let i = index; i < end; i++) if (inode.i_block[i] !== 0) return false;
  return end - index === geometry.entries;
}

function map_block(inode: Inode, index: number): void {
  assert(inode.i_extent[index] !== IOMAP_MAPPED, "the block is there already");
  if (inode.i_block[index] === 0) reserve_run(inode, index & ~geometry.mask);
  const frame = inode.i_block[index]!;
  if (frame === 0) return;
  inode.i_extent[index] = IOMAP_MAPPED;
  const first = frame << geometry.shift;
  mem.words.fill(0, first, first + geometry.entries);
  mem.words[first + 1] = block_mark(inode, index);
}

/** A single block comes from a run kept for its whole aligned range. */
function reserve_run(inode: Inode, base: number): void {
  const run = mem.take_run(PMEM, geometry.entries);
  if (run === 0) return;
  const end = Math.min(base + geometry.entries, inode.i_size);
  for (let i = base; i < end; i++) if (inode.i_block[i] === 0) inode.i_block[i] = run + (i - base);
}

/** What stands at `index`, at most `length` pages of it; a write allocates what is missing. */
export function* ext4_iomap_begin(
  inode: Inode, index: number, length: number, write: boolean,
): Preemptible<Iomap> {
  const iomap = yield* read_extent(inode, index, length);
  if (!write || (iomap.type === IOMAP_MAPPED && iomap.length === length)) return iomap;
  return yield* allocate_blocks(inode, index, length);
}

function* free_blocks(inode: Inode, start: number, end: number): Preemptible<void> {
  if (preempt(EXTENT_WRITE, inode.id)) yield;
  assert(inode.i_mmap_sem.writer >= 0, "blocks are freed under running faults");
  for (let i = start; i < end; i++) {
    if (inode.i_extent[i] === IOMAP_HOLE) continue;
    inode.i_extent[i] = IOMAP_HOLE;
    // A translation that survives this leads to a block of nobody.
    mem.expire(inode.i_block[i]!);
  }
}

/** fallocate(PUNCH_HOLE), and the discarding half of truncation. */
export function* ext4_punch_hole(inode: Inode, start: number, end: number): Preemptible<void> {
  yield* down_write(inode.i_rwsem);
  yield* down_write(inode.i_mmap_sem);
  trace.discard_begin(inode, start, end);
  yield* unmap_mapping_range(inode.i_mapping, start, end, false);
  for (let index = start; index < end; index++) {
    const { i_pages } = inode.i_mapping;
    if (i_pages[index & ~geometry.mask] === 0 && i_pages[index] === 0) continue;
    yield* dax_truncate_slot(inode.i_mapping, index);
  }
  yield* free_blocks(inode, start, end);
  trace.discard_end(inode, start, end);
  up_write(inode.i_mmap_sem);
  up_write(inode.i_rwsem);
}
