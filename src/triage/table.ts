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
export const ROWS_MAX = 30;
const WIDTH = 78;
const INDENT_MAX = 24;
const COLUMN_MIN = 20;
const COLUMN_MAX = 38;

interface Row {
  at: number;
  task: number;
  depth: number;
  text: string;
  mark: string;
}

/** What is worth a line; found once for a table. */
interface Context {
  pair: RacingPair | null;
  /** The racing object. */
  object: string;
  id: number;
  /** The last look of the first task before it changed the object: usually under its lock. */
  ownLook: number;
  /** Locks that somebody held at one of the racing accesses, or had to wait for. */
  locks: ReadonlySet<string>;
  /** All has happened at this event; calls that begin later are of no interest. */
  end: number;
  /** How many of the operations call each function. */
  callers: ReadonlyMap<string, number>;
}

/** Lines of the table; empty when fewer than two tasks took part. */
export function raceTable(
  trace: Trace, pair: RacingPair | null, describe: DescribeReturn,
): string[] {
  const part = runPart(trace);
  const trees = callTrees(trace, part, describe);
  const tasks = [...new Set(trees.map((tree) => tree.task))].sort((a, b) => a - b);
  if (tasks.length < 2) return [];
  const context = { ...contextOf(trace, part, pair), callers: callersOf(trees) };
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
    const excess = rows.length - ROWS_MAX;
    if (excess <= 0) return rows;
    // At the lower levels little else is left to take out.
    const most = level >= 2 ? links.length >> 1 : links.length;
    if (excess <= most) return draw(new Set(dullest(links).slice(0, excess)));
    if (level === 0) rows = draw(new Set(links));
  }
  return rows.slice(0, ROWS_MAX);
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

function contextOf(
  trace: Trace, part: RunPart, pair: RacingPair | null,
): Omit<Context, "callers"> {
  const second = part.accesses.find((a) => a.at === pair?.secondIndex);
  const first = part.accesses.find((a) => a.at === pair?.firstIndex);
  const look = part.accesses.findLast((a) => {
    return first !== undefined && a.at < first.at && a.task === first.task &&
      a.op === first.op && a.object === first.object && a.id === first.id && a.access === "read";
  });
  const released = new Set<string>();
  for (const event of trace.events) {
    if (event.type === "release") released.add(`${event.object} ${event.id}`);
  }
  const held = new Set<string>();
  const locks = new Set<string>();
  for (let at = part.from; at < part.to; at++) {
    const event = trace.events[at];
    if (event.type === "release") held.delete(`${event.object} ${event.id}`);
    const matters = event.type === "block" || at === pair?.firstIndex || at === pair?.secondIndex;
    if (matters) for (const lock of held) locks.add(lock);
    if (event.type !== "point" || event.access !== "acquire") continue;
    // Readers keep no reader out; what is never released is no lock.
    const lock = `${event.object} ${event.id}`;
    if (!event.name.includes("(read)") && released.has(lock)) held.add(lock);
  }
  const end = pair === null ? Infinity : Math.max(pair.secondIndex, lastReport(trace, part));
  return {
    pair, object: second?.object ?? "", id: second?.id ?? -1, ownLook: look?.at ?? -1, locks, end,
  };
}

/** The last message printed by an operation, -1 for none. */
function lastReport(trace: Trace, part: RunPart): number {
  return trace.events.findLastIndex((event, at) => {
    if (event.type !== "log" || at < part.from || at >= part.to) return false;
    return part.ops.some((op) => op.task === event.task && op.at < at && at < op.end);
  });
}

function callersOf(trees: readonly Frame[]): Map<string, number> {
  const callers = new Map<string, number>();
  for (const tree of trees) {
    const names = new Set<string>();
    const visit = (frame: Frame): void => {
      names.add(frame.fn);
      for (const item of frame.items) if (item.type === "frame") visit(item);
    };
    visit(tree);
    for (const name of names) callers.set(name, (callers.get(name) ?? 0) + 1);
  }
  return callers;
}

/** 0: must be seen; 3: only in a short table; 4: never. */
function levelOf(leaf: Leaf, { pair, object, id, ownLook, locks }: Context): number {
  const { kind, at } = leaf;
  if (kind === "log" || kind === "wait") return 0;
  if (at === pair?.firstIndex || at === pair?.secondIndex || at === pair?.staleIndex) return 0;
  if (kind === "write" && leaf.object === object && leaf.id === id) return 0;
  if (at === ownLook) return 1;
  const isLock = kind === "lock" || kind === "unlock";
  if (isLock) return locks.has(`${leaf.object} ${leaf.id}`) ? 2 : 4;
  return kind === "change" ? 3 : 4;
}

/** A frame worth a line of its own: the word it returned, unless its caller returned the same. */
function speaks(frame: Frame): boolean {
  return frame.returned !== null && frame.returned !== frame.parent?.returned;
}

interface View {
  context: Context;
  level: number;
  /** Links of chains that are not drawn. */
  skipped: ReadonlySet<Frame>;
  /** Drawn frames that only lead to the next; filled while drawing. */
  links: Frame[];
}

