// SPDX-License-Identifier: GPL-2.0-only
// DAX mapping entries: what stands in mapping->page_tree of a DAX file, and the entry lock.
// Models: fs/dax.c (v4.11 to v4.13: entry lock, wait queues, grab_mapping_entry).
// Fidelity: faithful; the 4096 hashed wait queues are one queue a key, since a waiter with
// another key on the same queue is never woken by it.
// Locks: tree_lock guards the slots; the entry lock sleeps and ranks with the page lock.
import { assert } from "../../lib/assert.ts";
import { geometry } from "../../hw/geometry.ts";
import { mem } from "../../hw/phys.ts";
import { block, changed, current, pointKind, preempt, wake } from "../../sched/point.ts";
import type { Preemptible } from "../../sched/point.ts";
import { traceChange, traceRelease, tracing } from "../../sched/trace.ts";
import { WARN_ON_ONCE } from "../bug.ts";
import { EEXIST } from "../errno.ts";
import type { AddressSpace } from "../include/mm_types.ts";
import { get_page } from "../include/page-flags.ts";
import { lock_page, unlock_page } from "../locking/pagelock.ts";
import { spin_is_locked, spin_lock, spin_unlock } from "../locking/spinlock.ts";
import {
  delete_from_page_cache, find_lock_page, RADIX_TREE_EXCEPTIONAL_ENTRY,
} from "../mm/filemap.ts";
import { unmap_mapping_range } from "../mm/memory-unmap.ts";
import { put_page } from "../mm/page_alloc.ts";

/** An exceptional entry; a slot without this bit is a page-cache page (or 0: nothing). */
export const RADIX_DAX = RADIX_TREE_EXCEPTIONAL_ENTRY;
const RADIX_DAX_ENTRY_LOCK = 1 << 29;
export const RADIX_DAX_PMD = 1 << 28;
/** The huge zero page stands for the whole range (with PMD), or the zero page (without). */
export const RADIX_DAX_HZP = 1 << 27;
/** A placeholder that exists only to be locked. */
export const RADIX_DAX_EMPTY = 1 << 26;
/** PAGECACHE_TAG_DIRTY: not part of the entry in Linux, but stored with it. */
const TAG_DIRTY = 1 << 25;
const FRAME = (1 << 24) - 1;

const ENTRIES_MAX = 64;
/** Numbers of files are below this; see new_inode(). */
const FILES_MAX = 256;
const files: (AddressSpace | undefined)[] = [];
/** Who locked an entry, by mapping and slot; meaningful while its lock bit is set. */
const owner = new Int8Array(FILES_MAX * ENTRIES_MAX);

const key_of = (mapping: AddressSpace, index: number): number =>
  mapping.id * ENTRIES_MAX + index;
const key_name = (key: number): string => `DAX entry ${key % ENTRIES_MAX}`;

const ENTRY_READ = pointKind("dax entry", "read", key_name);
const ENTRY_WRITE = pointKind("dax entry", "write", key_name);
const ENTRY_LOCK = pointKind("DAX entry lock", "acquire", key_name, (key) => {
  const mapping = files[Math.floor(key / ENTRIES_MAX)];
  if (mapping === undefined) return 0;
  const slot = slot_of(mapping, key % ENTRIES_MAX);
  const locked = (mapping.i_pages[slot]! & RADIX_DAX_ENTRY_LOCK) !== 0;
  return locked ? 1 << owner[key_of(mapping, slot)]! : 0;
});

export function dax_reset(): void {
  files.length = 0;
}

/** A file's tree can be found from a lock's key: for the wait-for graph. */
export function dax_register(mapping: AddressSpace): void {
  assert(mapping.id < FILES_MAX, "more files than there are entry locks");
  files[mapping.id] = mapping;
}

export function is_exceptional(entry: number): boolean {
  return (entry & RADIX_DAX) !== 0;
}
export function is_pmd_entry(entry: number): boolean {
  return is_exceptional(entry) && (entry & RADIX_DAX_PMD) !== 0;
}
export function is_zero_entry(entry: number): boolean {
  return is_exceptional(entry) && (entry & RADIX_DAX_HZP) !== 0;
}
export function is_empty_entry(entry: number): boolean {
  return is_exceptional(entry) && (entry & RADIX_DAX_EMPTY) !== 0;
}
export function is_dirty_entry(entry: number): boolean {
  return is_exceptional(entry) && (entry & TAG_DIRTY) !== 0;
}
export function entry_frame(entry: number): number {
  return entry & FRAME;
}
function is_locked(entry: number): boolean {
  return is_exceptional(entry) && (entry & RADIX_DAX_ENTRY_LOCK) !== 0;
}

