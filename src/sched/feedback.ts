// SPDX-License-Identifier: GPL-2.0-only
// What an execution teaches the fuzzer: branches of kernel-land, sites reached and racing pairs,
// as counters in one 16 Ki region (engine.md A3: larger regions cost more than they tell).
import { assert } from "../lib/assert.ts";
import { spread } from "../lib/hash.ts";

export const REGION_SIZE = 16384;
const BRANCHES_SIZE = 4096;
const SITES_SIZE = 4096;
/** Of one module: its counters are neighbours, and must not run out of the region. */
const MODULE_BRANCHES_MAX = 1024;
const PAIRS_SIZE = REGION_SIZE - BRANCHES_SIZE - SITES_SIZE;

/** Which signals reach the engine; an ablation turns one off. */
export interface Signals {
  branches: boolean;
  sites: boolean;
  pairs: boolean;
}
export const ALL_SIGNALS: Signals = { branches: true, sites: true, pairs: true };

/** Live views: instrumented code and the scheduler store into them without a test. */
export let branches = new Uint8Array(BRANCHES_SIZE);
export let sites = new Uint8Array(SITES_SIZE);
export let pairs = new Uint8Array(PAIRS_SIZE);

let branchesUsed = 0;

/** Reserves `count` branch counters for one instrumented module; returns the first index. */
export function allocBranches(count: number, module: string): number {
  assert(count <= MODULE_BRANCHES_MAX, `${module} has too many branches: split the file`);
  const first = branchesUsed;
  // Beyond the region the counters wrap: two branches share a cell, nothing breaks.
  branchesUsed = (branchesUsed + count) % (BRANCHES_SIZE - MODULE_BRANCHES_MAX);
  return first;
}

/** Points the views at the engine's `region` (REGION_SIZE bytes); what is off goes nowhere. */
export function attachFeedback(region: Uint8Array, on: Signals = ALL_SIGNALS): void {
  assert(region.length >= REGION_SIZE, "the engine's region is too small");
  const cut = (from: number, size: number, live: boolean): Uint8Array<ArrayBuffer> =>
    live
      ? new Uint8Array(region.buffer as ArrayBuffer, region.byteOffset + from, size)
      : new Uint8Array(size);
  branches = cut(0, BRANCHES_SIZE, on.branches);
  sites = cut(BRANCHES_SIZE, SITES_SIZE, on.sites);
  pairs = cut(BRANCHES_SIZE + SITES_SIZE, PAIRS_SIZE, on.pairs);
}

const seenPairs = new Uint8Array(PAIRS_SIZE);
const seenSites = new Uint8Array(SITES_SIZE);
export const seen = { pairs: 0, sites: 0 };

/** A site was passed: one feature each. */
export function sawSite(site: number): void {
  const cell = site & (SITES_SIZE - 1);
  if (sites[cell] !== 0) return;
  sites[cell] = 1;
  if (seenSites[cell] === 0) {
    seenSites[cell] = 1;
    seen.sites++;
  }
}

/** Two tasks touched one object, at least one of them writing: the pair of sites is the feature. */
export function sawPair(first: number, second: number): void {
  const cell = spread(first + Math.imul(second, 31)) & (PAIRS_SIZE - 1);
  if (pairs[cell] !== 0) return;
  pairs[cell] = 1;
  if (seenPairs[cell] === 0) {
    seenPairs[cell] = 1;
    seen.pairs++;
  }
}
