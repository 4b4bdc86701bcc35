// SPDX-License-Identifier: GPL-2.0-only
// Page tables against the counts kept of them: every table is linked somewhere, every page's map
// count is the number of entries that map it, and nothing is left when the last mm has gone.
// Linux has a part of this as CONFIG_PAGE_TABLE_CHECK.
import { geometry } from "../hw/geometry.ts";
import { ANON, FILE, mem, PTE_TABLE, UPPER_TABLE } from "../hw/phys.ts";
import {
  as_pmd, as_pte, pmd_is_table, pmd_pfn, pte_pfn, pte_present, pte_special,
} from "../hw/pte.ts";
import { observe } from "../kernel/bug.ts";
import { all_mms } from "../kernel/fork.ts";
import type { Oracle } from "./oracle.ts";

let mapped = new Int32Array(0);
let tables = 0;

function walk(table: number, level: number): void {
  tables++;
  const base = table << geometry.shift;
  for (let i = base; i < base + geometry.entries; i++) {
    const word = mem.words[i]!;
    if (word === 0) continue;
    if (level > 0) {
      const entry = as_pmd(word);
      const below = pmd_pfn(entry);
      // A table that has become something else is KASAN's to report.
      if (pmd_is_table(entry) && mem.kind[below]! >= PTE_TABLE) walk(below, level - 1);
    } else {
      const pte = as_pte(word);
      if (pte_present(pte) && !pte_special(pte)) mapped[pte_pfn(pte)]!++;
    }
  }
}

function quiescent(): void {
  if (mapped.length < mem.kind.length) mapped = new Int32Array(mem.kind.length);
  else mapped.fill(0, 0, mem.top);
  tables = 0;
  for (const mm of all_mms) if (mm.pgd !== 0) walk(mm.pgd, 3);
  for (let frame = 1; frame < mem.top; frame++) {
    const kind = mem.kind[frame]!;
    if (kind >= PTE_TABLE) tables--;
    if ((kind === ANON || kind === FILE) && mapped[frame] !== mem.mapcount[frame]) {
      observe("map count of a page is not the number of its page-table entries");
    }
  }
  if (tables < 0) observe("page table linked nowhere");
}

function end(): void {
  for (let frame = 1; frame < mem.top; frame++) {
    const kind = mem.kind[frame]!;
    if (kind >= PTE_TABLE && kind <= UPPER_TABLE) observe("page table leaked");
    if (kind === ANON) observe("anonymous page leaked");
  }
}

export const pageTableCheck: Oracle = {
  name: "page-table-check",
  reset() {},
  quiescent,
  end,
};
