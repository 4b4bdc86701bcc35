// SPDX-License-Identifier: GPL-2.0-only
// What a campaign says at its end: reports of new bugs, a list of all, and where they lie.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
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

/** Two lines a bug: when and how small, then where. A table with folders would be too wide. */
function bugLines(crashes: string, found: readonly Found[]): string[] {
  return found.flatMap(({ bucket, title, isNew, total, seconds, minimised }) => {
    const when = `${grouped(total).padStart(13)} executions ${seconds.toFixed(1).padStart(8)} s`;
    const size = minimised === null ? "" :
      `  ${minimised.operations} operations, ${minimised.preemptions} preemptions`;
    const name = isNew ? color.red(title) : title;
    const first = `${isNew ? "new  " : "known"} ${when}${size}`;
    return [first, `      ${name}`, `      ${join(crashes, bucket)}`];
  });
}

/** The text for stdout. */
export function summarise(result: CampaignResult, crashes: string): string {
  const { found, executions, seconds, titles } = result;
  const rate = seconds === 0 ? 0 : executions / seconds;
  const done = `${grouped(executions)} executions in ${seconds.toFixed(1)} s (${grouped(rate)}/s)`;
  if (found.length === 0) return `${done}: nothing ${titles.size === 0 ? "found" : "filed"}`;
  const fresh = found.filter(({ isNew }) => isNew);
  // Without anything new, the first one that was met again is still worth a look.
  const shown = fresh.length === 0 ? found.slice(0, 1) : fresh.slice(0, REPORTS_MAX);
  const bugs = `${found.length} bug${found.length === 1 ? "" : "s"}, ${fresh.length} new`;
  const reports = shown.map((one) => report(crashes, one));
  return [...reports, ...bugLines(crashes, found), "", `${done}: ${bugs}`].join("\n");
}
