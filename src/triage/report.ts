// SPDX-License-Identifier: GPL-2.0-only
// report.txt: what a kernel developer would want in a mail about the bug, in under a screenful.
import type { Outcome } from "../outcome.ts";
import type { Case, Config } from "../program/case.ts";
import { DEFAULT_CONFIG } from "../program/case.ts";
import type { Op } from "../program/op.ts";
import { printOp } from "../program/text.ts";
import { printSchedule } from "../sched/schedule.ts";
import type { Bisection } from "./bisect.ts";
import type { Proof } from "./minimise.ts";
import type { PairSide, RacingPair } from "./pair.ts";
import { PARTS } from "./trial.ts";
import { raceTable } from "./table.ts";
import type { DescribeReturn } from "./tree.ts";

export interface ReportInput {
  case: Case;
  /** Of a traced run of the case. */
  outcome: Outcome;
  pair: RacingPair | null;
  /** Null when the budget ran out before it was proved. */
  proof: Proof | null;
  /** The one command that replays it. */
  command: string;
  /** Null: not tried. */
  bisection: Bisection | null;
  describeReturn?: DescribeReturn;
}

const LOG_LINES_MAX = 8;
const WIDTH = 78;

/** The whole text, with a line feed at the end. */
export function renderReport(input: ReportInput): string {
  const { case: c, outcome, pair, proof, command } = input;
  const sections = [
    [outcome.title ?? "no finding", "", kernelLine(c.config)],
    ["Operations", ...operations(c).map(indent)],
    ["Kernel log", ...logLines(outcome).map(indent)],
    table(input),
    pair === null ? [] : pairLines(pair),
    [minimalLine(proof), ...vanishes(input.bisection)],
    [`Replay: ${command}`],
  ];
  const text = sections.filter((lines) => lines.length > 0).map((lines) => lines.join("\n"));
  return `${text.join("\n\n")}\n`;
}

function indent(line: string): string {
  return line === "" ? "" : `  ${line}`;
}

/** `v4.11 without dax-recheck-pmd, small geometry, split page-table locks`. */
export function kernelLine(config: Config): string {
  const words = [`Kernel ${config.kernel}`];
  if (config.revert.length > 0) words.push(` without ${config.revert.join(", ")}`);
  if (config.apply.length > 0) words.push(` with ${config.apply.join(", ")}`);
  words.push(`; geometry ${config.geometry}`);
  if (config.locks !== DEFAULT_CONFIG.locks) words.push(`; locks ${config.locks}`);
  if (config.frames !== 0) words.push(`; ${config.frames} frames`);
  return words.join("");
}

function operations(c: Case): string[] {
  const lines: string[] = [];
  for (const part of PARTS) {
    const named = (op: Op): string => (part === "run" && op.task === 0 ? "@0 " : "") + printOp(op);
    const head = part === "run" ? "run (together)" : part;
    c[part].forEach((op, i) => lines.push((i === 0 ? head : "").padEnd(16) + named(op)));
  }
  if (c.schedule.type === "turns" && c.schedule.turns.length > 0) {
    lines.push("schedule".padEnd(16) + printSchedule(c.schedule.turns));
  }
  return lines;
}

function logLines({ log }: Outcome): string[] {
  const lines = log.flatMap((text) => text.split("\n"));
  const more = lines.length - LOG_LINES_MAX;
  return more <= 0 ? lines : [...lines.slice(0, LOG_LINES_MAX), `... and ${more} more lines`];
}

function table({ outcome, pair, describeReturn }: ReportInput): string[] {
  if (outcome.trace === null) return [];
  const lines = raceTable(outcome.trace, pair, describeReturn ?? (() => null));
  return lines.length === 0 ? [] : ["How it happens", "", ...lines.map(indent)];
}

function pairLines({ name, first, second, stale }: RacingPair): string[] {
  const does = ({ fn, access }: PairSide): string => `the ${access} in ${fn}()`;
  const since = stale === undefined ? "before" : `between the check in ${stale.fn}() and`;
  return wrap(`The race: ${does(first)} comes ${since} ${does(second)}, on ${name}.`);
}

/** Lines of at most WIDTH columns. */
function wrap(text: string): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines[lines.length - 1];
    if (last !== "" && last.length + 1 + word.length > WIDTH) lines.push(`  ${word}`);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines;
}

function minimalLine(proof: Proof | null): string {
  if (proof === null) return "Not proved minimal: the budget of executions ran out.";
  const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;
  const size = [count(proof.operations, "operation"), count(proof.preemptions, "preemption")];
  if (!proof.minimal) return `Not minimal (${size.join(", ")}): without ${proof.removable}.`;
  return `Minimal: ${size.join(", ")}; proved by removing each.`;
}

function vanishes(bisection: Bisection | null): string[] {
  if (bisection === null) return [];
  const { fixedBy, showsOn } = bisection;
  const lines = showsOn.length === 0 ? [] : [`Shows on: ${showsOn.join(", ")}.`];
  if (fixedBy.length === 0) return [...lines, "No single known patch makes it go away."];
  return [...lines, ...wrap(`Goes away with any of: ${fixedBy.join(", ")}.`)];
}
