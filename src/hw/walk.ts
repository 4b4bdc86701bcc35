// SPDX-License-Identifier: GPL-2.0-only
// The hardware page walk: four levels, sets accessed and dirty, fills the TLB.
// The whole walk is one atomic step; races inside a walk (paging-structure caches) are left out.
import { assert } from "../lib/assert.ts";
import { LEVELS, geometry, table_index } from "./geometry.ts";
import { mem } from "./phys.ts";
import {
  as_pmd, as_pte, pmd_huge, pmd_mkdirty, pmd_mkyoung, pmd_pfn, pmd_present, pmd_write, pte_mkdirty,
  pte_mkyoung, pte_pfn, pte_present, pte_write,
} from "./pte.ts";
import { tlb_fill, tlb_invalidate } from "./tlb.ts";

export const walked = { frame: 0 };

/**
 * Translates `vpn` under the top table in frame `root`. True: walked.frame is the page's frame and
 * the TLB of `cpu` has the translation. False: the CPU takes a page fault. Either way whatever the
 * CPU had cached for this page, and could not use, is gone (SDM vol. 3, 4.10.4.1).
 */
export function walk(
  cpu: number, asid: number, root: number, vpn: number, write: boolean,
): boolean {
  assert(root !== 0, "a walk needs a top table");
  tlb_invalidate(cpu, asid, vpn, vpn + 1);
  let table = root;
  for (let level = LEVELS - 1; level > 0; level--) {
    const pointer = (table << geometry.shift) + table_index(vpn, level);
    const entry = as_pmd(mem.read_entry(pointer));
    if (!pmd_present(entry)) return false;
    if (pmd_huge(entry)) {
      if (level !== 1 || (write && !pmd_write(entry))) return false;
      const young = pmd_mkyoung(entry);
      mem.words[pointer] = write ? pmd_mkdirty(young) : young;
      walked.frame = pmd_pfn(entry) + (vpn & geometry.mask);
      tlb_fill(cpu, asid, vpn, pmd_pfn(entry), pmd_write(entry), write, true);
      return true;
    }
    table = pmd_pfn(entry);
  }
  const pointer = (table << geometry.shift) + table_index(vpn, 0);
  const pte = as_pte(mem.read_entry(pointer));
  if (!pte_present(pte) || (write && !pte_write(pte))) return false;
  const young = pte_mkyoung(pte);
  mem.words[pointer] = write ? pte_mkdirty(young) : young;
  walked.frame = pte_pfn(pte);
  tlb_fill(cpu, asid, vpn, pte_pfn(pte), pte_write(pte), write, false);
  return true;
}
