// SPDX-License-Identifier: GPL-2.0-only
// The TLB: stale entries are really used, flushes reach what they overlap, the oldest goes first.
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { geometry, set_geometry } from "./geometry.ts";
import { ANON, mem, PMEM } from "./phys.ts";
import { hit, TLB_ENTRIES, tlb_entries, tlb_fill, tlb_invalidate, tlb_lookup, tlb_reset } from
  "./tlb.ts";

beforeEach(() => {
  set_geometry("small");
  mem.reset(0);
  tlb_reset();
});

const MM = 1;
const frameAt = (cpu: number, vpn: number, write = false): number | null =>
  tlb_lookup(cpu, MM, vpn, write) ? hit.frame : null;
const fill = (cpu: number, vpn: number, pfn: number): void =>
  tlb_fill(cpu, MM, vpn, pfn, false, false, false);

describe("hits", () => {
  test("belong to one CPU and one address space", () => {
    fill(0, 3, 30);
    expect(frameAt(0, 3)).toBe(30);
    expect(frameAt(1, 3)).toBe(null);
    expect(tlb_lookup(0, MM + 1, 3, false)).toBe(false);
    expect(frameAt(0, 4)).toBe(null);
  });

  test("for a write only when the walk that filled the entry was a write", () => {
    tlb_fill(0, MM, 1, 11, true, true, false);
    tlb_fill(0, MM, 2, 12, true, false, false);
    tlb_fill(0, MM, 3, 13, false, false, false);
    expect([1, 2, 3].map((vpn) => frameAt(0, vpn, true))).toEqual([11, null, null]);
    expect([1, 2, 3].map((vpn) => frameAt(0, vpn))).toEqual([11, 12, 13]);
    expect(() => tlb_fill(0, MM, 4, 14, false, true, false)).toThrow("dirties only");
  });

  test("of a huge entry find the page inside of it", () => {
    const run = mem.take_run(PMEM, geometry.entries);
    tlb_fill(0, MM, 21, run, false, false, true);
    expect([16, 19, 23].map((vpn) => frameAt(0, vpn))).toEqual([run, run + 3, run + 7]);
    expect([15, 24].map((vpn) => frameAt(0, vpn))).toEqual([null, null]);
    expect(tlb_entries(0, MM)).toEqual([[16, run, true]]);
  });

  test("are stale once the frame was freed after the fill, and are used all the same", () => {
    const frame = mem.take(ANON);
    fill(0, 1, frame);
    expect([frameAt(0, 1), hit.stale]).toEqual([frame, false]);
    mem.give_back(frame);
    expect([frameAt(0, 1), hit.stale]).toEqual([frame, true]);
    fill(0, 2, frame);
    expect([frameAt(0, 2), hit.stale]).toEqual([frame, false]);
  });

  test("of a huge page are stale page by page, whatever was freed before the fill", () => {
    const run = mem.take_run(PMEM, geometry.entries);
    mem.expire(run);
    mem.expire(run + 5);
    tlb_fill(0, MM, 0, run, false, false, true);
    const stale = (): boolean[] =>
      [0, 1, 5].map((vpn) => frameAt(0, vpn) !== null && hit.stale);
    expect(stale()).toEqual([false, false, false]);
    mem.expire(run + 1);
    expect(stale()).toEqual([false, true, false]);
  });
});

describe("flushes", () => {
  test("end at `end`, and take a huge entry that they touch at either side", () => {
    const run = mem.take_run(PMEM, geometry.entries);
    const left = (start: number, end: number): number[] => {
      tlb_reset();
      tlb_fill(0, MM, 8, run, false, false, true);
      fill(0, 7, 40);
      fill(0, 16, 41);
      tlb_invalidate(0, MM, start, end);
      return tlb_entries(0, MM).map(([vpn]) => vpn);
    };
    expect(left(7, 8)).toEqual([8, 16]);
    expect(left(6, 9)).toEqual([16]);
    expect(left(15, 16)).toEqual([7, 16]);
    expect(left(16, 17)).toEqual([8, 7]);
    expect(left(0, 7)).toEqual([8, 7, 16]);
    expect(() => left(3, 3)).toThrow("a flush of no page");
  });

  test("leave other CPUs and address spaces alone", () => {
    fill(0, 1, 10);
    fill(1, 1, 11);
    tlb_fill(0, MM + 1, 1, 12, false, false, false);
    tlb_invalidate(0, MM, 0, 100);
    expect(frameAt(0, 1)).toBe(null);
    expect(frameAt(1, 1)).toBe(11);
    expect(tlb_lookup(0, MM + 1, 1, false)).toBe(true);
  });
});

