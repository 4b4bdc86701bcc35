// SPDX-License-Identifier: GPL-2.0-only
// Entry bits: the only file that knows their positions. 32 bits each, frame number in the top 20.
// Models: arch/x86/include/asm/pgtable.h and pgtable_types.h (x86 predicates of v4.12).

/** An entry of the lowest level: maps one page. */
export type Pte = number & { readonly brand: "pte" };
/** An entry of any upper level: nothing, a table, or a huge page. */
export type Pmd = number & { readonly brand: "pmd" };

const PRESENT = 1 << 0;
const RW = 1 << 1;
const USER = 1 << 2;
const ACCESSED = 1 << 3;
const DIRTY = 1 << 4;
const PSE = 1 << 5;
const DEVMAP = 1 << 6;
const SPECIAL = 1 << 7;
const PFN_SHIFT = 12;
const FLAGS = (1 << PFN_SHIFT) - 1;
const KERNPG_TABLE = PRESENT | RW | ACCESSED | DIRTY;

/** Protection of a VMA in entry bits: what vm_page_prot is in Linux. */
export const PAGE_READONLY = PRESENT | USER;
export const PAGE_SHARED = PRESENT | USER | RW;

export const NO_PTE = 0 as Pte;
export const NO_PMD = 0 as Pmd;

export function mk_pte(pfn: number, prot: number): Pte {
  return ((pfn << PFN_SHIFT) | prot) as Pte;
}
export function pte_none(pte: Pte): boolean {
  return pte === 0;
}
export function pte_present(pte: Pte): boolean {
  return (pte & PRESENT) !== 0;
}
export function pte_write(pte: Pte): boolean {
  return (pte & RW) !== 0;
}
export function pte_dirty(pte: Pte): boolean {
  return (pte & DIRTY) !== 0;
}
export function pte_young(pte: Pte): boolean {
  return (pte & ACCESSED) !== 0;
}
export function pte_special(pte: Pte): boolean {
  return (pte & SPECIAL) !== 0;
}
export function pte_devmap(pte: Pte): boolean {
  return (pte & DEVMAP) !== 0;
}
export function pte_pfn(pte: Pte): number {
  return pte >>> PFN_SHIFT;
}
export function pte_mkyoung(pte: Pte): Pte {
  return (pte | ACCESSED) as Pte;
}
export function pte_mkdirty(pte: Pte): Pte {
  return (pte | DIRTY) as Pte;
}
export function pte_mkwrite(pte: Pte): Pte {
  return (pte | RW) as Pte;
}
export function pte_wrprotect(pte: Pte): Pte {
  return (pte & ~RW) as Pte;
}
export function pte_mkclean(pte: Pte): Pte {
  return (pte & ~DIRTY) as Pte;
}
export function pte_mkspecial(pte: Pte): Pte {
  return (pte | SPECIAL) as Pte;
}
export function pte_mkdevmap(pte: Pte): Pte {
  return (pte | SPECIAL | DEVMAP) as Pte;
}

