// SPDX-License-Identifier: GPL-2.0-only
// The page cache of a file: one slot an index, pages are locked and re-checked after the lock.
// Models: mm/filemap.c. Fidelity: reduced; no readahead, no writeback, no fault-around.
import { assert } from "../../lib/assert.ts";
import { FILE, mem } from "../../hw/phys.ts";
import { changed, pointKind, preempt } from "../../sched/point.ts";
import type { Preemptible } from "../../sched/point.ts";
import { pr_bug, printk, VM_BUG_ON } from "../bug.ts";
import type { AddressSpace } from "../include/mm_types.ts";
import { get_page, PG_locked, PG_uptodate } from "../include/page-flags.ts";
import { __SetPageLocked, lock_page, unlock_page } from "../locking/pagelock.ts";
import { spin_lock, spin_unlock } from "../locking/spinlock.ts";
import { alloc_page, put_page } from "./page_alloc.ts";

/** A slot with this bit is no page: DAX keeps entries of its own in the tree. */
export const RADIX_TREE_EXCEPTIONAL_ENTRY = 1 << 30;

const slot_name = (id: number): string => `slot ${id & 0xfff} of file ${id >> 12}`;
const SLOT_READ = pointKind("page-cache slot", "read", slot_name);
const SLOT_WRITE = pointKind("page-cache slot", "write", slot_name);

/** Reads one slot of mapping->i_pages (page_tree). */
export function* slot_get(mapping: AddressSpace, index: number): Preemptible<number> {
  if (preempt(SLOT_READ, (mapping.id << 12) | index)) yield;
  assert(index < mapping.i_pages.length, "a slot beyond the file");
  return mapping.i_pages[index]!;
}

export function* slot_set(
  mapping: AddressSpace, index: number, value: number,
): Preemptible<void> {
  if (preempt(SLOT_WRITE, (mapping.id << 12) | index)) yield;
  assert(index < mapping.i_pages.length, "a slot beyond the file");
  mapping.i_pages[index] = value;
  changed();
}

/** find_lock_page(): the page at `index`, referenced and locked; 0: none. */
export function* find_lock_page(mapping: AddressSpace, index: number): Preemptible<number> {
  for (;;) {
    yield* spin_lock(mapping.tree_lock);
    const frame = yield* slot_get(mapping, index);
    const none = frame === 0 || (frame & RADIX_TREE_EXCEPTIONAL_ENTRY) !== 0;
    if (!none) yield* get_page(frame);
    spin_unlock(mapping.tree_lock);
    if (none) return 0;
    yield* lock_page(frame);
    // Truncated while we waited for the lock?
    if (mem.mapping[frame] === mapping.id && mem.index[frame] === index) return frame;
    unlock_page(frame);
    yield* put_page(frame);
  }
}

/** The page at `index`, made (zeroed) when missing; locked, with a reference. 0: no memory. */
export function* find_or_create_page(
  mapping: AddressSpace, index: number,
): Preemptible<number> {
  for (;;) {
    const found = yield* find_lock_page(mapping, index);
    if (found !== 0) return found;
    const frame = yield* alloc_page(FILE);
    if (frame === 0) return 0;
    mem.flags[frame] = PG_uptodate;
    __SetPageLocked(frame);
    if (yield* add_to_page_cache(mapping, index, frame)) return frame;
    unlock_page(frame);
    yield* put_page(frame);
  }
}

/** False when another task was first. The cache holds a reference of its own. */
function* add_to_page_cache(
  mapping: AddressSpace, index: number, frame: number,
): Preemptible<boolean> {
  yield* spin_lock(mapping.tree_lock);
  const empty = (yield* slot_get(mapping, index)) === 0;
  if (empty) {
    mem.mapping[frame] = mapping.id;
    mem.index[frame] = index;
    mapping.nrpages++;
    yield* get_page(frame);
    yield* slot_set(mapping, index, frame);
  }
  spin_unlock(mapping.tree_lock);
  return empty;
}

/** delete_from_page_cache(): the page is locked by the caller and mapped nowhere. */
export function* delete_from_page_cache(
  mapping: AddressSpace, frame: number,
): Preemptible<void> {
  VM_BUG_ON((mem.flags[frame]! & PG_locked) === 0, "!PageLocked(page)", "mm/filemap.c");
  if (mem.mapcount[frame] !== 0) {
    pr_bug(`BUG: Bad page cache in process task  pfn:${frame.toString(16).padStart(5, "0")}`);
    printk("page dumped because: still mapped when deleted");
  }
  yield* spin_lock(mapping.tree_lock);
  yield* slot_set(mapping, mem.index[frame]!, 0);
  mapping.nrpages--;
  mem.mapping[frame] = 0;
  spin_unlock(mapping.tree_lock);
  yield* put_page(frame);
}
