// SPDX-License-Identifier: GPL-2.0-only
// The page walk: where it leads, which bits it sets, what it leaves in the TLB.
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { geometry, LEVELS, set_geometry, table_index } from "./geometry.ts";
import { ANON, mem, PMD_TABLE, PMEM, PTE_TABLE, UPPER_TABLE } from "./phys.ts";
import {
  as_pmd, as_pte, mk_huge_pmd, mk_pte, mk_table, PAGE_READONLY, PAGE_SHARED, pmd_dirty, pmd_huge,
  pmd_mkdirty, pmd_mkyoung, pmd_pfn, pmd_present, pmd_write, pte_dirty, pte_mkdirty, pte_mkyoung,
  pte_pfn, pte_present, pte_write, pte_young,
} from "./pte.ts";
import { hit, tlb_entries, tlb_fill, tlb_lookup, tlb_reset } from "./tlb.ts";
import { walk, walked } from "./walk.ts";

const KINDS = [PTE_TABLE, PMD_TABLE, UPPER_TABLE, UPPER_TABLE];
const MM = 1;
let root = 0;

function boot(name: "small" | "x86-64"): void {
  set_geometry(name);
  mem.reset(0);
  tlb_reset();
  root = mem.take(UPPER_TABLE);
}

/** The word of the entry for `vpn` at `level`, with all tables above it made. */
function entryAt(vpn: number, level: number): number {
  let table = root;
  for (let l = LEVELS - 1; l > level; l--) {
    const pointer = (table << geometry.shift) + table_index(vpn, l);
    const word = as_pmd(mem.words[pointer]!);
    if (!pmd_present(word) || pmd_huge(word)) {
      mem.words[pointer] = mk_table(mem.take(KINDS[l - 1]!));
    }
    table = pmd_pfn(as_pmd(mem.words[pointer]!));
  }
  return (table << geometry.shift) + table_index(vpn, level);
}

describe.each(["small", "x86-64"] as const)("%s", (name) => {
  beforeEach(() => boot(name));

  test("a load sets accessed, a store sets dirty too", () => {
    const frame = mem.take(ANON);
    const pointer = entryAt(5, 0);
    mem.words[pointer] = mk_pte(frame, PAGE_SHARED);
    expect([walk(0, MM, root, 5, false), walked.frame]).toEqual([true, frame]);
    const pte = (): ReturnType<typeof as_pte> => as_pte(mem.words[pointer]!);
    expect([pte_young(pte()), pte_dirty(pte())]).toEqual([true, false]);
    expect(walk(0, MM, root, 5, true)).toBe(true);
    expect([pte_young(pte()), pte_dirty(pte())]).toEqual([true, true]);
  });

  test("faults, and changes nothing: not present, or a store to what is read-only", () => {
    const pointer = entryAt(5, 0);
    expect(walk(0, MM, root, 5, false)).toBe(false);
    expect(walk(0, MM, root, geometry.entries ** 3, false)).toBe(false);
    mem.words[pointer] = mk_pte(mem.take(ANON), PAGE_READONLY);
    const before = mem.words[pointer];
    expect(walk(0, MM, root, 5, true)).toBe(false);
    expect(mem.words[pointer]).toBe(before);
    expect(tlb_entries(0, MM)).toEqual([]);
  });

  test("a huge page maps every page below its entry, and only at the PMD level", () => {
    const run = mem.take_run(PMEM, geometry.entries);
    const vpn = 3 * geometry.entries;
    const pointer = entryAt(vpn, 1);
    mem.words[pointer] = mk_huge_pmd(run, PAGE_SHARED);
    expect([walk(0, MM, root, vpn + 7, false), walked.frame]).toEqual([true, run + 7]);
    expect(pmd_dirty(as_pmd(mem.words[pointer]!))).toBe(false);
    expect([walk(0, MM, root, vpn + 2, true), walked.frame]).toEqual([true, run + 2]);
    expect(pmd_dirty(as_pmd(mem.words[pointer]!))).toBe(true);
    expect(tlb_entries(0, MM)).toEqual([[vpn, run, true]]);
    mem.words[pointer] = mk_huge_pmd(run, PAGE_READONLY);
    expect(walk(0, MM, root, vpn, true)).toBe(false);
    mem.words[entryAt(vpn, 2)] = mk_huge_pmd(run, PAGE_SHARED);
    expect(walk(0, MM, root, vpn, false)).toBe(false);
  });
});

