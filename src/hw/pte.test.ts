// SPDX-License-Identifier: GPL-2.0-only
// Entry bits: the x86 predicates of v4.12, and how an entry is printed.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  describe_pmd, describe_pte, mk_huge_pmd, mk_pte, mk_table, NO_PMD, NO_PTE, PAGE_READONLY,
  PAGE_SHARED, pmd_bad, pmd_devmap, pmd_dirty, pmd_huge, pmd_is_table, pmd_mkclean, pmd_mkdevmap,
  pmd_mkdirty, pmd_mkwrite, pmd_mkyoung, pmd_none, pmd_pfn, pmd_present, pmd_trans_huge, pmd_write,
  pmd_wrprotect, pte_devmap, pte_dirty, pte_mkclean, pte_mkdevmap, pte_mkdirty, pte_mkspecial,
  pte_mkwrite, pte_mkyoung, pte_none, pte_pfn, pte_present, pte_special, pte_write, pte_wrprotect,
  pte_young, x86_hex,
} from "./pte.ts";
import type { Pmd, Pte } from "./pte.ts";

const table = mk_table(5);
const thp = mk_huge_pmd(8, PAGE_SHARED);
const dax = pmd_mkdevmap(thp);

/** What a reader of Linux would ask of a PMD entry: none, table, huge, devmap, trans_huge, bad. */
function facts(pmd: Pmd): string {
  const all: [string, boolean][] = [
    ["none", pmd_none(pmd)], ["present", pmd_present(pmd)], ["table", pmd_is_table(pmd)],
    ["huge", pmd_huge(pmd)], ["devmap", pmd_devmap(pmd)], ["trans_huge", pmd_trans_huge(pmd)],
    ["bad", pmd_bad(pmd)],
  ];
  return all.filter(([, is]) => is).map(([name]) => name).join(" ");
}

test("a devmap PMD is bad and not trans_huge: the ground of the DAX races", () => {
  expect(facts(NO_PMD)).toBe("none bad");
  expect(facts(table)).toBe("present table");
  expect(facts(thp)).toBe("present huge trans_huge bad");
  expect(facts(dax)).toBe("present huge devmap bad");
  // Changed in place, a huge entry keeps its kind.
  expect(facts(pmd_wrprotect(pmd_mkclean(pmd_mkdirty(pmd_mkyoung(dax)))))).toBe(facts(dax));
  expect(facts(mk_table((1 << 20) - 1))).toBe("present table");
});

describe("each bit", () => {
  const pfns = fc.nat((1 << 20) - 1);

  test("of a PTE is set and cleared alone, and leaves the frame number", () => {
    const changes: [(p: Pte) => Pte, string][] = [
      [pte_mkyoung, "young"], [pte_mkdirty, "dirty"], [pte_mkwrite, "write"],
      [pte_mkspecial, "special"], [pte_mkdevmap, "special devmap"],
    ];
    const flags = (p: Pte): string =>
      [
        pte_write(p) && "write", pte_dirty(p) && "dirty", pte_young(p) && "young",
        pte_special(p) && "special", pte_devmap(p) && "devmap",
      ].filter(Boolean).join(" ");
    fc.assert(
      fc.property(pfns, (pfn) => {
        const pte = mk_pte(pfn, PAGE_READONLY);
        expect(pte_present(pte) && !pte_none(pte)).toBe(true);
        for (const [change, name] of changes) {
          expect(flags(change(pte))).toBe(name);
          expect(pte_pfn(change(pte))).toBe(pfn);
        }
        expect(pte_wrprotect(pte_mkwrite(pte))).toBe(pte);
        expect(pte_mkclean(pte_mkdirty(pte))).toBe(pte);
      }),
      { seed: 42 },
    );
  });

  test("of a PMD likewise", () => {
    fc.assert(
      fc.property(pfns, (pfn) => {
        const pmd = mk_huge_pmd(pfn, PAGE_READONLY);
        for (const changed of [pmd_mkyoung, pmd_mkdirty, pmd_mkwrite, pmd_mkdevmap]) {
          expect(pmd_pfn(changed(pmd))).toBe(pfn);
        }
        expect(pmd_write(pmd) || pmd_dirty(pmd)).toBe(false);
        expect(pmd_write(pmd_mkwrite(pmd)) && pmd_dirty(pmd_mkdirty(pmd))).toBe(true);
        expect(pmd_wrprotect(pmd_mkwrite(pmd))).toBe(pmd);
        expect(pmd_mkclean(pmd_mkdirty(pmd))).toBe(pmd);
        expect(pmd_pfn(mk_table(pfn))).toBe(pfn);
      }),
      { seed: 42 },
    );
  });
});

describe("in messages", () => {
  test("as on x86-64: the entry of the report of the DAX race, bit for bit", () => {
    // PRESENT|USER|ACCESSED|PSE|DEVMAP|NX, read-only, physical address 0x100600000.
    const reported = pmd_mkyoung(pmd_mkdevmap(mk_huge_pmd(0x600, PAGE_READONLY)));
    expect(x86_hex(reported)).toBe("84000001006000a5");
  });

  test.each([
    [NO_PTE, "0000000000000000"],
    [mk_table(3), "0000000100003067"],
    [mk_pte(0x12, PAGE_SHARED), "0000000100012007"],
    [pte_mkdirty(pte_mkyoung(mk_pte(0x12, PAGE_SHARED))), "0000000100012067"],
    [pte_mkspecial(mk_pte(1, PAGE_READONLY)), "0000000100001205"],
    [pte_mkdevmap(mk_pte(1, PAGE_READONLY)), "8400000100001205"],
    [mk_huge_pmd(8, PAGE_SHARED), "8000000100008087"],
    [mk_pte((1 << 20) - 1, PAGE_READONLY), "00000001fffff005"],
  ])("%i is %s", (entry, hex) => {
    expect(x86_hex(entry)).toBe(hex);
  });

  test("in words", () => {
    expect([NO_PMD, table, thp, pmd_wrprotect(dax)].map(describe_pmd)).toEqual([
      "none", "table 5", "huge rw pfn 8", "DAX huge ro pfn 8",
    ]);
    const ptes = [NO_PTE, mk_pte(3, PAGE_SHARED), pte_mkdevmap(mk_pte(3, PAGE_READONLY))];
    expect(ptes.map(describe_pte)).toEqual(["none", "page 3 rw", "DAX page 3 ro"]);
  });
});
