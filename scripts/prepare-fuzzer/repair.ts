// SPDX-License-Identifier: GPL-2.0-only
// Edits a library that was linked against a newer glibc and libstdc++ so that this system loads it.
import { makeWeak, readElf, renameToTail } from "./elf.ts";
import type { DynamicElf, VersionNeed } from "./elf.ts";

/** What this system's C and C++ libraries offer. */
export interface Offer {
  /** E.g. "2.36". */
  glibc: string;
  hasCxxVersion(name: string): boolean;
}

export interface Edits {
  symbols: string[];
  needs: string[];
}

/**
 * glibc 2.38 gave these a second name for C23's binary literals; headers switch to it silently.
 * Under the old name they do what any program of the years before got.
 */
const C23_PREFIX = "__isoc23_";
const C23_NAMES = new Set(["strtol", "strtoul", "strtoll", "strtoull", "sscanf"]);

/** Negative, zero or positive, number by number. */
export function compareVersions(a: string, b: string): number {
  const left = a.split(".").map(Number);
  const right = b.split(".").map(Number);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function glibcVersion(need: VersionNeed): string | undefined {
  return /^GLIBC_([0-9.]+)$/.exec(need.name)?.[1];
}

function isMissing(need: VersionNeed, offer: Offer): boolean {
  const glibc = glibcVersion(need);
  if (glibc !== undefined) return compareVersions(glibc, offer.glibc) > 0;
  return /^(GLIBCXX|CXXABI)_/.test(need.name) && !offer.hasCxxVersion(need.name);
}

/** Its symbols are the ones that have been in libc since the architecture was born. */
function lowestLibcNeed(elf: DynamicElf): VersionNeed | undefined {
  return elf.needs
    .filter((need) => need.library === "libc.so.6" && glibcVersion(need) !== undefined)
    .sort((a, b) => compareVersions(glibcVersion(a)!, glibcVersion(b)!))[0];
}

/** Changes `bytes` in place, never its size; a second call finds nothing to do. */
export function repair(bytes: Buffer, offer: Offer): Edits {
  const elf = readElf(bytes);
  const missing = elf.needs.filter((need) => isMissing(need, offer));
  const nameOf = new Map(missing.map((need) => [need.index, need.name]));
  const oldest = lowestLibcNeed(elf);
  const edits: Edits = { symbols: [], needs: [] };
  for (const symbol of elf.imports) {
    const version = nameOf.get(symbol.versionIndex);
    if (version === undefined) continue;
    const tail = symbol.name.slice(C23_PREFIX.length);
    const known = symbol.name.startsWith(C23_PREFIX) && C23_NAMES.has(tail);
    if (!known || oldest === undefined) {
      throw new Error(`symbol ${symbol.name}@${version} is newer than this system`);
    }
    renameToTail(bytes, symbol, C23_PREFIX.length, oldest);
    edits.symbols.push(symbol.name);
  }
  for (const need of missing.filter(({ weak }) => !weak)) {
    makeWeak(bytes, need);
    edits.needs.push(need.name);
  }
  return edits;
}