/** The slot that holds the entry for `index`: a PMD entry stands at the base of its range. */
function slot_of(mapping: AddressSpace, index: number): number {
  const base = index & ~geometry.mask;
  return is_pmd_entry(mapping.i_pages[base]!) ? base : index;
}

/** An entry as a report says it; a small one with the file page that it stands for. */
function describe_entry(entry: number, slot: number): string {
  if (entry === 0) return "none";
  if (!is_exceptional(entry)) return `page ${entry} at ${slot}`;
  const size = is_pmd_entry(entry) ? "PMD" : `page ${slot}`;
  const what = is_empty_entry(entry) ? "EMPTY" : is_zero_entry(entry) ? "HZP" : "BLOCK";
  return `${size} ${what}`;
}

/** Looks the entry for `index` up; tree_lock is held. */
function* radix_tree_lookup(mapping: AddressSpace, index: number): Preemptible<number> {
  if (preempt(ENTRY_READ, key_of(mapping, index & ~geometry.mask))) yield;
  assert(spin_is_locked(mapping.tree_lock), "a slot is read without tree_lock");
  return mapping.i_pages[slot_of(mapping, index)]!;
}

/** Writes the slot of `index`'s range; tree_lock is held. */
function* radix_tree_store(
  mapping: AddressSpace, slot: number, entry: number,
): Preemptible<void> {
  if (preempt(ENTRY_WRITE, key_of(mapping, slot & ~geometry.mask))) yield;
  assert(spin_is_locked(mapping.tree_lock), "a slot is written without tree_lock");
  if (tracing()) {
    const [from, to] = [mapping.i_pages[slot]!, entry].map((e) => describe_entry(e, slot));
    const range = key_of(mapping, slot & ~geometry.mask);
    if (from !== to) traceChange(key_name(range), from!, to!);
  }
  if (mapping.i_pages[slot] === 0) mapping.nrexceptional++;
  if (entry === 0) mapping.nrexceptional--;
  mapping.i_pages[slot] = entry;
  changed();
}

/** The key of a waiter: for a PMD entry the index is rounded down to the range. */
function wait_key(mapping: AddressSpace, index: number, entry: number): number {
  return key_of(mapping, is_pmd_entry(entry) ? index & ~geometry.mask : index);
}

/** Sleeps until the entry of `index` is unlocked; returns it, with tree_lock held as before. */
export function* get_unlocked_mapping_entry(
  mapping: AddressSpace, index: number,
): Preemptible<number> {
  for (;;) {
    const entry = yield* radix_tree_lookup(mapping, index);
    if (!is_locked(entry)) return entry;
    yield* wait_entry_unlocked(mapping, index, entry);
  }
}

/** Queues itself under tree_lock (so no wake-up is lost), drops it, sleeps, takes it again. */
function* wait_entry_unlocked(
  mapping: AddressSpace, index: number, entry: number,
): Preemptible<void> {
  yield* sleep_on_entry(mapping, wait_key(mapping, index, entry));
  yield* spin_lock(mapping.tree_lock);
}

function* sleep_on_entry(mapping: AddressSpace, key: number): Preemptible<void> {
  spin_unlock(mapping.tree_lock);
  block(ENTRY_LOCK, key);
  yield;
}

/** Sets the lock bit; tree_lock is held. Returns the locked entry. */
export function* lock_slot(
  mapping: AddressSpace, index: number, entry: number,
): Preemptible<number> {
  if (preempt(ENTRY_LOCK, wait_key(mapping, index, entry))) yield;
  assert(is_exceptional(entry), "only entries have an entry lock");
  assert(!is_locked(entry), "the entry is locked already");
  const slot = is_pmd_entry(entry) ? index & ~geometry.mask : index;
  owner[key_of(mapping, slot)] = current();
  mapping.i_pages[slot]! |= RADIX_DAX_ENTRY_LOCK;
  return mapping.i_pages[slot]!;
}

/** Wakes one waiter of the entry, or all. */
function dax_wake_mapping_entry_waiter(
  mapping: AddressSpace, index: number, entry: number, all: boolean,
): void {
  const key = wait_key(mapping, index, entry);
  if (all) wake(ENTRY_LOCK, key);
  else wake(ENTRY_LOCK, key, 1);
}

