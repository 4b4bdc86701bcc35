// SPDX-License-Identifier: GPL-2.0-only
// Accessors of entries: one point each, in front of the access, under the name of what is touched.
import { beforeEach, describe, expect, test } from "vitest";
import { geometry, set_geometry } from "../../hw/geometry.ts";
import { mem, PMD_TABLE, PMEM, PTE_TABLE, UPPER_TABLE } from "../../hw/phys.ts";
import { mk_huge_pmd, mk_pte, NO_PMD, PAGE_READONLY, PAGE_SHARED, pmd_mkdevmap } from
  "../../hw/pte.ts";
import { run } from "../../sched/point.ts";
import type { Preemptible } from "../../sched/point.ts";
import { Replay } from "../../sched/strategies/replay.ts";
import { explore, runWorld } from "../../sched/testing.ts";
import { recordTo, Trace } from "../../sched/trace.ts";
import { spin_lock, spin_reset, spin_unlock } from "../locking/spinlock.ts";
import type { Mm } from "./mm_types.ts";
import {
  entry_offset, pgd_offset, pmd_clear, pmd_lockptr, pmd_populate, pmdp_get,
  pmdp_huge_get_and_clear, pte_lockptr, pte_offset_map, ptep_get, ptep_get_and_clear, ptlocks,
  pud_clear, pud_populate, pudp_get, set_pmd_at, set_pte_at,
} from "./pgtable.ts";

let mm: Mm;

beforeEach(() => {
  spin_reset();
  set_geometry("small");
  mem.reset(0);
  Object.assign(ptlocks, { pmd: true, pte: true });
  mm = { pgd: mem.take(UPPER_TABLE), page_table_lock: 0 } as Mm;
});

/** A table of `kind` whose first entry covers page or unit `index`. */
function table(kind: number, index: number): number {
  const frame = mem.take(kind);
  mem.index[frame] = index;
  return frame;
}

/** Runs one task and lists what it did. */
function accesses(body: Preemptible<void>): string {
  const trace = new Trace();
  recordTo(trace);
  const { outcome } = runWorld(() => ({ tasks: [body] }), new Replay([]));
  recordTo(null);
  const lines = trace.events.map((event) => {
    if (event.type === "point") return `${event.access} ${event.name}`;
    if (event.type === "change") return `  ${event.what}: ${event.from} -> ${event.to}`;
    return event.type === "release" ? `release ${event.name}` : "";
  });
  return [...lines.filter((line) => line !== ""), outcome].join("\n");
}

/** What a fault at page 21 does to empty tables, and an unmap after it. */
function* map_and_unmap(address: number): Preemptible<void> {
  const pgdp = pgd_offset(mm, address);
  yield* pudp_get(pgdp);
  yield* pud_populate(pgdp, table(UPPER_TABLE, 0));
  const pudp = entry_offset(yield* pudp_get(pgdp), address, 2);
  yield* pud_populate(pudp, table(PMD_TABLE, 0));
  const pmdp = entry_offset(yield* pudp_get(pudp), address, 1);
  const pmd_lock = pmd_lockptr(mm, pmdp);
  yield* spin_lock(pmd_lock);
  yield* pmd_populate(pmdp, table(PTE_TABLE, address & ~geometry.mask));
  spin_unlock(pmd_lock);
  const ptep = yield* pte_offset_map(pmdp, address);
  const ptl = yield* pte_lockptr(mm, pmdp);
  yield* spin_lock(ptl);
  yield* ptep_get(ptep);
  yield* set_pte_at(ptep, mk_pte(100, PAGE_SHARED));
  yield* ptep_get_and_clear(ptep);
  spin_unlock(ptl);
  yield* pmd_clear(pmdp);
  yield* pud_clear(pudp);
}

test("the order of accesses, each with its name", () => {
  expect(accesses(map_and_unmap(21))).toMatchInlineSnapshot(`
    "read pud[0]
    write pud[0]
    read pud[0]
    write pud[0]
    read pud[0]
    acquire ptl of table 3
    write pmd[2]
      pmd[2]: none -> table 4
    release ptl of table 3
    read pmd[2]
    read pmd[2]
    acquire ptl of table 4
    read pte[21]
    write pte[21]
      pte[21]: none -> page 100 rw
    write pte[21]
      pte[21]: page 100 rw -> none
    release ptl of table 4
    write pmd[2]
      pmd[2]: table 4 -> none
    write pud[0]
    ok"
  `);
});

