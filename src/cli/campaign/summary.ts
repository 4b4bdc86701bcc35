// SPDX-License-Identifier: GPL-2.0-only
// What a campaign says at its end: reports of new bugs, a table of all, and where they lie.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Table from "cli-table3";
import color from "picocolors";
import type { CampaignResult, Found } from "./campaign.ts";
import { grouped } from "./status.ts";

/** Whole reports are long; the others are named with their folders. */
const REPORTS_MAX = 3;

function report(crashes: string, { bucket }: Found): string {
  const path = join(crashes, bucket, "report.txt");
  const text = existsSync(path) ? readFileSync(path, "utf8") : "(no report)\n";
  return `${color.bold(`--- ${join(crashes, bucket)}/report.txt`)}\n${text}`;
}

function bugTable(crashes: string, found: readonly Found[]): string {
  const head = ["bug", "", "executions", "seconds", "minimal"];
  const table = new Table({ head, style: { head: [], border: [], compact: true } });
  for (const { bucket, title, isNew, total, seconds, minimised } of found) {
    const size = minimised === null ? "" :
      `${minimised.operations} ops, ${minimised.preemptions} preemptions`;
    const name = `${title}\n${join(crashes, bucket)}`;
    table.push([name, isNew ? "new" : "known", grouped(total), seconds.toFixed(1), size]);
  }
  return table.toString();
}

/** The text for stdout. */
export function summarise(result: CampaignResult, crashes: string): string {
  const { found, executions, seconds } = result;
  const rate = seconds === 0 ? 0 : executions / seconds;
  const done = `${grouped(executions)} executions in ${seconds.toFixed(1)} s (${grouped(rate)}/s)`;
  if (found.length === 0) return `${done}: nothing found`;
  const fresh = found.filter(({ isNew }) => isNew);
  // Without anything new, the first one that was met again is still worth a look.
  const shown = fresh.length === 0 ? found.slice(0, 1) : fresh.slice(0, REPORTS_MAX);
  const bugs = `${found.length} bug${found.length === 1 ? "" : "s"}, ${fresh.length} new`;
  return [...shown.map((one) => report(crashes, one)), bugTable(crashes, found), `${done}: ${bugs}`]
    .join("\n");
}
