// SPDX-License-Identifier: GPL-2.0-only
// Simpler argument lists for the minimiser; every step lowers a weight, so it must end.
import { isNumeric } from "./kinds.ts";
import type { Arg, Op, OpRow } from "./op.ts";

/** How far a value is from the simplest one of its argument; 0 is simplest. */
function weightOf(arg: Arg, value: number): number {
  const simplest = simplestOf(arg);
  if (value === simplest) return 0;
  if (arg.kind.type === "flags") return bitsOf(value);
  // Above 0 even for the value 0, which is special wherever 1 is the plain one.
  return 1 + 2 * Math.abs(value);
}

function bitsOf(mask: number): number {
  let n = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) n++;
  return n;
}

function simplestOf(arg: Arg): number {
  if (arg.optional !== undefined) return arg.optional;
  const { type } = arg.kind;
  return type === "pages" || type === "count" || type === "value" ? 1 : 0;
}

/** The sum over all arguments; each list that simplifyArgs gives has a lower one. */
export function weight(row: OpRow, args: readonly number[]): number {
  return row.args.reduce((sum, arg, i) => sum + weightOf(arg, args[i]), 0);
}

/** Simpler values to try for one argument, simplest first. */
function simplerValues(arg: Arg, value: number): number[] {
  const { kind } = arg;
  const tries = [simplestOf(arg)];
  if (kind.type === "flags") {
    for (let bit = 1; bit <= value; bit <<= 1) if ((value & bit) !== 0) tries.push(value & ~bit);
  } else if (isNumeric(kind) && value > 1) {
    // Down to a huge page's boundary first: alignment is often what matters.
    tries.push(value & ~511, value & ~7, value >> 1, value - 1);
  } else if (kind.type === "number" && value < -1) tries.push(-1);
  const heavy = weightOf(arg, value);
  return [...new Set(tries)].filter((v) => weightOf(arg, v) < heavy);
}

/** Simpler lists, each differing in one argument; by the row's own rule when it has one. */
export function simplifyArgs(row: OpRow, args: readonly number[]): number[][] {
  if (row.simplify !== undefined) return row.simplify(args);
  return row.args.flatMap((arg, i) => simplerValues(arg, args[i]).map((v) => args.with(i, v)));
}

/** The same for a whole operation; the task stays. */
export function simplifyOp(op: Op): Op[] {
  return simplifyArgs(op.row, op.args).map((args) => ({ ...op, args }));
}