test("a huge entry: set over whatever was there, exchanged for nothing", () => {
  const huge = mem.take_run(PMEM, geometry.entries);
  const pmdp = table(PMD_TABLE, 8) << geometry.shift;
  expect(
    accesses((function* () {
      yield* set_pmd_at(pmdp + 2, pmd_mkdevmap(mk_huge_pmd(huge, PAGE_READONLY)));
      yield* pmdp_get(pmdp + 2);
      const old = yield* pmdp_huge_get_and_clear(pmdp + 2);
      expect(old).toBe(pmd_mkdevmap(mk_huge_pmd(huge, PAGE_READONLY)));
      expect(yield* pmdp_get(pmdp + 2)).toBe(NO_PMD);
    })()),
  ).toMatchInlineSnapshot(`
    "write pmd[10]
      pmd[10]: none -> DAX huge ro pfn 8
    read pmd[10]
    write pmd[10]
      pmd[10]: DAX huge ro pfn 8 -> none
    read pmd[10]
    ok"
  `);
});

describe("each accessor is one atomic step", () => {
  test("an exchange hands an entry to one task only", () => {
    const world = () => {
      mem.reset(0);
      const pmdp = table(PMD_TABLE, 0) << geometry.shift;
      mem.words[pmdp] = mk_huge_pmd(8, PAGE_SHARED);
      let got = 0;
      const taker = function* (): Preemptible<void> {
        if ((yield* pmdp_huge_get_and_clear(pmdp)) !== NO_PMD) got++;
      };
      return { tasks: [taker(), taker(), taker()], verdict: () => `${got}` };
    };
    expect(explore(world, 3).outcomes).toEqual(["1"]);
  });

  test("the broken twin reads and clears: two tasks may both take it", () => {
    const world = () => {
      mem.reset(0);
      const pmdp = table(PMD_TABLE, 0) << geometry.shift;
      mem.words[pmdp] = mk_huge_pmd(8, PAGE_SHARED);
      let got = 0;
      const taker = function* (): Preemptible<void> {
        if ((yield* pmdp_get(pmdp)) !== NO_PMD) got++;
        yield* pmd_clear(pmdp);
      };
      return { tasks: [taker(), taker()], verdict: () => `${got}` };
    };
    expect(explore(world, 1).outcomes).toEqual(["1", "2"]);
  });
});

test("only a new value counts as progress of the system", () => {
  const ptep = table(PTE_TABLE, 0) << geometry.shift;
  const pte = mk_pte(100, PAGE_SHARED);
  const epochs: number[] = [];
  accesses((function* () {
    for (const value of [pte, pte, mk_pte(100, PAGE_READONLY)]) {
      yield* set_pte_at(ptep, value);
      epochs.push(run.epoch);
    }
    yield* ptep_get(ptep);
    epochs.push(run.epoch);
  })());
  expect(epochs.map((e) => e - epochs[0]!)).toEqual([0, 0, 1, 1]);
});

test("locks: of the table, of what the entry names now, or one for all", () => {
  const pmd_table = table(PMD_TABLE, 0);
  const pmdp = pmd_table << geometry.shift;
  mm.page_table_lock = 77;
  const locks = (): number[] => {
    const found: number[] = [pmd_lockptr(mm, pmdp)];
    accesses((function* () {
      found.push(yield* pte_lockptr(mm, pmdp));
    })());
    return found;
  };
  mem.words[pmdp] = mk_huge_pmd(8, PAGE_SHARED);
  // Not a table any more: the lock is in the struct page of the huge page, as in Linux.
  expect(locks()).toEqual([pmd_table, 8]);
  Object.assign(ptlocks, { pmd: false });
  expect(locks()).toEqual([77, 8]);
  Object.assign(ptlocks, { pte: false });
  expect(locks()).toEqual([77, 77]);
  Object.assign(ptlocks, { pmd: true, pte: true });
});
