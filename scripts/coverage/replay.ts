// SPDX-License-Identifier: GPL-2.0-only
// The program that `npm run coverage` measures: every case of the corpus once under its own
// schedule, a zoo case also on the kernel with its fix, and as often as asked under PCT.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { execute } from "../../src/execute.ts";
import { UserError } from "../../src/lib/assert.ts";
import type { Case } from "../../src/program/case.ts";
import { parseCase } from "../../src/program/text.ts";
import { Pct } from "../../src/sched/strategies/pct.ts";

/** Longest run that PCT should spread its preemptions over, in points. */
const PCT_LENGTH = 128;

function casesIn(folder: string): Case[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return files.filter((name) => name.endsWith(".case")).sort()
    .map((name) => parseCase(readFileSync(join(folder, name), "utf8"), name));
}

function variants(c: Case): Case[] {
  const { revert, apply } = c.config;
  if (revert.length + apply.length === 0) return [c];
  return [c, { ...c, config: { ...c.config, revert: [], apply: [] } }];
}

const [folder, draws] = process.argv.slice(2);
let executions = 0;
let skipped = 0;
for (const c of casesIn(folder).flatMap(variants)) {
  try {
    execute(c);
    executions++;
    for (let seed = 0; seed < Number(draws); seed++, executions++) {
      execute(c, { strategy: new Pct(seed, 2 + (seed % 3), PCT_LENGTH) });
    }
  } catch (error) {
    // An operation that the kernel does not model yet.
    if (!(error instanceof UserError)) throw error;
    skipped++;
  }
}
console.log(JSON.stringify({ executions, skipped }));
