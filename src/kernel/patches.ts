// SPDX-License-Identifier: GPL-2.0-only
// Kernel versions (ordered) and patches (a set), merged once a boot. `if (fixed("id"))` stands in
// kernel code at the place of the upstream diff, in positive form.
import { UserError } from "../lib/assert.ts";

/** Kernel versions that differ in what is modelled, oldest first. "latest" has every landed fix. */
export const VERSIONS = [
  "v4.11", "v4.12", "v4.13", "v4.14", "v4.15", "v5.1", "v5.2", "v5.4", "v5.6", "v5.19", "v6.5",
  "latest",
] as const;
export type Version = (typeof VERSIONS)[number];

export interface Patch {
  id: string;
  /** The toggle's name in the fact sheets, with the value that this patch stands for. */
  toggle: string;
  /** First version that has it; null: proposed, never merged. */
  since: Version | null;
  /** Competing fixes share a group: at most one of them is on. */
  group?: string;
  /** Where the diff is, and what it says. */
  source: string;
  help: string;
}

export const patches = [
  {
    id: "dax-recheck-pmd", toggle: "dax.collisionFix=final", since: "v4.12",
    group: "dax.collisionFix", source: "fs/dax.c, e2093926a098 (26 May 2017)",
    help: "after the entry lock, DAX faults check that the PMD still suits them, else refault",
  },
  {
    id: "dax-collision-v1", toggle: "dax.collisionFix=v1", since: null,
    group: "dax.collisionFix", source: "fs/dax.c, first posting (17 May 2017)",
    help: "PTE faults split the huge PMD, PMD faults fall back when the PMD is not none",
  },
  {
    id: "dax-collision-v2", toggle: "dax.collisionFix=v2", since: null,
    group: "dax.collisionFix", source: "fs/dax.c, second posting (22 May 2017)",
    help: "PTE faults retry on a devmap PMD, PMD faults fall back when the PMD is not none",
  },
  {
    id: "mm-devmap-before-unstable", toggle: "mm.devmapBeforeUnstable=true", since: "v4.12",
    source: "mm/memory.c, d0f0931de936",
    help: "test pmd_devmap() before pmd_trans_unstable(), which takes a DAX PMD for a bad one",
  },
  {
    id: "dax-entry-before-iomap", toggle: "dax.entryBeforeIomap=true", since: "v4.12",
    source: "fs/dax.c, 13e451fdc1af",
    help: "DAX faults lock the mapping entry before they ask the filesystem for the extent",
  },
  {
    id: "dax-pmd-colour-check", toggle: "dax.pmdColourCheck=true", since: "v4.13",
    source: "fs/dax.c, fffa281b48a9",
    help: "no PMD fault where address and file offset differ modulo the huge page size",
  },
  {
    id: "mm-tlb-flush-nested", toggle: "mm.tlbFlushNested=true", since: "v4.13",
    source: "mm/memory.c, 99baac21e458",
    help: "a gather that meets another one flushes its whole range, not only what it cleared",
  },
  {
    id: "dax-hole-zero-page", toggle: "dax.holePage=zeropage", since: "v4.14",
    source: "fs/dax.c, 91d25ba8a6b0",
    help: "reads of holes map the zero page and no page-cache page",
  },
  {
    id: "mm-pgtables-bytes", toggle: "mm.pgtablesBytes=true", since: "v4.15",
    source: "kernel/fork.c, af5b0f6a09e4",
    help: "one counter of page-table bytes instead of nr_ptes and nr_pmds",
  },
  {
    id: "dax-insert-pfn-pmd-recheck", toggle: "dax.insertPfnPmdRecheck=true", since: "v5.1",
    source: "mm/huge_memory.c, c6f3c5ee40c1",
    help: "insert_pfn_pmd() looks at the PMD under its lock; hides the collision by itself",
  },
  {
    id: "dax-mkclean-keeps-pmd", toggle: "dax.mkcleanKeepsPmd=true", since: "v5.2",
    source: "fs/dax.c, 024eee0e83f0",
    help: "fsync's write protection never shows an empty PMD to those who look without its lock",
  },
  {
    id: "mm-rss-type-names", toggle: "mm.rssTypeNames=true", since: "v5.4",
    source: "kernel/fork.c, 8495f7e67364",
    help: "check_mm() prints type:MM_ANONPAGES and no idx:1",
  },
  {
    id: "mm-cow-user-page-revalidate", toggle: "mm.cowUserPageRevalidate=true", since: "v5.6",
    source: "mm/memory.c, c3e5ea6ee574",
    help: "a failed user copy in COW re-checks the PTE and does not zero the new page",
  },
  {
    id: "mm-gather-flushes-pfnmap", toggle: "mm.gatherFlushesPfnmap=true", since: "v5.19",
    source: "include/asm-generic/tlb.h, b67fbebd4cf9",
    help: "munmap flushes a mapping without page references before the file can lose sight of it",
  },
  {
    id: "mm-pte-map-one-read", toggle: "mm.pteMapOneRead=true", since: "v6.5",
    source: "mm/pgtable-generic.c, 0d940a9b270b (pte_offset_map may fail)",
    help: "one read of the PMD tells whether there is a table; a DAX PMD is no bad one",
  },
] as const satisfies readonly Patch[];

