// SPDX-License-Identifier: GPL-2.0-only
// Stale translations: with nobody moving, every TLB entry must say what the page tables say.
// No kernel checks this; hardware simply uses what it has cached.
import { geometry, LEVELS, table_index } from "../hw/geometry.ts";
import { mem } from "../hw/phys.ts";
import { as_pmd, as_pte, pmd_huge, pmd_pfn, pmd_present, pte_pfn, pte_present } from "../hw/pte.ts";
import { tlb_entries } from "../hw/tlb.ts";
import { observe } from "../kernel/bug.ts";
import type { Mm } from "../kernel/include/mm_types.ts";
import { live_tasks, mm_of } from "../kernel/include/sched.ts";
import type { Oracle } from "./oracle.ts";

/** The frame that the page tables map at `vpn` now, 0 for none. */
export function translate(mm: Mm, vpn: number): number {
  let table = mm.pgd;
  for (let level = LEVELS - 1; level > 0; level--) {
    const entry = as_pmd(mem.words[(table << geometry.shift) + table_index(vpn, level)]!);
    if (!pmd_present(entry)) return 0;
    if (pmd_huge(entry)) return pmd_pfn(entry) + (vpn & geometry.mask);
    table = pmd_pfn(entry);
  }
  const pte = as_pte(mem.words[(table << geometry.shift) + table_index(vpn, 0)]!);
  return pte_present(pte) ? pte_pfn(pte) : 0;
}

function quiescent(): void {
  for (const task of live_tasks()) {
    const mm = mm_of(task)!;
    for (const [vpn, pfn, huge] of tlb_entries(task, mm.id)) {
      const pages = huge ? geometry.entries : 1;
      for (let i = 0; i < pages; i++) {
        if (translate(mm, vpn + i) !== pfn + i) observe("stale TLB entry survives its page table");
      }
    }
  }
}

export const staleTlb: Oracle = { name: "stale-tlb", reset() {}, quiescent };
