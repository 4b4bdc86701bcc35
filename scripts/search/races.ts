// SPDX-License-Identifier: GPL-2.0-only
// The races that searches are measured on: each on a kernel with every other fix, so that what is
// found first is this race and no other; and the words that tell it.
import { DEFAULT_CONFIG } from "../../src/program/case.ts";
import type { Config } from "../../src/program/case.ts";
import type { PatchId } from "../../src/kernel/patches.ts";

export interface Race {
  name: string;
  /** What brings the bug in: fixes taken out, or a wrong proposal put in. */
  broken: { revert?: readonly PatchId[]; apply?: readonly PatchId[] };
  /** Taken out with the fix and without it: what hides this race by itself, or words a message. */
  revert?: readonly PatchId[];
  /** A line of the kernel log or of an oracle that this race writes, without "faultline: ". */
  title: RegExp;
}

/** check_mm()'s messages as they were in 2017. */
const OLD_WORDS = ["mm-pgtables-bytes", "mm-rss-type-names"] as const;
/** A page table, or pages of it, that nobody counts any more. */
const LOST_TABLE =
  /^BUG: (Bad rss-counter state|non-zero (nr_ptes|nr_pmds|pgtables_bytes) on freeing)/;

/** The latest kernel every time, so that a fix that is modelled tomorrow is in it by itself. */
export const races: readonly Race[] = [
  // Since v5.1 insert_pfn_pmd() looks at the PMD under its lock, which hides the collision.
  {
    name: "D-R2", broken: { revert: ["dax-recheck-pmd"] },
    revert: ["dax-insert-pfn-pmd-recheck", ...OLD_WORDS], title: LOST_TABLE,
  },
  // The other half of the same fix, and with that test in place the only one that shows.
  {
    name: "D-R1", broken: { revert: ["dax-recheck-pmd"] },
    title: /^(file data changed without a write|page-table read in a pmem page)/,
  },
  {
    name: "D-BP", broken: { revert: ["mm-devmap-before-unstable", "mm-pte-map-one-read"] },
    title: /\bbad pmd\b/,
  },
  {
    name: "D-V12", broken: { apply: ["dax-collision-v2"] },
    title: /^huge mapping lost to a shared write/,
  },
  {
    name: "D-COWZ", broken: { revert: ["mm-cow-user-page-revalidate"] },
    title: /^private copy of a file page lost its data/,
  },
  {
    name: "D-ALN", broken: { revert: ["dax-pmd-colour-check"] },
    revert: ["dax-insert-pfn-pmd-recheck", ...OLD_WORDS], title: LOST_TABLE,
  },
  {
    name: "D-IOMAP", broken: { revert: ["dax-entry-before-iomap"] },
    title: /^lost store to a shared page/,
  },
  {
    name: "D-ZAP", broken: { revert: ["mm-pte-map-one-read"] }, title: /\bbad pmd\b/,
  },
  {
    name: "D-FLUSH", broken: { revert: ["mm-tlb-flush-nested"] },
    title: /^stale TLB entry used after its page was freed/,
  },
];

export function raceByName(name: string): Race {
  const race = races.find((one) => one.name === name);
  if (race !== undefined) return race;
  throw new Error(`there is no race "${name}"; there are: ${races.map((r) => r.name).join(" ")}`);
}

/** The kernel to search: with the bug, or with its fix. */
export function configOf({ broken, revert = [] }: Race, withBug: boolean): Config {
  const { revert: taken = [], apply = [] } = withBug ? broken : {};
  return { ...DEFAULT_CONFIG, kernel: "latest", revert: [...revert, ...taken], apply };
}