describe("the TLB after a walk", () => {
  beforeEach(() => boot("small"));

  test("has the page, with the rights of the entry", () => {
    const frame = mem.take(ANON);
    mem.words[entryAt(5, 0)] = mk_pte(frame, PAGE_SHARED);
    walk(2, MM, root, 5, false);
    expect([tlb_lookup(2, MM, 5, false), hit.frame]).toEqual([true, frame]);
    // Not for stores: the dirty bit is still to be set.
    expect(tlb_lookup(2, MM, 5, true)).toBe(false);
    walk(2, MM, root, 5, true);
    expect(tlb_lookup(2, MM, 5, true)).toBe(true);
    expect(tlb_entries(2, MM)).toHaveLength(1);
    expect(tlb_lookup(0, MM, 5, false)).toBe(false);
  });

  test("has lost what it had for the page, small or huge, also when the walk faults", () => {
    const run = mem.take_run(PMEM, geometry.entries);
    tlb_fill(0, MM, 8, run, false, false, true);
    tlb_fill(0, MM, 9, run, false, false, false);
    tlb_fill(0, MM, 16, run, false, false, false);
    expect(walk(0, MM, root, 9, true)).toBe(false);
    expect(tlb_entries(0, MM)).toEqual([[16, run, false]]);
  });

  test("is used without another look: a cleared entry still translates", () => {
    const pointer = entryAt(5, 0);
    const frame = mem.take(ANON);
    mem.words[pointer] = mk_pte(frame, PAGE_SHARED);
    walk(0, MM, root, 5, true);
    mem.words[pointer] = 0;
    mem.give_back(frame);
    expect([tlb_lookup(0, MM, 5, true), hit.frame, hit.stale]).toEqual([true, frame, true]);
  });
});

test("a walk goes through what it finds, and tells when that is no table", () => {
  boot("small");
  const page = mem.take(ANON);
  mem.words[entryAt(5, 1)] = mk_table(page);
  const told: number[] = [];
  mem.on_foreign_table = (frame) => told.push(frame);
  walk(0, MM, root, 5, false);
  mem.on_foreign_table = () => {};
  expect(told).toEqual([page]);
});

// The model: the same question, asked recursively and without side effects.

interface Answer {
  frame: number;
  /** The word that the walk writes, and where. */
  pointer: number;
  word: number;
}

function model(table: number, level: number, vpn: number, write: boolean): Answer | null {
  const pointer = (table << geometry.shift) + ((vpn >>> (level * geometry.shift)) & geometry.mask);
  const raw = mem.words[pointer]!;
  if (level === 0) {
    const pte = as_pte(raw);
    if (!pte_present(pte) || (write && !pte_write(pte))) return null;
    const young = pte_mkyoung(pte);
    return { frame: pte_pfn(pte), pointer, word: write ? pte_mkdirty(young) : young };
  }
  const pmd = as_pmd(raw);
  if (!pmd_present(pmd)) return null;
  if (!pmd_huge(pmd)) return model(pmd_pfn(pmd), level - 1, vpn, write);
  if (level > 1 || (write && !pmd_write(pmd))) return null;
  const young = pmd_mkyoung(pmd);
  const frame = pmd_pfn(pmd) + (vpn & geometry.mask);
  return { frame, pointer, word: write ? pmd_mkdirty(young) : young };
}

const spot = fc.oneof(fc.nat(40), fc.constantFrom(511, 512, 513, 4095, 262143, 134217728));
const mapping = fc.record({ vpn: spot, huge: fc.boolean(), rw: fc.boolean(), gone: fc.nat(4) });
const access = fc.record({ vpn: spot, write: fc.boolean() });

test.each(["small", "x86-64"] as const)("agrees with a recursive walk: %s", (name) => {
  const property = fc.property(
    fc.array(mapping, { maxLength: 12 }), fc.array(access, { maxLength: 20 }),
    (mappings, accesses) => {
      boot(name);
      const run = mem.take_run(PMEM, geometry.entries);
      for (const { vpn, huge, rw, gone } of mappings) {
        const prot = rw ? PAGE_SHARED : PAGE_READONLY;
        const word = huge ? mk_huge_pmd(run, prot) : mk_pte(run + (vpn & 7), prot);
        mem.words[entryAt(vpn, huge ? 1 : 0)] = gone === 0 ? 0 : word;
      }
      for (const { vpn, write } of accesses) {
        const expected = model(root, LEVELS - 1, vpn, write);
        expect(walk(0, MM, root, vpn, write)).toBe(expected !== null);
        if (expected === null) continue;
        expect([walked.frame, mem.words[expected.pointer]]).toEqual([
          expected.frame, expected.word,
        ]);
      }
    },
  );
  fc.assert(property, { seed: 42, numRuns: name === "small" ? 200 : 40 });
});
