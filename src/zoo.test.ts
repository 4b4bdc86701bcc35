// SPDX-License-Identifier: GPL-2.0-only
// Every case of corpus/zoo: its bug without the fix, silence with it, and found again by search.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { execute } from "./execute.ts";
import { patches } from "./kernel/patches.ts";
import type { Case } from "./program/case.ts";
import { parseCase } from "./program/text.ts";
import { Pct } from "./sched/strategies/pct.ts";
import { minimise, proveMinimal } from "./triage/minimise.ts";
import { show } from "./triage/trial.ts";
import { normaliseTitle } from "./triage/title.ts";

const folder = join(import.meta.dirname, "../corpus/zoo");
const zoo = readdirSync(folder)
  .filter((name) => name.endsWith(".case"))
  .map((name): [string, Case] => [name, parseCase(readFileSync(join(folder, name), "utf8"), name)]);

/** The same case on the kernel that has the fix. */
function repaired(c: Case): Case {
  return { ...c, config: { ...c.config, revert: [], apply: [] } };
}

function says(c: Case, lines: readonly string[]): boolean {
  const wanted = normaliseTitle(c.expect!);
  return lines.some((line) => normaliseTitle(line) === wanted);
}

/** Schedules drawn for one case; PCT with up to three preemptions. */
const DRAWS = 1000;

function search(c: Case): number {
  for (let seed = 0; seed < DRAWS; seed++) {
    const outcome = execute(c, { strategy: new Pct(seed, 2 + (seed % 3), 128) });
    if (outcome.title !== null) return seed;
  }
  return -1;
}

describe.each(zoo)("%s", (_name, c) => {
  const clean = c.expect === "clean";

  test(clean ? "stays clean under its schedule" : "shows its bug under its schedule", () => {
    const outcome = execute(c);
    if (clean) expect(outcome.title).toBeNull();
    else expect(outcome.log.join("\n")).toSatisfy(() => says(c, outcome.log));
  });

  test("is silent with the fix, under its schedule and under thousands of others", () => {
    const fixedCase = clean ? c : repaired(c);
    expect(execute(fixedCase).log).toEqual([]);
    expect(search(fixedCase)).toBe(-1);
  });

  test.skipIf(clean)("is cut down until every operation and preemption is needed", () => {
    const cut = minimise(c, execute);
    expect(cut.oneMinimal).toBe(true);
    expect(proveMinimal(cut.case, execute)).toMatchObject({ minimal: true, removable: null });
    expect(cut.signature.identity).toBe(show(c, execute)!.signature.identity);
  });

  test.skipIf(clean)("is found by a search that does not know the schedule", () => {
    expect(search(c)).toBeGreaterThanOrEqual(0);
  });
});

test("D-R2 is six operations and one preemption, and the pair is the one of the thread", () => {
  const cut = minimise(zoo.find(([name]) => name === "D-R2.case")![1], execute);
  const { operations, preemptions } = proveMinimal(cut.case, execute);
  expect({ operations, preemptions }).toEqual({ operations: 6, preemptions: 1 });
  expect(cut.signature.identity).toBe("pmd|__pte_alloc|insert_pfn_pmd|__handle_mm_fault");
});

/** Rows that change what is printed or mapped but repair no race. */
const NO_BUG = ["mm-pgtables-bytes", "mm-rss-type-names", "dax-hole-zero-page"];

test("every fix has a zoo case that goes red without it", () => {
  const reverted = new Set(zoo.flatMap(([, c]) => [...c.config.revert, ...c.config.apply]));
  const missing = patches.filter((p) => !reverted.has(p.id) && !NO_BUG.includes(p.id));
  expect(missing.map((p) => p.id)).toEqual([]);
});
