// SPDX-License-Identifier: GPL-2.0-only
// The report of the toy kernel's version of "dax: fix race between colliding PMD & PTE entries".
import { expect, test } from "vitest";
import { bisect } from "./bisect.ts";
import { minimise, proveMinimal } from "./minimise.ts";
import { renderReport } from "./report.ts";
import { toyCase, toyExecute } from "./toy.ts";

const words = new Map<unknown, string>([[0x800, "FALLBACK"], [0x100, "NOPAGE"]]);

function report(run: string[], schedule: string): string {
  const small = minimise(toyCase(["nop 1"], run, schedule), toyExecute);
  return renderReport({
    case: small.case,
    outcome: small.outcome,
    pair: small.signature.pair,
    proof: proveMinimal(small.case, toyExecute),
    command: "npx faultline replay crashes/x",
    bisection: bisect(small.case, toyExecute, {
      versions: ["v4.11", "v4.12"],
      patches: [{ id: "dax-recheck-pmd", label: "dax.collisionFix=final" }],
    }),
    describeReturn: (_fn, value) => words.get(value) ?? null,
  });
}

test("reads like the second diagram of the mail", () => {
  expect(report(["@0 cow", "@1 huge"], "1*1 0")).toMatchInlineSnapshot(`
    "BUG: non-zero nr_ptes on freeing mm: 1

    Kernel v4.11 without dax-recheck-pmd; geometry small

    Operations
      run (together)  @0 cow
                      @1 huge
      schedule        1*1

    Kernel log
      BUG: non-zero nr_ptes on freeing mm: 1

    How it happens

      CPU 0                                 CPU 1

                                            huge
                                            __handle_mm_fault()
                                              reads pmd 0: none  <-- check
                                              create_huge_pmd()

      cow
      __handle_mm_fault()
        create_huge_pmd() - FALLBACK
        handle_pte_fault()
          do_cow_fault()
            lock(DAX entry 0)
            __pte_alloc()
              lock(pmd_lock)
              reads pmd 0: none
              pmd 0: none -> table  <-- race
              unlock(pmd_lock)
            unlock(DAX entry 0)

                                                lock(DAX entry 0)
                                                insert_pfn_pmd()
                                                  lock(pmd_lock)
                                                  pmd 0: table -> huge  <-- race

    The race: the write in __pte_alloc() comes between the check in
      __handle_mm_fault() and the write in insert_pfn_pmd(), on pmd 0.

    Minimal: 2 operations, 1 preemption; proved by removing each.
    Shows on: v4.11, v4.12.
    Goes away with any of: dax.collisionFix=final.

    Replay: npx faultline replay crashes/x
    "
  `);
});

test("a deadlock shows who waits for what", () => {
  expect(report(["@0 abba 0", "@1 abba 1"], "0*1 1 0")).toMatchInlineSnapshot(`
    "hang: deadlock on toylock -> toylock

    Kernel v4.11; geometry small

    Operations
      run (together)  @0 abba 0
                      @1 abba 1
      schedule        0*1 1

    Kernel log
      hang: deadlock on toylock -> toylock

    How it happens

      CPU 0                                 CPU 1

      abba 0
      abba_0()

                                            abba 1
                                            abba_1()
                                              lock(pmd_lock) waits

        lock(DAX entry 0) waits
        hang: deadlock on toylock -> toylock

    Minimal: 2 operations, 1 preemption; proved by removing each.
    Shows on: v4.11, v4.12.
    No single known patch makes it go away.

    Replay: npx faultline replay crashes/x
    "
  `);
});

test("lines fit, and three tasks have three columns", () => {
  const text = report(["@0 watch 1", "@1 flip 1", "@2 add 2", "@3 add 2"], "1*1 0*1 1 2*1 3");
  for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
});
