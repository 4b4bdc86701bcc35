// SPDX-License-Identifier: GPL-2.0-only
// The races of a search: the zoo's case shows each one on its kernel under its words, and not with
// the fix; and what the trials of a method add up to.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseCase } from "../src/program/text.ts";
import { Hunt } from "./search/hunt.ts";
import { DEFAULT_METHODS, methodByName } from "./search/methods.ts";
import { configOf, raceByName, races } from "./search/races.ts";
import { summarise } from "./search/table.ts";
import type { Trial } from "./search/table.ts";

const zoo = join(import.meta.dirname, "../corpus/zoo");

describe.each(races)("$name", (race) => {
  const c = parseCase(readFileSync(join(zoo, `${race.name}.case`), "utf8"), race.name);

  it("is found in the zoo's case, on its kernel", () => {
    const hunt = new Hunt(race.title, 10);
    expect(hunt.run({ ...c, config: configOf(race, true) })).toBe(true);
    const { found, executions, bucket, case: text } = hunt.result();
    expect({ found, executions }).toEqual({ found: true, executions: 1 });
    expect(bucket).not.toBeNull();
    const again = new Hunt(race.title, 1);
    again.run(parseCase(text!, "found"));
    expect(again.result()).toMatchObject({ found: true, bucket });
  });

  it("is silent with the fix", () => {
    const hunt = new Hunt(/(?:)/, 10);
    expect(hunt.run({ ...c, config: configOf(race, false) })).toBe(false);
    expect(hunt.result().found).toBe(false);
  });
});

it("counts findings that are not the wanted one, and gives up at the cap", () => {
  const c = parseCase(readFileSync(join(zoo, "D-BP.case"), "utf8"), "D-BP");
  const hunt = new Hunt(/deadlock/, 2);
  expect([hunt.run(c), hunt.run(c)]).toEqual([false, true]);
  const others = { "mm/pgtable-generic.c:LINE: bad pmd (ptrval)(ENTRY)": 2 };
  expect(hunt.result()).toMatchObject({ found: false, executions: 2, others });
});

it("names what there is when a race or a method is unknown", () => {
  expect(() => raceByName("D-9")).toThrow(/there is no race "D-9"; there are: D-R2 /);
  expect(() => methodByName("luck")).toThrow(/there is no method "luck"; there are: guided /);
  for (const name of DEFAULT_METHODS) expect(methodByName(name).name).toBe(name);
});

it("takes a trial that found nothing as the longest", () => {
  const trial = (seed: number, executions: number, found = true): Trial => ({
    method: "pct", seed, found, executions, seconds: executions / 10,
    title: found ? "x" : null, bucket: found ? "b" : null, case: null, others: { y: 1 },
  });
  const all = [trial(1, 30), trial(2, 10), trial(3, 99, false), { ...trial(1, 1), method: "a" }];
  expect(summarise("pct", all)).toEqual({
    method: "pct", trials: 3, found: 2, medianExecutions: 30, worstExecutions: null,
    medianSeconds: 3, worstSeconds: null, buckets: { b: 2 }, others: { y: 3 },
  });
});
