// SPDX-License-Identifier: GPL-2.0-only
// The table of a race, a column for each CPU, as kernel developers draw it: the calls that lead to
// what matters, and nothing else.
import type { Trace } from "../sched/trace.ts";
import type { RacingPair } from "./pair.ts";
import { runPart } from "./timeline.ts";
import type { RunPart } from "./timeline.ts";
import { callTrees } from "./tree.ts";
import type { DescribeReturn, Frame, Leaf } from "./tree.ts";

/** Longer tables are not read; what matters less is left out first. */
export const ROWS_MAX = 36;
const WIDTH = 78;
const INDENT_MAX = 18;

interface Row {
  at: number;
  task: number;
  depth: number;
  text: string;
  mark: string;
}

interface Context {
  pair: RacingPair | null;
  /** Kind and number of the racing object, as in leaves. */
  object: string;
  id: number;
  /** Locks that a task held when it lost the CPU, had to wait, or did one of the racing accesses. */
  locks: ReadonlySet<string>;
}

/** Lines of the table; empty when the run part has fewer than two tasks. */
export function raceTable(
  trace: Trace, pair: RacingPair | null, describe: DescribeReturn,
): string[] {
  const part = runPart(trace);
  const trees = callTrees(trace, part, describe);
  const tasks = [...new Set(trees.map((tree) => tree.task))].sort((a, b) => a - b);
  if (tasks.length < 2) return [];
  const context = contextOf(trace, part, pair);
  let rows: Row[] = [];
  for (const level of [3, 2, 1, 0]) {
    rows = trees.flatMap((tree) => rowsOf(tree, context, level));
    if (rows.length <= ROWS_MAX) break;
  }
  return layOut(rows.sort((a, b) => a.at - b.at), tasks);
}

function contextOf(trace: Trace, part: RunPart, pair: RacingPair | null): Context {
  const second = pair === null ? undefined : trace.events[pair.secondIndex];
  const [object, id] = second?.type === "point" ? [second.object, second.id] : ["", -1];
  const held = new Map<string, number>();
  const locks = new Set<string>();
  for (let at = part.from; at < part.to; at++) {
    const event = trace.events[at];
    if (event.type === "point" && event.access === "acquire") {
      held.set(`${event.object} ${event.id}`, event.task);
    }
    if (event.type === "release") held.delete(`${event.object} ${event.id}`);
    const matters = event.type === "block" || at === pair?.firstIndex || at === pair?.secondIndex;
    if (matters) for (const lock of held.keys()) locks.add(lock);
  }
  return { pair, object, id, locks };
}

/** 0: must be seen; up to 3: only in a short table. */
function levelOf(leaf: Leaf, { pair, object, id, locks }: Context): number {
  const { kind, at } = leaf;
  if (kind === "log" || kind === "wait") return 0;
  if (at === pair?.firstIndex || at === pair?.secondIndex || at === pair?.staleIndex) return 0;
  if (leaf.object === object && leaf.id === id) return kind === "write" ? 0 : 1;
  if (kind === "lock" || kind === "unlock") {
    return locks.has(`${leaf.object} ${leaf.id}`) ? 2 : 4;
  }
  if (kind === "change") return 3;
  return 4;
}

/** A frame worth a line of its own: the word it returned, unless its caller returned the same. */
function speaks(frame: Frame): boolean {
  return frame.returned !== null && frame.returned !== frame.parent?.returned;
}

/** Rows of one operation with everything up to `level`. */
function rowsOf(root: Frame, context: Context, level: number): Row[] {
  const kept = new Set<Frame>();
  const keep = (frame: Frame | null): void => {
    for (let f = frame; f !== null && !kept.has(f); f = f.parent) kept.add(f);
  };
  const visit = (frame: Frame): void => {
    if (level >= 1 && speaks(frame)) keep(frame);
    for (const item of frame.items) {
      if (item.type === "frame") visit(item);
      else if (levelOf(item, context) <= level) keep(frame);
    }
  };
  kept.add(root);
  visit(root);
  const rows: Row[] = [{ at: root.at, task: root.task, depth: 0, text: root.fn, mark: "" }];
  emit(root, 0, true, { kept, rows, context, level });
  return rows;
}

interface Output {
  kept: ReadonlySet<Frame>;
  rows: Row[];
  context: Context;
  level: number;
}

function shownItems(frame: Frame, { kept, context, level }: Output): (Frame | Leaf)[] {
  return frame.items.filter((item) =>
    item.type === "frame" ? kept.has(item) : levelOf(item, context) <= level,
  );
}

/** `leading`: nothing but calls that only lead here have been met yet; those are left out. */
function emit(frame: Frame, depth: number, leading: boolean, out: Output): void {
  const { rows, context } = out;
  const items = shownItems(frame, out);
  for (const item of items) {
    const { at, task } = item;
    if (item.type === "leaf") {
      rows.push({ at, task, depth, text: item.text, mark: markOf(item, context) });
      continue;
    }
    const inner = shownItems(item, out);
    if (inner.length > 0 && item.items.every((i) => i.type === "leaf")) {
      // The call of a primitive is said by what it did.
      emit(item, depth, false, out);
    } else if (leading && items.length === 1 && inner.length === 1) {
      emit(item, depth, true, out);
    } else {
      // A word for what it returns, unless lines follow that come before it returns.
      const word = speaks(item) && inner.length === 0 ? ` - ${item.returned}` : "";
      rows.push({ at, task, depth, text: `${item.fn}()${word}`, mark: "" });
      emit(item, depth + 1, false, out);
    }
  }
}

function markOf(leaf: Leaf, { pair }: Context): string {
  if (pair === null) return "";
  if (leaf.at === pair.staleIndex) return "<-- check";
  return leaf.at === pair.firstIndex || leaf.at === pair.secondIndex ? "<-- race" : "";
}

/**
 * Columns are staggered and may overlap: a line belongs to one CPU. A line of space where the CPU
 * changes shows who ran while whom.
 */
function layOut(rows: readonly Row[], tasks: readonly number[]): string[] {
  const step = Math.min(36, Math.floor(44 / (tasks.length - 1)));
  const column = (task: number): string => " ".repeat(step * tasks.indexOf(task));
  const lines = [tasks.map((t) => `CPU ${t}`.padEnd(step)).join("").trimEnd()];
  let last = -1;
  for (const { task, depth, text, mark } of rows) {
    if (task !== last) lines.push("");
    last = task;
    const line = column(task) + " ".repeat(Math.min(2 * depth, INDENT_MAX)) + text;
    const marked = mark === "" ? line : `${line}  ${mark}`;
    if (marked.length <= WIDTH || mark === "") lines.push(clip(marked));
    else lines.push(clip(line), `${column(task)}${" ".repeat(INDENT_MAX)}${mark}`);
  }
  return lines;
}

function clip(line: string): string {
  return line.length <= WIDTH ? line : `${line.slice(0, WIDTH - 3)}...`;
}
