// SPDX-License-Identifier: GPL-2.0-only
// What the benchmark executes: a fixed case of two tasks, and cases from bytes as in fuzzing.
import { execute } from "../../src/execute.ts";
import { assert } from "../../src/lib/assert.ts";
import { Prng } from "../../src/lib/prng.ts";
import { decode } from "../../src/program/bytes.ts";
import type { Case } from "../../src/program/case.ts";
import type { Target } from "../../src/program/target.ts";
import { dax } from "../../src/program/targets.ts";
import { parseCase } from "../../src/program/text.ts";

/** fixed: one case. pool: random inputs, always the same. bytes: what libFuzzer makes. */
export const WORKS = ["fixed", "pool", "bytes"] as const;
export type Work = (typeof WORKS)[number];

/** Runs one execution on libFuzzer's `data`, which only "bytes" looks at; returns its points. */
export type Step = (data: Uint8Array) => number;

/** Anonymous and DAX faults, shared and private, zap; a switch every 21 points, eight of them. */
const FIXED = `kernel: latest
setup:
  dax 0 8
  mmap 0 8 rw anon
  mmap 8 8 rw fpriv 0 0
run:
  @0 store 0 1
  @0 load 0
  @0 store 0 2
  @0 madvise 0 8 dontneed
  @1 store 8 3
  @1 load 8
  @1 store 1 4
  @1 load 1
  @1 store 1 5
  @1 load 8
  @1 load 1
schedule: bytes counts 14001400140014001400140014001400
`;

/** As many random inputs, which take turns. */
const POOL_SIZE = 1024;

export function fixedCase(): Case {
  return parseCase(FIXED, "fixed");
}

/** Points of each task in the run part of `c`, by task. */
export function pointsByTask(c: Case): number[] {
  const points: number[] = [];
  for (const { task, steps } of execute(c).schedule()) points[task] = (points[task] ?? 0) + steps;
  return points;
}

/** The DAX target on the latest kernel, where every execution is clean. */
function latestDax(): Target {
  return { ...dax, configs: dax.configs.slice(-1) };
}

function pool(size: number): Uint8Array[] {
  const prng = new Prng(1);
  return Array.from({ length: POOL_SIZE }, () =>
    Uint8Array.from({ length: size }, () => prng.below(256)));
}

function points(c: Case): number {
  const outcome = execute(c);
  assert(outcome.title === null, `the benchmark ran into a finding: ${outcome.title}`);
  return outcome.points;
}

export function stepOf(work: Work): Step {
  if (work === "fixed") {
    const c = fixedCase();
    return () => points(c);
  }
  const target = latestDax();
  if (work === "bytes") return (data) => points(decode(data, target));
  const inputs = pool(target.size);
  let next = 0;
  return () => points(decode(inputs[next++ % POOL_SIZE], target));
}
