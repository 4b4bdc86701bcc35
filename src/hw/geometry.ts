// SPDX-License-Identifier: GPL-2.0-only
// The shape of page tables: 8 entries a table (small, every bug still fits) or 512 (x86-64).

export const LEVELS = 4;

export const geometry = {
  /** log2 of the entries in one table. */
  shift: 3,
  /** Entries in a table, and pages under one PMD entry (HPAGE_PMD_NR). */
  entries: 8,
  /** Pages that four levels of tables can map, at most 2^30. */
  pages: 8 ** 4,
  /** entries - 1: masks the index of a page inside its table. */
  mask: 7,
};

/** `name` as in a case's `geometry:` line. */
export function set_geometry(name: "small" | "x86-64"): void {
  geometry.shift = name === "small" ? 3 : 9;
  geometry.entries = 1 << geometry.shift;
  geometry.mask = geometry.entries - 1;
  geometry.pages = 1 << Math.min(geometry.shift * LEVELS, 30);
}

/** Index of virtual page `vpn` in the table of `level`: 0 is a PTE table, 3 the PGD. */
export function table_index(vpn: number, level: number): number {
  return (vpn >>> (level * geometry.shift)) & geometry.mask;
}