export type PatchId = (typeof patches)[number]["id"];

/** Versions under other names, as the fact sheets call them. */
const PROFILES: Record<string, Version> = { "v5.0": "v4.15", "v5.5": "v5.4", "v5.7": "v5.6" };

const on = Object.fromEntries(patches.map((p) => [p.id, true])) as Record<PatchId, boolean>;

let booted: readonly PatchId[] = [];

/** True when the running kernel has this patch. */
export function fixed(id: PatchId): boolean {
  return on[id];
}

export function kernel_names(): string[] {
  return [...VERSIONS, ...Object.keys(PROFILES)];
}

function find_patch(name: string): { id: PatchId; on: boolean } {
  const rows: readonly Patch[] = patches;
  const [toggle, value] = name.split("=");
  const off = value === "none" || value === "false" || value === "pagecache";
  const row = rows.find(
    (p) => p.id === name || p.toggle === name || (p.toggle.split("=")[0] === toggle && p.since),
  );
  if (row === undefined || (value !== undefined && !off && row.toggle !== name)) {
    throw new UserError(`unknown patch "${name}"; \`faultline kernels\` lists them`);
  }
  return { id: row.id as PatchId, on: !off };
}

/** The patches of `kernel` less `revert` plus `apply`, in row order. Throws UserError. */
export function patch_set(
  kernel: string, revert: readonly string[], apply: readonly string[],
): PatchId[] {
  const version = VERSIONS.find((v) => v === kernel) ?? PROFILES[kernel];
  if (version === undefined) {
    const list = kernel_names().join(" ");
    throw new UserError(`unknown kernel "${kernel}"; expected one of: ${list}`);
  }
  const age = VERSIONS.indexOf(version);
  const rows: readonly Patch[] = patches;
  const set = new Set<string>(
    rows.filter((p) => p.since !== null && VERSIONS.indexOf(p.since) <= age).map((p) => p.id),
  );
  for (const name of revert) set.delete(find_patch(name).id);
  for (const name of apply) {
    const { id, on: wanted } = find_patch(name);
    const { group } = rows.find((p) => p.id === id)!;
    for (const p of rows) if (group !== undefined && p.group === group) set.delete(p.id);
    if (wanted) set.add(id);
    else set.delete(id);
  }
  return patches.map((p) => p.id).filter((id) => set.has(id));
}

/** Makes `ids` the patches of the running kernel. */
export function boot_with(ids: readonly PatchId[]): void {
  if (ids === booted) return;
  booted = ids;
  for (const { id } of patches) on[id] = ids.includes(id);
}