/** A task that waited and then did not lock must pass the exclusive wake-up on. */
export function put_unlocked_mapping_entry(
  mapping: AddressSpace, index: number, entry: number,
): void {
  if (is_exceptional(entry)) dax_wake_mapping_entry_waiter(mapping, index, entry, false);
}

/** Unlocks what grab_mapping_entry() returned: a DAX entry, or a locked page. */
export function* put_locked_mapping_entry(
  mapping: AddressSpace, index: number, entry: number,
): Preemptible<void> {
  assert(entry !== 0, "no entry to unlock");
  if (!is_exceptional(entry)) {
    unlock_page(entry);
    yield* put_page(entry);
    return;
  }
  yield* spin_lock(mapping.tree_lock);
  const slot = slot_of(mapping, index);
  mapping.i_pages[slot]! &= ~RADIX_DAX_ENTRY_LOCK;
  traceRelease(ENTRY_LOCK, key_of(mapping, slot));
  spin_unlock(mapping.tree_lock);
  dax_wake_mapping_entry_waiter(mapping, index, entry, false);
}

/** 4K entries win over a new PMD entry: any of them in the range refuses it. */
function range_is_taken(mapping: AddressSpace, index: number): boolean {
  const base = index & ~geometry.mask;
  const end = Math.min(base + geometry.entries, mapping.i_pages.length);
  for (let i = base; i < end; i++) if (mapping.i_pages[i] !== 0) return true;
  return false;
}

/**
 * Finds, or makes, and locks the entry for `index`. Returns the locked entry, a locked page (a
 * hole page of v4.13 and before), or -EEXIST when a PMD was wanted and smaller entries stand there.
 * Key rule: an existing PMD entry with storage is shared by PTE and PMD faults.
 */
export function* grab_mapping_entry(
  mapping: AddressSpace, index: number, pmd: boolean,
): Preemptible<number> {
  for (;;) {
    yield* spin_lock(mapping.tree_lock);
    const entry = yield* get_unlocked_mapping_entry(mapping, index);
    if (pmd && entry !== 0 && !is_pmd_entry(entry)) {
      put_unlocked_mapping_entry(mapping, index, entry);
      spin_unlock(mapping.tree_lock);
      return -EEXIST;
    }
    const small = is_zero_entry(entry) || is_empty_entry(entry);
    const downgrade = !pmd && is_pmd_entry(entry) && small;
    if (entry === 0 || downgrade) {
      const made = yield* insert_empty_entry(mapping, index, pmd, entry, downgrade);
      if (made !== 0) return made;
      continue;
    }
    if (!is_exceptional(entry)) {
      const page = yield* lock_hole_page(mapping, entry);
      if (page !== 0) return page;
      continue;
    }
    const locked = yield* lock_slot(mapping, index, entry);
    spin_unlock(mapping.tree_lock);
    return locked;
  }
}

/** Entered with tree_lock held; returns 0 to start over. Drops tree_lock. */
function* insert_empty_entry(
  mapping: AddressSpace, index: number, pmd: boolean, old: number, downgrade: boolean,
): Preemptible<number> {
  const base = index & ~geometry.mask;
  // The lock bit on the old entry keeps it valid while tree_lock is dropped.
  if (downgrade) yield* lock_slot(mapping, index, old);
  spin_unlock(mapping.tree_lock);
  if (downgrade && is_zero_entry(old)) {
    yield* unmap_mapping_range(mapping, base, base + geometry.entries, false);
  }
  yield* spin_lock(mapping.tree_lock);
  if (!downgrade && (yield* radix_tree_lookup(mapping, index)) !== 0) {
    spin_unlock(mapping.tree_lock);
    return 0;
  }
  if (downgrade) {
    yield* radix_tree_store(mapping, base, 0);
    dax_wake_mapping_entry_waiter(mapping, index, old, true);
  }
  if (pmd && range_is_taken(mapping, index)) {
    spin_unlock(mapping.tree_lock);
    return -EEXIST;
  }
  const slot = pmd ? base : index;
  const made = RADIX_DAX | RADIX_DAX_EMPTY | (pmd ? RADIX_DAX_PMD : 0);
  yield* radix_tree_store(mapping, slot, made);
  const locked = yield* lock_slot(mapping, index, made);
  spin_unlock(mapping.tree_lock);
  return locked;
}

