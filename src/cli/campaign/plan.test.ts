// SPDX-License-Identifier: GPL-2.0-only
// Plans and status lines, without starting anything.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { dax } from "../../program/targets.ts";
import { configsOf, planWorkers, signalsOf } from "./plan.ts";
import type { FuzzOptions } from "./plan.ts";
import { clock, statusBlock, statusLine } from "./status.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "faultline-plan-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function options(more: Partial<FuzzOptions>): FuzzOptions {
  return {
    target: "dax", jobs: 3, seed: 7, corpus: join(dir, "corpus"), crashes: join(dir, "crashes"),
    keepGoing: false, signals: ["branches", "sites", "pairs"], seeds: true, ...more,
  };
}

test("seeds differ, runs are shared out, part of the workers is random", () => {
  const plan = planWorkers(options({ runs: 10, seed: 0xffffffff }), dax.configs);
  expect(plan.map(({ seed, runs, mode }) => [seed, runs, mode])).toEqual([
    [0xffffffff, 4, "guided"], [1, 3, "guided"], [2, 3, "pct"],
  ]);
  expect(existsSync(join(dir, "crashes"))).toBe(true);
});

test("workers without anything to do are not started", () => {
  expect(planWorkers(options({ runs: 1 }), dax.configs)).toHaveLength(1);
  const modes = planWorkers(options({ workersPct: 9 }), dax.configs).map(({ mode }) => mode);
  expect(modes).toEqual(["pct", "pct", "pct"]);
});

test("kernels and patches of the options replace those of the target", () => {
  expect(configsOf({}, dax.configs)).toEqual([]);
  const given = { kernel: ["v4.12", "v4.13"], revert: ["dax-recheck-pmd"] };
  const chosen = configsOf(given, dax.configs);
  expect(chosen.map(({ kernel }) => kernel)).toEqual(["v4.12", "v4.13"]);
  expect(chosen[1].revert).toEqual(["dax-recheck-pmd"]);
  expect(configsOf({ apply: ["dax-collision-v1"] }, dax.configs)).toHaveLength(dax.configs.length);
});

test("signals by name", () => {
  expect(signalsOf(["none"])).toEqual({ branches: false, sites: false, pairs: false });
  expect(signalsOf(["pairs"])).toEqual({ branches: false, sites: false, pairs: true });
});

test("the status says it all, on a terminal and on a pipe", () => {
  const progress = {
    target: "dax", seconds: 3671, limit: null, executions: 1234567, perSecond: 89012, coverage: 812,
    pairs: 1204, corpus: 312, titles: new Map([["BUG: a", 3], ["BUG: b", 4000]]), buckets: 2,
  };
  expect(statusLine(progress)).toBe("1:01:11  1,234,567 executions  89,012/s  coverage 812  " +
    "interleavings 1204  corpus 312  findings 4,003 in 2 buckets");
  const lines = statusBlock(progress, 80).split("\n");
  expect(lines).toHaveLength(9);
  expect(lines[7]).toContain("4,000 x BUG: b");
  expect(clock(59.9)).toBe("00:59");
});
