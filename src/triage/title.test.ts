// SPDX-License-Identifier: GPL-2.0-only
// Titles: what changes from run to run goes, everything else stays byte for byte.
import { expect, test } from "vitest";
import { normaliseTitle } from "./title.ts";

const TABLE: [raw: string, normal: string][] = [
  [
    "BUG: Bad rss-counter state mm:ffff8800a817d280 idx:1 val:1",
    "BUG: Bad rss-counter state mm:(ptrval) idx:1 val:N",
  ],
  [
    "BUG: Bad rss-counter state mm:(____ptrval____) type:MM_ANONPAGES val:-3",
    "BUG: Bad rss-counter state mm:(ptrval) type:MM_ANONPAGES val:N",
  ],
  ["BUG: non-zero nr_ptes on freeing mm: 15", "BUG: non-zero nr_ptes on freeing mm: N"],
  [
    "BUG: non-zero pgtables_bytes on freeing mm: -4096",
    "BUG: non-zero pgtables_bytes on freeing mm: N",
  ],
  [
    "mm/pgtable-generic.c:39: bad pmd ffff8808daa49b88(84000001006000a5)",
    "mm/pgtable-generic.c:LINE: bad pmd (ptrval)(ENTRY)",
  ],
  [
    "BUG: Bad page map in process t_mmap  pte:800000000000025 pmd:3a1f3067",
    "BUG: Bad page map in process NAME  pte:ENTRY pmd:ENTRY",
  ],
  [
    "BUG: Bad page state in process dirtyc0w  pfn:1f3a",
    "BUG: Bad page state in process NAME  pfn:N",
  ],
  ["kernel BUG at mm/memory.c:3012!", "kernel BUG at mm/memory.c:LINE!"],
  [
    "BUG: VM_BUG_ON(pmd_trans_huge(*pmd)) at mm/memory.c",
    "BUG: VM_BUG_ON(pmd_trans_huge(*pmd)) at mm/memory.c",
  ],
  [
    "BUG: KASAN: use-after-free in zap_pte_range+0x12/0x80",
    "BUG: KASAN: use-after-free in zap_pte_range",
  ],
  [
    "INFO: task fault:1234 blocked for more than 120 seconds.",
    "INFO: task NAME:N blocked for more than N seconds.",
  ],
  ["BUG: spinlock bad magic on CPU#1, task/1", "BUG: spinlock bad magic on CPU#N, task/N"],
  ["hang: deadlock on mmap_lock -> page lock", "hang: deadlock on mmap_lock -> page lock"],
  ["BUG: lost write to page 3: read 0, not 7", "BUG: lost write to page N: read N, not N"],
];

test.each(TABLE)("%s", (raw, normal) => {
  expect(normaliseTitle(raw)).toBe(normal);
});

test("is idempotent: a normalised title is normal", () => {
  for (const [, normal] of TABLE) expect(normaliseTitle(normal)).toBe(normal);
});

test("different counters stay different", () => {
  const title = (idx: number) => normaliseTitle(`BUG: Bad rss-counter state mm:0 idx:${idx} val:1`);
  expect(title(0)).not.toBe(title(1));
});
