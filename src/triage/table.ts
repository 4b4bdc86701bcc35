// SPDX-License-Identifier: GPL-2.0-only
// The table of a race, a column for each CPU, as kernel developers draw it: the calls that lead to
// what matters, and nothing else.
import type { Trace } from "../sched/trace.ts";
import { rowsOf } from "./drawing.ts";
import type { Row } from "./drawing.ts";
import { contextOf } from "./interest.ts";
import type { Context } from "./interest.ts";
import type { RacingPair } from "./pair.ts";
import { runPart } from "./timeline.ts";
import { callTrees } from "./tree.ts";
import type { DescribeReturn, Frame } from "./tree.ts";

/** Longer tables are not read; what matters less is left out first. */
export const ROWS_MAX = 30;
const WIDTH = 78;
const INDENT_MAX = 24;
const COLUMN_MIN = 20;
const COLUMN_MAX = 38;

/** Lines of the table; empty when fewer than two tasks took part. */
export function raceTable(
  trace: Trace, pair: RacingPair | null, describe: DescribeReturn,
): string[] {
  const part = runPart(trace);
  const trees = callTrees(trace, part, describe);
  const tasks = [...new Set(trees.map((tree) => tree.task))].sort((a, b) => a - b);
  if (tasks.length < 2) return [];
  const context = contextOf(trace, part, pair, trees);
  return layOut(fitted(trees, context).sort((a, b) => a.at - b.at), tasks);
}

/** As much as ROWS_MAX allows: first links of long chains go, then what matters less. */
function fitted(trees: readonly Frame[], context: Context): Row[] {
  let rows: Row[] = [];
  for (const level of [3, 2, 1, 0]) {
    const links: Frame[] = [];
    const draw = (skipped: ReadonlySet<Frame>): Row[] => {
      links.length = 0;
      const drawn = trees.filter((tree) => tree.at <= context.end);
      return drawn.flatMap((tree) => rowsOf(tree, { context, level, skipped, links }));
    };
    rows = draw(new Set());
    const dull = dullest(links);
    // At the lower levels little else is left to take out.
    const most = level >= 2 ? dull.length >> 1 : dull.length;
    let out = Math.max(0, rows.length - ROWS_MAX);
    if (out > most && level > 0) continue;
    if (out > 0) rows = draw(new Set(dull.slice(0, out)));
    while (isTooWide(rows) && out++ < dull.length) rows = draw(new Set(dull.slice(0, out)));
    return rows.slice(0, ROWS_MAX);
  }
  return rows;
}

function isTooWide(rows: readonly Row[]): boolean {
  const last = Math.max(...rows.map((row) => row.task));
  return rows.some((row) => row.task === last && ownText(row).length > WIDTH - COLUMN_MIN);
}

/** Wrappers first (`vmf_insert_pfn_pmd` of `insert_pfn_pmd`), then from the inside out. */
function dullest(links: readonly Frame[]): Frame[] {
  const wraps = (frame: Frame): boolean =>
    frame.items.some((item) => {
      if (item.type === "leaf") return false;
      const [a, b] = [frame.fn, item.fn].map((name) => name.replace(/^_+/, ""));
      return a.includes(b) || b.includes(a);
    });
  const wrappers = links.filter(wraps);
  return [...wrappers, ...links.filter((frame) => !wraps(frame)).reverse()];
}

/**
 * Columns are staggered and may overlap: a line belongs to one CPU. An empty line where the CPU
 * changes shows who ran while whom.
 */
function layOut(rows: readonly Row[], tasks: readonly number[]): string[] {
  const last = tasks[tasks.length - 1];
  const widest = Math.max(...rows.filter((r) => r.task === last).map((r) => ownText(r).length));
  const room = Math.floor((WIDTH - widest) / (tasks.length - 1));
  const step = Math.max(Math.floor(COLUMN_MIN / (tasks.length - 1)), Math.min(COLUMN_MAX, room));
  const lines = [tasks.map((t) => `CPU ${t}`.padEnd(step)).join("").trimEnd()];
  let before = -1;
  for (const row of rows) {
    if (row.task !== before) lines.push("");
    before = row.task;
    lines.push(clip(" ".repeat(step * tasks.indexOf(row.task)) + ownText(row), row.mark));
  }
  return lines;
}

function ownText({ depth, text, mark }: Row): string {
  return " ".repeat(Math.min(2 * depth, INDENT_MAX)) + text + mark;
}

/** The mark stays where a line is cut. */
function clip(line: string, mark: string): string {
  return line.length <= WIDTH ? line : `${line.slice(0, WIDTH - 3 - mark.length)}...${mark}`;
}
