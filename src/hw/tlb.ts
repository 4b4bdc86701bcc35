// SPDX-License-Identifier: GPL-2.0-only
// A TLB per CPU: entries stay until they are flushed, and a stale one is really used.
// Leaves out: PCIDs (an entry carries its address space), paging-structure caches, capacity
// pressure other than first-in-first-out.
import { assert } from "../lib/assert.ts";
import { TASKS_MAX } from "../sched/point.ts";
import { geometry } from "./geometry.ts";
import { mem } from "./phys.ts";

export const TLB_ENTRIES = 16;
const STRIDE = 6;
// Fields of an entry; VPN is the first page of a huge entry.
const ASID = 0;
const VPN = 1;
const PFN = 2;
const FLAGS = 3;
const FILLED = 4;

const WRITABLE = 1;
const DIRTIED = 2;
const HUGE = 4;

/** For each CPU its `used` entries, oldest first. */
const entries = new Int32Array(TASKS_MAX * TLB_ENTRIES * STRIDE);
const used = new Uint8Array(TASKS_MAX);

/** Where a hit was found: told to observers, and the way to its frame. */
export const hit = { frame: 0, stale: false };

export function tlb_reset(): void {
  used.fill(0);
}

/** True when `cpu` has a usable translation of `vpn`; hit.frame is then the page's frame. */
export function tlb_lookup(cpu: number, asid: number, vpn: number, write: boolean): boolean {
  const base = cpu * TLB_ENTRIES * STRIDE;
  const need = write ? WRITABLE | DIRTIED : 0;
  for (let e = base + (used[cpu]! - 1) * STRIDE; e >= base; e -= STRIDE) {
    const flags = entries[e + FLAGS]!;
    const first = (flags & HUGE) !== 0 ? vpn & ~geometry.mask : vpn;
    if (entries[e + VPN] !== first || entries[e + ASID] !== asid) continue;
    if ((flags & need) !== need) continue;
    hit.frame = entries[e + PFN]! + (vpn - first);
    hit.stale = mem.gen[hit.frame]! > entries[e + FILLED]!;
    return true;
  }
  return false;
}

/** Caches a translation that a walk has just found. `dirtied`: the walk set the dirty bit. */
export function tlb_fill(
  cpu: number, asid: number, vpn: number, pfn: number, writable: boolean, dirtied: boolean,
  huge: boolean,
): void {
  assert(!dirtied || writable, "a walk dirties only what it may write");
  // Entries stand in the order of their fills: the newest is looked at first, the oldest goes.
  const base = cpu * TLB_ENTRIES * STRIDE;
  if (used[cpu] === TLB_ENTRIES) {
    entries.copyWithin(base, base + STRIDE, base + TLB_ENTRIES * STRIDE);
    used[cpu]!--;
  }
  const e = base + used[cpu]!++ * STRIDE;
  entries[e + ASID] = asid;
  entries[e + VPN] = huge ? vpn & ~geometry.mask : vpn;
  entries[e + PFN] = pfn;
  entries[e + FLAGS] = (writable ? WRITABLE : 0) | (dirtied ? DIRTIED : 0) | (huge ? HUGE : 0);
  entries[e + FILLED] = mem.clock;
}

/** INVLPG over pages [start, end) of `asid` on one CPU; a huge entry goes when it overlaps. */
export function tlb_invalidate(cpu: number, asid: number, start: number, end: number): void {
  assert(start < end, "a flush of no page");
  const base = cpu * TLB_ENTRIES;
  let kept = 0;
  for (let i = 0; i < used[cpu]!; i++) {
    const e = (base + i) * STRIDE;
    const first = entries[e + VPN]!;
    const pages = (entries[e + FLAGS]! & HUGE) !== 0 ? geometry.entries : 1;
    if (entries[e + ASID] === asid && first < end && first + pages > start) continue;
    if (kept !== i) entries.copyWithin((base + kept) * STRIDE, e, e + STRIDE);
    kept++;
  }
  used[cpu] = kept;
}

/** Entries of `asid` that `cpu` holds, for observers: [vpn, pfn, huge] each. */
export function tlb_entries(cpu: number, asid: number): [number, number, boolean][] {
  const list: [number, number, boolean][] = [];
  for (let i = 0; i < used[cpu]!; i++) {
    const e = (cpu * TLB_ENTRIES + i) * STRIDE;
    if (entries[e + ASID] !== asid) continue;
    list.push([entries[e + VPN]!, entries[e + PFN]!, (entries[e + FLAGS]! & HUGE) !== 0]);
  }
  return list;
}
