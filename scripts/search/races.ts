// SPDX-License-Identifier: GPL-2.0-only
// The races that searches are measured on: each on a kernel with every other fix, so that what is
// found first is this race and no other, and the words that tell it.
import { DEFAULT_CONFIG } from "../../src/program/case.ts";
import type { Config } from "../../src/program/case.ts";

export interface Race {
  name: string;
  /** The kernel that has the fix. */
  kernel: string;
  apply?: readonly string[];
  /** What brings the bug in: fixes taken out, or a wrong proposal put in. */
  without: { revert?: readonly string[]; apply?: readonly string[] };
  /** A line of the kernel log or of an oracle that this race writes. */
  title: RegExp;
}

/** Fixes of other races that came after v4.12. */
const SINCE_V412 = ["dax-pmd-colour-check", "mm-cow-user-page-revalidate", "mm-pte-map-one-read"];
/** A page table or a page of it that nobody counts any more. */
const LOST_TABLE =
  /^BUG: (Bad rss-counter state|non-zero (nr_ptes|nr_pmds|pgtables_bytes) on freeing)/;

export const races: readonly Race[] = [
  // Not "latest": since v5.1 insert_pfn_pmd() hides the collision by itself.
  {
    name: "D-R2", kernel: "v4.12", apply: SINCE_V412,
    without: { revert: ["dax-recheck-pmd"] }, title: LOST_TABLE,
  },
  {
    name: "D-R2-v5", kernel: "latest",
    without: { revert: ["dax-recheck-pmd", "dax-insert-pfn-pmd-recheck"] }, title: LOST_TABLE,
  },
  // The same fix as D-R2; insert_pfn_pmd()'s test leaves only this one open.
  {
    name: "D-R1", kernel: "latest",
    without: { revert: ["dax-recheck-pmd"] }, title: /^file data changed without a write/,
  },
  {
    name: "D-BP", kernel: "latest",
    without: { revert: ["mm-devmap-before-unstable", "mm-pte-map-one-read"] },
    title: /bad pmd/,
  },
  {
    name: "D-V12", kernel: "latest",
    without: { apply: ["dax-collision-v2"] }, title: /^huge mapping lost to a shared write/,
  },
  {
    name: "D-COWZ", kernel: "latest",
    without: { revert: ["mm-cow-user-page-revalidate"] },
    title: /^private copy of a file page lost its data/,
  },
  {
    name: "D-ALN", kernel: "latest",
    without: { revert: ["dax-pmd-colour-check", "dax-insert-pfn-pmd-recheck"] },
    title: LOST_TABLE,
  },
  {
    name: "D-IOMAP", kernel: "latest",
    without: { revert: ["dax-entry-before-iomap"] }, title: /^lost store to a shared page/,
  },
  {
    name: "D-ZAP", kernel: "latest",
    without: { revert: ["mm-pte-map-one-read"] }, title: /bad pmd/,
  },
];

export function raceByName(name: string): Race {
  const race = races.find((one) => one.name === name);
  if (race !== undefined) return race;
  throw new Error(`there is no race "${name}"; there are: ${races.map((r) => r.name).join(" ")}`);
}

/** The kernel to search: with the bug, or with its fix. */
export function configOf({ kernel, apply = [], without }: Race, broken: boolean): Config {
  const { revert = [], apply: wrong = [] } = broken ? without : {};
  return { ...DEFAULT_CONFIG, kernel, revert, apply: [...apply, ...wrong] };
}
