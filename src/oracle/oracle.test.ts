// SPDX-License-Identifier: GPL-2.0-only
// Each oracle: a hand-made violation that it must report, and a near miss that stays silent.
import { beforeEach, describe, expect, test } from "vitest";
import { geometry, table_index } from "../hw/geometry.ts";
import { ANON, mem, PTE_TABLE } from "../hw/phys.ts";
import { mk_huge_pmd, mk_pte, mk_table, PAGE_SHARED, pmd_mkdevmap } from "../hw/pte.ts";
import { tlb_fill, tlb_invalidate } from "../hw/tlb.ts";
import { KernelBug, log } from "../kernel/bug.ts";
import { new_inode } from "../kernel/fs/inode.ts";
import { block_mark, IOMAP_MAPPED } from "../kernel/fs/ext4/inode.ts";
import { FAULT_FLAG_WRITE, new_vmf, VM_SHARED } from "../kernel/include/mm.ts";
import type { Mm, Vma } from "../kernel/include/mm_types.ts";
import { trace } from "../kernel/trace.ts";
import { boot, checkEnd, checkQuiescent } from "../machine.ts";
import { DEFAULT_CONFIG } from "../program/case.ts";

let mm: Mm;
beforeEach(() => {
  mm = boot(DEFAULT_CONFIG);
});

/** Maps `frame` at page `vpn` by hand, making tables as needed; returns the PTE table. */
function mapByHand(vpn: number, frame: number): number {
  let table = mm.pgd;
  for (let level = 3; level > 0; level--) {
    const pointer = (table << geometry.shift) + table_index(vpn, level);
    if (mem.words[pointer] === 0) mem.words[pointer] = mk_table(mem.take(PTE_TABLE));
    table = mem.words[pointer]! >>> 12;
  }
  mem.words[(table << geometry.shift) + table_index(vpn, 0)] = mk_pte(frame, PAGE_SHARED);
  return table;
}

describe("kasan", () => {
  test("an entry read in a freed table stops the kernel", () => {
    const table = mem.take(PTE_TABLE);
    mem.give_back(table);
    expect(() => mem.read_entry(table << geometry.shift)).toThrow(KernelBug);
    expect(log.lines.at(-1)).toMatch(/^BUG: KASAN: use-after-free in /);
  });

  test("a table in use is silent, a page of data is reported", () => {
    mem.read_entry(mem.take(PTE_TABLE) << geometry.shift);
    expect(log.observed).toEqual([]);
    mem.write_entry(mem.take(ANON) << geometry.shift, 0);
    expect(log.observed[0]).toMatch(/^page-table write in a anon page/);
  });
});

describe("page-table-check", () => {
  test("a page mapped as often as it counts is silent; one count off is reported", () => {
    const frame = mem.take(ANON);
    mapByHand(5, frame);
    mem.mapcount[frame] = 1;
    checkQuiescent();
    expect(log.observed).toEqual([]);
    mem.mapcount[frame] = 2;
    checkQuiescent();
    expect(log.observed).toEqual([
      "map count of a page is not the number of its page-table entries",
    ]);
  });

  test("a table that nothing links is reported, also when the last mm has gone", () => {
    mem.take(PTE_TABLE);
    checkQuiescent();
    checkEnd();
    expect(log.observed).toEqual(["page table linked nowhere", "page table leaked"]);
  });
});

describe("stale-tlb", () => {
  test("a translation that the tables confirm is silent, another is reported", () => {
    const frame = mem.take(ANON);
    const table = mapByHand(3, frame);
    mem.mapcount[frame] = 1;
    tlb_fill(0, mm.id, 3, frame, true, true, false);
    checkQuiescent();
    expect(log.observed).toEqual([]);
    mem.words[(table << geometry.shift) + 3] = 0;
    mem.mapcount[frame] = 0;
    tlb_invalidate(0, mm.id, 4, 5);
    checkQuiescent();
    expect(log.observed).toEqual(["stale TLB entry survives its page table"]);
  });
});

