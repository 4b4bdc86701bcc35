// SPDX-License-Identifier: GPL-2.0-only
// The verdict on the canary: the planted bug was found, minimised to its two preemptions and filed.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { CampaignResult } from "./campaign.ts";
import { grouped } from "./status.ts";

const PREEMPTIONS = 2;
const FILES = ["title.txt", "report.txt", "repro.case", "repro.bin", "original.bin"];

/** What is wrong in a sentence, or null. */
export function canaryFailure(result: CampaignResult, crashes: string): string | null {
  const { found, executions } = result;
  const first = found.find(({ title }) => title.includes("canary"));
  if (first === undefined) return `it was not found in ${grouped(executions)} executions`;
  const { minimised, isNew, bucket } = first;
  if (!isNew || minimised === null) return "it was found, but not as a new bug";
  if (!minimised.proved) return "it was found, but minimising ran out of its budget";
  if (minimised.preemptions !== PREEMPTIONS) {
    return `it was minimised to ${minimised.preemptions} preemptions and not to ${PREEMPTIONS}`;
  }
  if (!minimised.replays) return "the saved case does not replay";
  const missing = FILES.filter((file) => !existsSync(join(crashes, bucket, file)));
  return missing.length === 0 ? null : `${missing.join(", ")} is missing in its folder`;
}