/** An entry that points to the table in frame `pfn`; also for PUD and PGD. */
export function mk_table(pfn: number): Pmd {
  return ((pfn << PFN_SHIFT) | KERNPG_TABLE | USER) as Pmd;
}
export function mk_huge_pmd(pfn: number, prot: number): Pmd {
  return ((pfn << PFN_SHIFT) | prot | PSE) as Pmd;
}
export function pmd_none(pmd: Pmd): boolean {
  return pmd === 0;
}
export function pmd_present(pmd: Pmd): boolean {
  return (pmd & PRESENT) !== 0;
}
/** A DAX huge page. Not trans_huge, and bad to whoever asks pmd_bad(). */
export function pmd_devmap(pmd: Pmd): boolean {
  return (pmd & DEVMAP) !== 0;
}
export function pmd_trans_huge(pmd: Pmd): boolean {
  return (pmd & (PSE | DEVMAP)) === PSE;
}
export function pmd_huge(pmd: Pmd): boolean {
  return (pmd & PSE) !== 0;
}
/** Flags other than those of a table, ignoring USER. */
export function pmd_bad(pmd: Pmd): boolean {
  return (pmd & FLAGS & ~USER) !== KERNPG_TABLE;
}
export function pmd_is_table(pmd: Pmd): boolean {
  return (pmd & PRESENT) !== 0 && (pmd & PSE) === 0;
}
export function pmd_write(pmd: Pmd): boolean {
  return (pmd & RW) !== 0;
}
export function pmd_dirty(pmd: Pmd): boolean {
  return (pmd & DIRTY) !== 0;
}
export function pmd_pfn(pmd: Pmd): number {
  return pmd >>> PFN_SHIFT;
}
export function pmd_mkyoung(pmd: Pmd): Pmd {
  return (pmd | ACCESSED) as Pmd;
}
export function pmd_mkdirty(pmd: Pmd): Pmd {
  return (pmd | DIRTY) as Pmd;
}
export function pmd_mkwrite(pmd: Pmd): Pmd {
  return (pmd | RW) as Pmd;
}
export function pmd_wrprotect(pmd: Pmd): Pmd {
  return (pmd & ~RW) as Pmd;
}
export function pmd_mkclean(pmd: Pmd): Pmd {
  return (pmd & ~DIRTY) as Pmd;
}
/** Hardware faults on it, software still sees what it is. */
export function pmd_mknotpresent(pmd: Pmd): Pmd {
  return (pmd & ~PRESENT) as Pmd;
}
export function pmd_mkdevmap(pmd: Pmd): Pmd {
  return (pmd | DEVMAP) as Pmd;
}

/** Raw words become entries only here and in the page-table accessors. */
export function as_pte(word: number): Pte {
  return word as Pte;
}
export function as_pmd(word: number): Pmd {
  return word as Pmd;
}

/** Where each of our bits stands in a real x86-64 entry, for messages. */
const X86_LOW: [number, number][] = [
  [PRESENT, 0x1], [RW, 0x2], [USER, 0x4], [ACCESSED, 0x20], [DIRTY, 0x40], [PSE, 0x80],
  [SPECIAL, 0x200],
];
/** Physical address of frame 0 in messages: any value will do, a large one looks real. */
const PHYS_BASE_PFN = 0x100000;

/** The entry as Linux prints it, 16 hex digits (%016lx): NX and DEVMAP are in the high word. */
export function x86_hex(entry: Pte | Pmd): string {
  if (entry === 0) return "0".repeat(16);
  let low = 0;
  for (const [ours, theirs] of X86_LOW) if (entry & ours) low |= theirs;
  const pfn = PHYS_BASE_PFN + (entry >>> PFN_SHIFT);
  const nx = entry & (PSE | DEVMAP) ? 0x80000000 : 0;
  const high = (nx | (entry & DEVMAP ? 0x04000000 : 0) | (pfn >>> 20)) >>> 0;
  const rest = (((pfn & 0xfffff) << 12) | low) >>> 0;
  return high.toString(16).padStart(8, "0") + rest.toString(16).padStart(8, "0");
}

/** "none", "table 12", "huge devmap pfn 8 ro": an upper entry as a report says it. */
export function describe_pmd(pmd: Pmd): string {
  if (pmd === 0) return "none";
  if (pmd_is_table(pmd)) return `table ${pmd_pfn(pmd)}`;
  const what = pmd_devmap(pmd) ? "DAX huge" : "huge";
  return `${what} ${pmd_write(pmd) ? "rw" : "ro"} pfn ${pmd_pfn(pmd)}`;
}

export function describe_pte(pte: Pte): string {
  if (pte === 0) return "none";
  const dax = pte_devmap(pte) ? "DAX " : "";
  return `${dax}page ${pte_pfn(pte)} ${pte_write(pte) ? "rw" : "ro"}`;
}