/** Rows of one operation with everything up to the view's level. */
function rowsOf(root: Frame, view: View): Row[] {
  const { context, level } = view;
  const kept = new Set<Frame>([root]);
  const keep = (frame: Frame): void => {
    for (let f: Frame | null = frame; f !== null && !kept.has(f); f = f.parent) kept.add(f);
  };
  const visit = (frame: Frame): void => {
    if (level >= 1 && speaks(frame)) keep(frame);
    for (const item of frame.items) {
      if (item.type === "frame") {
        if (item.at <= context.end || isPrimitive(item)) visit(item);
      } else if (levelOf(item, context) <= level) keep(frame);
    }
  };
  visit(root);
  const text = root.fn.replace(/^@\d+ /, "");
  const rows: Row[] = [{ at: root.at, task: root.task, depth: 0, text, mark: "" }];
  new Drawing(kept, view, rows).items(root, 0, true);
  return rows;
}

/** Draws the kept part of one tree. */
class Drawing {
  constructor(
    private readonly kept: ReadonlySet<Frame>,
    private readonly view: View,
    private readonly rows: Row[],
  ) {}

  /** `top`: nothing has been drawn yet but the operation. */
  items(frame: Frame, depth: number, top: boolean): void {
    for (const item of this.shown(frame)) {
      if (item.type === "frame") this.frame(item, depth, top);
      else this.leaf(item, depth, item.text);
    }
  }

  private leaf(leaf: Leaf, depth: number, text: string): void {
    const { at, task } = leaf;
    this.rows.push({ at, task, depth, text, mark: markOf(leaf, this.view.context) });
  }

  private frame(frame: Frame, depth: number, top: boolean): void {
    const shown = this.shown(frame);
    const { at, task, fn } = frame;
    const only = this.onlyLock(frame);
    if (isPrimitive(frame) && shown.length > 0) {
      // The call of a primitive is said by what it did.
      this.items(frame, depth, false);
    } else if (only !== null) {
      this.leaf(only, depth, `${fn}(): ${only.text}`);
    } else if (this.isSkipped(frame, top)) {
      this.items(frame, depth, top);
    } else {
      // A word for what it returns, unless lines follow that come before it returns.
      const word = speaks(frame) && shown.length === 0 ? ` - ${frame.returned}` : "";
      this.rows.push({ at, task, depth, text: `${fn}()${word}`, mark: "" });
      this.items(frame, depth + 1, false);
    }
  }

  private shown(frame: Frame): (Frame | Leaf)[] {
    const { context, level } = this.view;
    return frame.items.filter((item) =>
      item.type === "frame" ? this.kept.has(item) : levelOf(item, context) <= level,
    );
  }

  /** The lock that is all there is to show of `frame`. */
  private onlyLock(frame: Frame): Leaf | null {
    const items = this.shown(frame);
    if (items.length !== 1) return null;
    const [item] = items;
    if (item.type === "frame") return this.onlyLock(item);
    return item.kind === "lock" || item.kind === "unlock" ? item : null;
  }

  /** Calls that only lead to the next: the common way in, and some links of long chains. */
  private isSkipped(frame: Frame, top: boolean): boolean {
    const { context, links, skipped } = this.view;
    const items = this.shown(frame);
    const [next] = items;
    if (items.length !== 1 || next.type === "leaf" || isPrimitive(next)) return false;
    if (top && (context.callers.get(next.fn) ?? 0) > 1) return true;
    links.push(frame);
    return skipped.has(frame);
  }
}

function isPrimitive(frame: Frame): boolean {
  return frame.items.length > 0 && frame.items.every((item) => item.type === "leaf");
}

function markOf(leaf: Leaf, { pair }: Context): string {
  if (pair === null) return "";
  if (leaf.at === pair.staleIndex) return "  <-- check";
  return leaf.at === pair.firstIndex || leaf.at === pair.secondIndex ? "  <-- race" : "";
}

/**
 * Columns are staggered and may overlap: a line belongs to one CPU. An empty line where the CPU
 * changes shows who ran while whom.
 */
function layOut(rows: readonly Row[], tasks: readonly number[]): string[] {
  const own = ({ depth, text, mark }: Row): string =>
    " ".repeat(Math.min(2 * depth, INDENT_MAX)) + text + mark;
  const last = tasks[tasks.length - 1];
  const widest = Math.max(...rows.filter((r) => r.task === last).map((r) => own(r).length));
  const room = Math.floor((WIDTH - widest) / (tasks.length - 1));
  const step = Math.max(Math.floor(COLUMN_MIN / (tasks.length - 1)), Math.min(COLUMN_MAX, room));
  const lines = [tasks.map((t) => `CPU ${t}`.padEnd(step)).join("").trimEnd()];
  let before = -1;
  for (const row of rows) {
    if (row.task !== before) lines.push("");
    before = row.task;
    lines.push(clip(" ".repeat(step * tasks.indexOf(row.task)) + own(row), row.mark));
  }
  return lines;
}

/** The mark stays where a line is cut. */
function clip(line: string, mark: string): string {
  return line.length <= WIDTH ? line : `${line.slice(0, WIDTH - 3 - mark.length)}...${mark}`;
}
