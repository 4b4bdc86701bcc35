// SPDX-License-Identifier: GPL-2.0-only
// An outcome for people and for programs (design/cases.md, "The JSON of a run").
import color from "picocolors";
import { hex8 } from "../lib/hash.ts";
import { errno_name } from "../kernel/errno.ts";
import type { Outcome } from "../outcome.ts";
import type { Case } from "../program/case.ts";
import type { Op, OpResult } from "../program/op.ts";
import { printOp } from "../program/text.ts";
import { printSchedule } from "../sched/schedule.ts";
import { normaliseTitle } from "../triage/title.ts";
import { PARTS } from "../triage/trial.ts";

/** One operation of a run: `r` is 0 or an errno's name. */
export type Step = { op: string } & Record<string, unknown>;

function stepOf(op: Op, result: OpResult | null, waits: boolean): Step {
  const text = printOp(op);
  if (result === null) return waits ? { op: text, blocked: true } : { op: text, r: null };
  const { r, ...rest } = result;
  return { op: text, r: r === 0 ? 0 : errno_name(r), ...rest };
}

/** One step for each operation, in the order of the file; `r` is null where nobody came. */
export function stepsOf(c: Case, outcome: Outcome): Step[] {
  const stuck = new Set<number>();
  // A task waits in its first operation without a result; those behind it were not reached.
  const mayWait = outcome.kind !== "clean" && outcome.kind !== "bug";
  return PARTS.flatMap((part) => c[part]).map((op, i) => {
    const result = outcome.results[i] ?? null;
    const waits = mayWait && result === null && !stuck.has(op.task);
    if (result === null) stuck.add(op.task);
    return stepOf(op, result, waits);
  });
}

export function toJson(
  c: Case, outcome: Outcome, bucket: string | null, steps: Step[],
): Record<string, unknown> {
  const { title, kind, points, switches, preemptions, hash } = outcome;
  return {
    version: 1, title, kind, bucket, steps,
    schedule: c.run.length === 0 ? "" : printSchedule(outcome.schedule()),
    points, switches, preemptions, hash: hex8(hash),
  };
}

function stepText({ op, r, v, sig, sigpage, x, blocked }: Step): string {
  const words: string[] = [];
  if (blocked !== undefined) words.push(color.yellow("blocked"));
  else if (r === null) words.push(color.dim("not reached"));
  else words.push(r === 0 ? color.dim("ok") : color.yellow(String(r)));
  if (Array.isArray(v) && v.length > 0) words.push(`= ${v.join(" ")}`);
  if (sig !== undefined) words.push(`${String(sig)} at page ${String(sigpage)}`);
  if (x !== undefined) words.push(String(x));
  return `  ${op.padEnd(36)} ${words.join(" ")}`;
}

/** The summary of a run, for a terminal. */
export function summary(c: Case, outcome: Outcome, steps: Step[]): string {
  const { title, kind, points, switches, preemptions, hash, log } = outcome;
  const lines: string[] = [];
  let next = 0;
  for (const part of PARTS) {
    if (c[part].length === 0) continue;
    lines.push(`${part}:`, ...steps.slice(next, next + c[part].length).map(stepText));
    next += c[part].length;
  }
  if (log.length > 0) {
    const text = log.flatMap((one) => one.split("\n")).map((line) => `  ${line}`);
    lines.push("", "kernel log:", ...text);
  }
  const schedule = c.run.length === 0 ? "" : printSchedule(outcome.schedule());
  if (schedule !== "") lines.push("", `schedule: ${schedule}`);
  const sizes = `${points} points, ${switches} switches, ${preemptions} preemptions`;
  lines.push(`${sizes}, hash ${hex8(hash)}`);
  lines.push(title === null ? color.green(kind) : color.red(title));
  return lines.join("\n");
}

/** Does the outcome keep `promise`: "clean", or a finding that the kernel said at any time? */
export function keeps(promise: string, { title, log }: Outcome): boolean {
  if (promise === "clean") return title === null;
  if (title === null) return false;
  const wanted = normaliseTitle(promise);
  const said = [title, ...log.flatMap((text) => text.split("\n"))];
  return said.some((line) => normaliseTitle(line) === wanted);
}
