// SPDX-License-Identifier: GPL-2.0-only
// What is worth a line in the table of a race: the racing object first, then locks, then changes.
import type { Trace } from "../sched/trace.ts";
import type { RacingPair } from "./pair.ts";
import type { RunPart } from "./timeline.ts";
import type { Frame, Leaf } from "./tree.ts";

/** What is worth a line; found once for a table. */
export interface Context {
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

/** Everything that levels and marks depend on. */
export function contextOf(
  trace: Trace, part: RunPart, pair: RacingPair | null, trees: readonly Frame[],
): Context {
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
    callers: callersOf(trees),
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
export function levelOf(leaf: Leaf, { pair, object, id, ownLook, locks, end }: Context): number {
  const { kind, at } = leaf;
  if (kind === "log" || kind === "wait") return 0;
  if (at === pair?.firstIndex || at === pair?.secondIndex || at === pair?.staleIndex) return 0;
  if (kind === "write" && leaf.object === object && leaf.id === id) return 0;
  if (at > end) return 4;
  if (at === ownLook) return 1;
  const isLock = kind === "lock" || kind === "unlock";
  if (isLock) return locks.has(`${leaf.object} ${leaf.id}`) ? 2 : 4;
  return kind === "change" ? 3 : 4;
}

export function markOf(leaf: Leaf, { pair }: Context): string {
  if (pair === null) return "";
  if (leaf.at === pair.staleIndex) return "  <-- check";
  return leaf.at === pair.firstIndex || leaf.at === pair.secondIndex ? "  <-- race" : "";
}

