// SPDX-License-Identifier: GPL-2.0-only
// Helpers for tests of the machine: run a few lines of the case language, see the accesses.
import { execute } from "../execute.ts";
import type { Outcome } from "../outcome.ts";
import { parseCase } from "../program/text.ts";

/** Executes `text` as a case file, traced. */
export function run(text: string): Outcome {
  return execute(parseCase(text, "test.case"), { trace: true });
}

/** The accesses of task `task` in the run part, one line each: what was done to which object. */
export function accessLog(outcome: Outcome, task: number): string[] {
  const lines: string[] = [];
  let running = false;
  for (const event of outcome.trace!.events) {
    if (event.type === "op") running = event.phase === "run" && event.result === null;
    if (!running || event.type === "switch" || event.task !== task) continue;
    if (event.type === "point") lines.push(`${event.access} ${event.name}`);
    if (event.type === "change") lines.push(`  ${event.what}: ${event.from} -> ${event.to}`);
    if (event.type === "release") lines.push(`release ${event.name}`);
  }
  return lines;
}