/** Entered with tree_lock held; 0: truncated meanwhile. */
function* lock_hole_page(mapping: AddressSpace, frame: number): Preemptible<number> {
  yield* get_page(frame);
  spin_unlock(mapping.tree_lock);
  yield* lock_page(frame);
  if (mem.mapping[frame] === mapping.id) return frame;
  unlock_page(frame);
  yield* put_page(frame);
  return 0;
}

/**
 * Makes the locked entry say what it stands for. Only an empty or zero entry is replaced; one with
 * storage stays as it is (also a PMD entry while a PTE is inserted) and is only dirtied.
 */
export function* replace_entry(
  mapping: AddressSpace, index: number, old: number, kind: number, dirty: boolean,
): Preemptible<number> {
  assert(!is_exceptional(old) || is_locked(old), "an entry is replaced without its lock");
  yield* spin_lock(mapping.tree_lock);
  const tag = dirty ? TAG_DIRTY : 0;
  const slot = slot_of(mapping, index);
  let entry = mapping.i_pages[slot]!;
  if (!is_exceptional(old) || is_zero_entry(old) || is_empty_entry(old)) {
    entry = RADIX_DAX | RADIX_DAX_ENTRY_LOCK | kind | tag;
    yield* radix_tree_store(mapping, slot, entry);
    owner[key_of(mapping, slot)] = current();
  } else if (dirty) {
    entry |= tag;
    yield* radix_tree_store(mapping, slot, entry);
  }
  spin_unlock(mapping.tree_lock);
  return entry;
}

/** A page-cache page takes the place of the locked entry: its page lock goes on as the lock. */
export function* replace_with_page(
  mapping: AddressSpace, index: number, frame: number,
): Preemptible<void> {
  yield* spin_lock(mapping.tree_lock);
  const slot = slot_of(mapping, index);
  const old = mapping.i_pages[slot]!;
  const expected = is_empty_entry(old) && !is_pmd_entry(old);
  WARN_ON_ONCE(!expected, "mm/filemap.c", "page_cache_tree_insert");
  // An entry that covers more than the page (misaligned mappings up to v4.12) is lost with this.
  if (slot !== index) yield* radix_tree_store(mapping, slot, 0);
  mem.mapping[frame] = mapping.id;
  mem.index[frame] = index;
  mapping.nrpages++;
  yield* get_page(frame);
  yield* radix_tree_store(mapping, index, frame);
  dax_wake_mapping_entry_waiter(mapping, index, old, true);
  spin_unlock(mapping.tree_lock);
}

/** Clears the dirty tag of a locked entry (fsync has written it back). */
export function* clear_dirty_tag(mapping: AddressSpace, index: number): Preemptible<void> {
  const locked = is_locked(mapping.i_pages[slot_of(mapping, index)]!);
  WARN_ON_ONCE(!locked, "fs/dax.c", "dax_writeback_one");
  yield* spin_lock(mapping.tree_lock);
  const slot = slot_of(mapping, index);
  yield* radix_tree_store(mapping, slot, mapping.i_pages[slot]! & ~TAG_DIRTY);
  spin_unlock(mapping.tree_lock);
}

export function* tag_dirty(mapping: AddressSpace, index: number): Preemptible<void> {
  const slot = slot_of(mapping, index);
  yield* radix_tree_store(mapping, slot, mapping.i_pages[slot]! | TAG_DIRTY);
}

/** Takes whatever stands at `index` out of the tree: an entry, or a hole page with its mappings. */
export function* dax_truncate_slot(mapping: AddressSpace, index: number): Preemptible<void> {
  yield* dax_delete_mapping_entry(mapping, index);
  const page = yield* find_lock_page(mapping, index);
  if (page === 0) return;
  yield* unmap_mapping_range(mapping, index, index + 1, false);
  yield* delete_from_page_cache(mapping, page);
  unlock_page(page);
  yield* put_page(page);
}

/** dax_delete_mapping_entry(): waits for the entry lock, removes the entry, wakes everybody. */
function* dax_delete_mapping_entry(
  mapping: AddressSpace, index: number,
): Preemptible<void> {
  yield* spin_lock(mapping.tree_lock);
  const entry = yield* get_unlocked_mapping_entry(mapping, index);
  if (is_exceptional(entry)) {
    yield* radix_tree_store(mapping, slot_of(mapping, index), 0);
    dax_wake_mapping_entry_waiter(mapping, index, entry, true);
  }
  spin_unlock(mapping.tree_lock);
}