describe("capacity", () => {
  test("the oldest entry goes, also after flushes from the middle", () => {
    for (let vpn = 0; vpn < TLB_ENTRIES + 2; vpn++) fill(0, vpn, 100 + vpn);
    const vpns = (): number[] => tlb_entries(0, MM).map(([vpn]) => vpn);
    expect(vpns()[0]).toBe(2);
    expect(vpns()).toHaveLength(TLB_ENTRIES);
    tlb_invalidate(0, MM, 5, 7);
    for (const vpn of [50, 51, 52]) fill(0, vpn, 100 + vpn);
    expect(vpns()).toEqual([3, 4, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 50, 51, 52]);
  });

  test("of two entries for a page the newer one is used", () => {
    fill(0, 1, 10);
    for (let vpn = 2; vpn < TLB_ENTRIES + 1; vpn++) fill(0, vpn, vpn);
    fill(0, 5, 99);
    expect(frameAt(0, 5)).toBe(99);
  });
});

// The model: a list of entries in the order of their fills, and a time of death for each frame.

interface Entry {
  cpu: number;
  asid: number;
  vpn: number;
  pages: number;
  pfn: number;
  writable: boolean;
  dirtied: boolean;
  died: number[];
}

const cpu = fc.nat(1);
const asid = fc.integer({ min: 1, max: 2 });
const vpn = fc.nat(40);
const bool = fc.boolean();
const command = fc.oneof(
  { weight: 4, arbitrary: fc.record({
    op: fc.constant("fill" as const), cpu, asid, vpn, pfn: fc.nat(3), write: bool, rw: bool,
    huge: bool,
  }) },
  { weight: 4, arbitrary: fc.record({
    op: fc.constant("look" as const), cpu, asid, vpn, write: bool,
  }) },
  { weight: 1, arbitrary: fc.record({
    op: fc.constant("flush" as const), cpu, asid, vpn, pages: fc.integer({ min: 1, max: 12 }),
  }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("free" as const), frame: fc.nat(31) }) },
);

class Model {
  entries: Entry[] = [];
  deaths = new Map<number, number>();

  constructor(private readonly first: number) {}

  run(c: (typeof command) extends fc.Arbitrary<infer C> ? C : never): void {
    if (c.op === "free") {
      const frame = this.first + c.frame;
      mem.expire(frame);
      this.deaths.set(frame, (this.deaths.get(frame) ?? 0) + 1);
    } else if (c.op === "flush") {
      tlb_invalidate(c.cpu, c.asid, c.vpn, c.vpn + c.pages);
      this.entries = this.entries.filter((e) => e.cpu !== c.cpu || e.asid !== c.asid ||
        e.vpn >= c.vpn + c.pages || e.vpn + e.pages <= c.vpn);
    } else if (c.op === "fill") {
      this.fill(c.cpu, c.asid, c.vpn, this.first + c.pfn * geometry.entries, c.rw || c.write,
        c.write, c.huge);
    } else {
      const found = tlb_lookup(c.cpu, c.asid, c.vpn, c.write);
      const entry = this.entries.findLast((e) => e.cpu === c.cpu && e.asid === c.asid &&
        c.vpn >= e.vpn && c.vpn < e.vpn + e.pages && (!c.write || (e.writable && e.dirtied)));
      expect(found).toBe(entry !== undefined);
      if (entry === undefined) return;
      const frame = entry.pfn + c.vpn - entry.vpn;
      const stale = (this.deaths.get(frame) ?? 0) !== entry.died[c.vpn - entry.vpn];
      expect([hit.frame, hit.stale]).toEqual([frame, stale]);
    }
  }

  fill(
    onCpu: number, inMm: number, page: number, pfn: number, writable: boolean, dirtied: boolean,
    huge: boolean,
  ): void {
    tlb_fill(onCpu, inMm, page, pfn, writable, dirtied, huge);
    const pages = huge ? geometry.entries : 1;
    const died = Array.from({ length: pages }, (_, i) => this.deaths.get(pfn + i) ?? 0);
    const start = huge ? page & ~geometry.mask : page;
    this.entries.push({ cpu: onCpu, asid: inMm, vpn: start, pages, pfn, writable, dirtied, died });
    const own = this.entries.filter((e) => e.cpu === onCpu);
    if (own.length > TLB_ENTRIES) this.entries.splice(this.entries.indexOf(own[0]!), 1);
  }
}

test("agrees with a list of entries under any commands", () => {
  const property = fc.property(fc.array(command, { size: "max", maxLength: 120 }), (commands) => {
    mem.reset(0);
    tlb_reset();
    const model = new Model(mem.take_run(PMEM, 4 * geometry.entries));
    for (const c of commands) model.run(c);
  });
  fc.assert(property, { seed: 42, numRuns: 150 });
});
