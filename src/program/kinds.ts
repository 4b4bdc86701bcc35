// SPDX-License-Identifier: GPL-2.0-only
// What each kind of argument may be: its range, and whether a word of the text can be one.
import type { ArgKind } from "./op.ts";

/** 4 GiB of small pages: more than any case needs, and far from where sums lose precision. */
export const PAGE_MAX = 0xfffff;
export const TASK_MAX = 15;
/** Operations of one part; a longer case is a mistake, not a test. */
export const OPS_MAX = 4096;

export function lowestOf(kind: ArgKind): number {
  if (kind.type === "fd") return -1; // "no file", as mmap's own fd argument has it
  return kind.type === "number" ? -PAGE_MAX : 0;
}

export function highestOf(kind: ArgKind): number {
  switch (kind.type) {
    case "value":
      return 255;
    case "fd":
    case "slot":
    case "task":
      return TASK_MAX;
    case "word":
      return kind.words.length - 1;
    case "flags":
      return (1 << kind.words.length) - 1;
    default:
      return PAGE_MAX;
  }
}

export function isNumeric(kind: ArgKind): boolean {
  return kind.type !== "word" && kind.type !== "flags";
}

const INTEGER = /^-?\d{1,9}$/;

/** Whether `text` looks like a value of this kind; a number may still be out of range. */
export function fits(kind: ArgKind, text: string | undefined): boolean {
  if (text === undefined) return false;
  if (kind.type === "word" || kind.type === "flags") return kind.words.includes(text);
  return INTEGER.test(text);
}

/** "a page 0..1048575" or "r|w": what an error message says was expected. */
export function describeKind(kind: ArgKind): string {
  if (kind.type === "word" || kind.type === "flags") return kind.words.join("|");
  return `a ${NOUNS[kind.type]} ${lowestOf(kind)}..${highestOf(kind)}`;
}

const NOUNS = {
  page: "page", pages: "number of pages", value: "byte", fd: "file", task: "task", slot: "number",
  count: "count", number: "number",
} as const;