describe("lost-store", () => {
  const vma = (shared: boolean): Vma => ({
    vm_mm: mm, vm_start: 0, vm_end: 8, vm_flags: shared ? VM_SHARED : 0, vm_page_prot: 0,
    vm_pgoff: 0, vm_file: shared ? new_inode("tmpfs", 8) : null, vm_ops: null, anon_vma: false,
  });

  test.each([false, true])("shared %s: a load must return the last store", (shared) => {
    mm.mmap.push(vma(shared));
    trace.user_access(mm, 1, 9, true, 7, false);
    trace.user_access(mm, 1, 9, false, 7, false);
    expect(log.observed).toEqual([]);
    trace.user_access(mm, 1, 9, false, 0, false);
    const which = shared ? "shared" : "private";
    expect(log.observed).toEqual([`lost store to a ${which} page`]);
  });

  test("after MADV_DONTNEED any value is right, also while it goes on", () => {
    mm.mmap.push(vma(false));
    trace.user_access(mm, 1, 9, true, 7, false);
    trace.zap_begin(mm, 0, 8);
    trace.user_access(mm, 1, 9, true, 8, false);
    trace.zap_end(mm, 0, 8);
    trace.user_access(mm, 1, 9, false, 0, false);
    expect(log.observed).toEqual([]);
  });

  test("a write(2) that no store overlapped must be seen; one that was overlapped need not", () => {
    const area = vma(true);
    mm.mmap.push(area);
    const inode = area.vm_file!;
    trace.write_begin(inode, 2);
    trace.user_access(mm, 2, 9, true, 5, false);
    trace.write_end(inode, 2, 6);
    trace.user_access(mm, 2, 9, false, 5, false);
    expect(log.observed).toEqual([]);
    trace.write_begin(inode, 2);
    trace.write_end(inode, 2, 6);
    trace.user_access(mm, 2, 9, false, 5, false);
    expect(log.observed).toEqual(["lost store to a shared page"]);
  });

  test("a copy without its original's mark has lost its data", () => {
    const [from, to] = [mem.take(ANON), mem.take(ANON)];
    trace.cow_copied(from, to);
    expect(log.observed).toEqual([]);
    mem.words[(from << geometry.shift) + 1] = 1;
    trace.cow_copied(from, to);
    expect(log.observed).toEqual(["private copy of a file page lost its data"]);
  });
});

describe("dax-data", () => {
  test("the programs' byte may change, nothing else in a block", () => {
    const inode = new_inode("dax", 8);
    inode.i_extent[2] = IOMAP_MAPPED;
    inode.i_block[2] = mem.take(ANON);
    mem.mapcount[inode.i_block[2]] = 0;
    const first = inode.i_block[2] << geometry.shift;
    mem.words[first + 1] = block_mark(inode, 2);
    mem.words[first] = 200;
    checkQuiescent();
    expect(log.observed).toEqual([]);
    mem.words[first + 5] = 1;
    checkQuiescent();
    expect(log.observed).toEqual(["file data changed without a write"]);
  });

  test("a fallback from a huge page loses it; from an empty entry it does not", () => {
    const area: Vma = {
      vm_mm: mm, vm_start: 0, vm_end: 8, vm_flags: VM_SHARED, vm_page_prot: 0, vm_pgoff: 0,
      vm_file: new_inode("dax", 8), vm_ops: null, anon_vma: false,
    };
    const vmf = new_vmf(area, 0, FAULT_FLAG_WRITE);
    vmf.pmd = mem.take(PTE_TABLE) << geometry.shift;
    trace.thp_fault_fallback(vmf);
    expect(log.observed).toEqual([]);
    mem.words[vmf.pmd] = pmd_mkdevmap(mk_huge_pmd(8, PAGE_SHARED));
    trace.thp_fault_fallback(vmf);
    expect(log.observed).toEqual(["huge mapping lost to a shared write"]);
  });
});
