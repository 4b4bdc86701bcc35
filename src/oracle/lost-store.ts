// SPDX-License-Identifier: GPL-2.0-only
// Programs see their own stores: a load returns the last value stored to that page, unless
// something was unmapped or discarded in between. A model of truth beside the emulated memory.
import { mem } from "../hw/phys.ts";
import { observe } from "../kernel/bug.ts";
import { linear_page_index, VM_SHARED } from "../kernel/include/mm.ts";
import type { Inode, Mm, Vma } from "../kernel/include/mm_types.ts";
import { trace } from "../kernel/trace.ts";
import { geometry } from "../hw/geometry.ts";
import type { Oracle } from "./oracle.ts";

/** What the last store to a page wrote; a page that is not here may read as anything. */
const privately = new Map<number, number>();
const shared = new Map<number, number>();
/** Ranges that are being unmapped or discarded right now: nothing is certain inside them. */
let zapping: { mm: Mm; start: number; end: number }[] = [];
let discarding: { inode: Inode; start: number; end: number; touched: boolean }[] = [];

const SPACE = 1 << 20;

function vma_at(mm: Mm, vpn: number): Vma | undefined {
  return mm.mmap.find((vma) => vpn >= vma.vm_start && vpn < vma.vm_end);
}

function user_access(
  mm: Mm, vpn: number, _frame: number, write: boolean, value: number, stale: boolean,
): void {
  if (stale) observe("stale TLB entry used after its page was freed");
  const vma = vma_at(mm, vpn);
  if (vma === undefined) {
    // Through a TLB, to a mapping that is being taken down: legal, and nobody knows which page.
    if (write) forget_all();
    return;
  }
  const isShared = (vma.vm_flags & VM_SHARED) !== 0;
  const index = linear_page_index(vma, vpn);
  const key = isShared ? vma.vm_file!.id * SPACE + index : mm.id * SPACE + vpn;
  const truth = isShared ? shared : privately;
  const busy = isShared
    ? being_discarded(vma.vm_file!, index, write)
    : zapping.some((z) => z.mm === mm && vpn >= z.start && vpn < z.end);
  if (busy) {
    truth.delete(key);
  } else if (write) {
    truth.set(key, value);
  } else {
    const last = truth.get(key);
    if (last !== undefined && last !== value) {
      observe(isShared ? "lost store to a shared page" : "lost store to a private page");
    }
  }
}

/** Is a system call discarding or writing the page? A store then leaves its outcome open. */
function being_discarded(inode: Inode, index: number, write: boolean): boolean {
  let busy = false;
  for (const range of discarding) {
    if (range.inode !== inode || index < range.start || index >= range.end) continue;
    busy = true;
    if (write) range.touched = true;
  }
  return busy;
}

function forget_all(): void {
  privately.clear();
  shared.clear();
}

function forget(truth: Map<number, number>, base: number, start: number, end: number): void {
  if (truth.size === 0) return;
  for (let i = start; i < end; i++) truth.delete(base + i);
}

function zap_begin(mm: Mm, start: number, end: number): void {
  forget(privately, mm.id * SPACE, start, end);
  zapping.push({ mm, start, end });
}

function zap_end(mm: Mm, start: number, end: number): void {
  forget(privately, mm.id * SPACE, start, end);
  const done = zapping.findIndex((z) => z.mm === mm && z.start === start && z.end === end);
  zapping.splice(done, 1);
}

function discard_begin(inode: Inode, start: number, end: number): void {
  forget(shared, inode.id * SPACE, start, end);
  discarding.push({ inode, start, end, touched: false });
}

/** True when a program stored into the range meanwhile. */
function discard_end(inode: Inode, start: number, end: number): boolean {
  forget(shared, inode.id * SPACE, start, end);
  const done = discarding.findIndex((d) => d.inode === inode && d.start === start && d.end === end);
  return discarding.splice(done, 1)[0]!.touched;
}

function write_begin(inode: Inode, index: number): void {
  discard_begin(inode, index, index + 1);
}

/** write(2) and mappings show one file: a later load must see what was written. */
function write_end(inode: Inode, index: number, value: number): void {
  const touched = discard_end(inode, index, index + 1);
  if (!touched) shared.set(inode.id * SPACE + index, value);
}

/** A private copy must be a copy: the mark beside the visible byte tells (block_mark()). */
function cow_copied(from: number, to: number): void {
  if (mem.words[(from << geometry.shift) + 1] === mem.words[(to << geometry.shift) + 1]) return;
  observe("private copy of a file page lost its data");
}

export const lostStore: Oracle = {
  name: "lost-store",
  reset() {
    privately.clear();
    shared.clear();
    zapping = [];
    discarding = [];
    trace.user_access = user_access;
    trace.zap_begin = zap_begin;
    trace.zap_end = zap_end;
    trace.discard_begin = discard_begin;
    trace.discard_end = discard_end;
    trace.write_begin = write_begin;
    trace.write_end = write_end;
    trace.cow_copied = cow_copied;
  },
};
