// SPDX-License-Identifier: GPL-2.0-only
// What c8 counted, per file: lines, branches, functions; and the functions that never ran.
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import Table from "cli-table3";
import { statementLines } from "./lines.ts";
import type { FileCoverage } from "./measure.ts";

export interface Share {
  hit: number;
  all: number;
}

export interface FileSummary {
  path: string;
  lines: Share;
  branches: Share;
  functions: Share;
  /** `name` and its line, in source order. */
  uncovered: { name: string; line: number }[];
}

function share(values: readonly boolean[]): Share {
  return { hit: values.filter((value) => value).length, all: values.length };
}

/** The classes' own initialisers are V8's, not ours. */
function named(file: FileCoverage): { name: string; line: number; ran: boolean }[] {
  return Object.entries(file.fnMap)
    .map(([key, { name, decl }]) => ({ name, line: decl.start.line, ran: file.f[key] > 0 }))
    .filter(({ name }) => /^\w+$/.test(name));
}

/** Source maps that are a line off would spoil every figure silently. */
function checkLines(path: string, code: string, functions: ReturnType<typeof named>): void {
  const lines = code.split("\n");
  const off = functions.find(({ name, line }) => {
    return !name.startsWith("anonymous") && !(lines[line - 1] ?? "").includes(name);
  });
  if (off === undefined) return;
  throw new Error(`c8's lines are wrong in ${path}: ${off.name} is not in line ${off.line}`);
}

export function summariseFile(root: string, file: FileCoverage): FileSummary {
  const path = relative(root, file.path);
  const code = readFileSync(file.path, "utf8");
  const functions = named(file);
  checkLines(path, code, functions);
  const byLine = new Map(Object.entries(file.statementMap)
    .map(([key, range]) => [range.start.line, file.s[key]]));
  return {
    path,
    lines: share([...statementLines(path, code)].map((line) => (byLine.get(line) ?? 0) > 0)),
    branches: share(Object.values(file.b).flat().map((count) => count > 0)),
    functions: share(functions.map(({ ran }) => ran)),
    uncovered: functions.filter(({ ran }) => !ran).map(({ name, line }) => ({ name, line })),
  };
}

function total(shares: readonly Share[]): Share {
  const sum = (pick: (one: Share) => number) => shares.reduce((n, one) => n + pick(one), 0);
  return { hit: sum((one) => one.hit), all: sum((one) => one.all) };
}

function percent({ hit, all }: Share): string {
  return all === 0 ? "-" : `${Math.floor((100 * hit) / all)} % of ${all}`;
}

export function printCoverage(files: readonly FileSummary[]): void {
  const table = new Table({
    head: ["file", "lines", "branches", "functions"],
    colAligns: ["left", "right", "right", "right"],
    style: { head: [], border: [] },
    chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" },
  });
  const row = (name: string, shares: Share[]) => table.push([name, ...shares.map(percent)]);
  for (const { path, lines, branches, functions } of files) {
    row(path, [lines, branches, functions]);
  }
  row("all", [
    total(files.map((f) => f.lines)), total(files.map((f) => f.branches)),
    total(files.map((f) => f.functions)),
  ]);
  console.log(table.toString());
  const uncovered = files.flatMap(({ path, uncovered: list }) =>
    list.map(({ name, line }) => `  ${path}:${line} ${name}`));
  if (uncovered.length > 0) console.log(`functions that never ran:\n${uncovered.join("\n")}`);
}
