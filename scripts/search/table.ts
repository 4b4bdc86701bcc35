// SPDX-License-Identifier: GPL-2.0-only
// What the trials of one method come to, and the table of all of them.
import Table from "cli-table3";
import { median } from "../bench/children.ts";
import type { TrialResult } from "./hunt.ts";
import { methodByName } from "./methods.ts";

export interface Trial extends TrialResult {
  method: string;
  seed: number;
}

export interface Summary {
  method: string;
  trials: number;
  found: number;
  /** Null: more than the cap, because the trial in question found nothing. */
  medianExecutions: number | null;
  worstExecutions: number | null;
  medianSeconds: number | null;
  worstSeconds: number | null;
  /** Buckets of what was found, and how often. */
  buckets: Record<string, number>;
  /** Findings that were not the wanted one, over all trials. */
  others: Record<string, number>;
}

function count(into: Record<string, number>, key: string, by: number): void {
  into[key] = (into[key] ?? 0) + by;
}

/** A trial without success counts as longer than any other. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

export function summarise(method: string, all: readonly Trial[]): Summary {
  const trials = all.filter((trial) => trial.method === method);
  const executions = trials.map((t) => (t.found ? t.executions : Infinity));
  const seconds = trials.map((t) => (t.found ? t.seconds : Infinity));
  const buckets: Record<string, number> = {};
  const others: Record<string, number> = {};
  for (const trial of trials) {
    if (trial.bucket !== null) count(buckets, trial.bucket, 1);
    for (const [title, times] of Object.entries(trial.others)) count(others, title, times);
  }
  return {
    method, trials: trials.length, found: trials.filter((t) => t.found).length,
    medianExecutions: finite(median(executions)), worstExecutions: finite(Math.max(...executions)),
    medianSeconds: finite(median(seconds)), worstSeconds: finite(Math.max(...seconds)),
    buckets, others,
  };
}

const whole = (value: number) => Math.round(value).toLocaleString("en-US");

function printCounts(heading: string, counts: Record<string, number>): void {
  const entries = Object.entries(counts).sort((a, b) => b[1] - a[1]);
  if (entries.length === 0) return;
  console.log(`${heading}:`);
  for (const [name, times] of entries) console.log(`  ${times} x ${name}`);
}

export function printSummaries(race: string, cap: number, rows: readonly Summary[]): void {
  const executions = (value: number | null) => (value === null ? `> ${whole(cap)}` : whole(value));
  const seconds = (value: number | null) => (value === null ? "-" : value.toFixed(1));
  const table = new Table({
    head: [race, "found", "median executions", "worst", "median s", "worst s"],
    colAligns: ["left", "right", "right", "right", "right", "right"],
    style: { head: [], border: [] },
    chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" },
  });
  const buckets: Record<string, number> = {};
  const others: Record<string, number> = {};
  for (const row of rows) {
    table.push([
      methodByName(row.method).what, `${row.found}/${row.trials}`,
      executions(row.medianExecutions), executions(row.worstExecutions),
      seconds(row.medianSeconds), seconds(row.worstSeconds),
    ]);
    for (const [name, times] of Object.entries(row.buckets)) count(buckets, name, times);
    for (const [name, times] of Object.entries(row.others)) count(others, name, times);
  }
  console.log(table.toString());
  printCounts("buckets of what was found", buckets);
  printCounts("other findings on the way, by title", others);
}
