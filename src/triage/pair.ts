// SPDX-License-Identifier: GPL-2.0-only
// The racing accesses behind a finding: what another task did to an object between a task's check
// and its act (the unserialisable interleavings of AVIO, Lu et al., ASPLOS 2006).
import { siteOf } from "../sched/site.ts";
import type { Trace } from "../sched/trace.ts";
import { runPart } from "./timeline.ts";
import type { RunAccess, RunPart } from "./timeline.ts";

export interface PairSide {
  fn: string;
  callee: string;
  access: "read" | "write";
  /** Who called `fn`; "" when an operation did. */
  caller: string;
}

export interface RacingPair {
  /** The kind of object: "pmd". */
  object: string;
  /** Which one, for the report. */
  name: string;
  first: PairSide;
  second: PairSide;
  /** Where the second task had looked at the object before the first changed it. */
  stale?: { fn: string; callee: string };
  /** Indices into trace.events. */
  firstIndex: number;
  secondIndex: number;
  staleIndex: number;
}

/** `before` and `second` are of one task, `first` of another. */
interface Triple {
  before: RunAccess | null;
  first: RunAccess;
  second: RunAccess;
}

interface Candidate extends Triple {
  rank: number;
  /** Turn in which the second task lost the CPU before the first access; later is better. */
  absence: number;
}

/**
 * The best explanation by a race, or null when no two tasks touched one object in turns. When the
 * finding `title` was reported in the middle of an operation, it is what that operation met last.
 */
export function racingPair(trace: Trace, title: string | null = null): RacingPair | null {
  const part = runPart(trace);
  const report = title === null ? null : reportOf(trace, part, title);
  let best: Triple | null = report === null ? null : lastMet(part, report);
  if (best === null) {
    let candidate: Candidate | null = null;
    for (const next of candidates(part)) {
      if (candidate === null || isBetter(next, candidate)) candidate = next;
    }
    best = candidate ?? staleLook(part);
  }
  return best === null ? null : pairOf(trace, best);
}

interface Report {
  at: number;
  op: number;
}

/** The operation in which `title` was printed; null when it came after the run, at exit. */
function reportOf(trace: Trace, part: RunPart, title: string): Report | null {
  for (let at = part.from; at < part.to; at++) {
    const event = trace.events[at];
    if (event.type !== "log" || !event.text.includes(title)) continue;
    const op = part.ops.findLastIndex((o) => o.task === event.task && o.at < at);
    if (op < 0 || part.ops[op].end < at) return null;
    return { at, op };
  }
  return null;
}

/** The last access before the report whose object another task has written in the meantime. */
function lastMet(part: RunPart, report: Report): Triple | null {
  const own = part.accesses.filter((a) => a.op === report.op && a.at < report.at && isData(a));
  for (const second of own.reverse()) {
    const writes = part.accesses.filter((a) => {
      return a.at < second.at && a.at > own[own.length - 1].at && a.task !== second.task &&
        isSame(a, second) && a.access === "write";
    });
    const first = lastChange(writes);
    if (first === undefined) continue;
    const before = own.find((a) => a.at < first.at && isSame(a, second)) ?? null;
    return { before, first, second };
  }
  return null;
}

/**
 * For want of anything better: what another task wrote to in the middle of an operation that had
 * read it, and that then acted on something else.
 */
function staleLook(part: RunPart): Triple | null {
  for (const write of part.accesses.toReversed()) {
    if (write.access !== "write") continue;
    const look = part.accesses.findLast((a) => {
      return a.at < write.at && a.task !== write.task && a.access === "read" && isSame(a, write) &&
        isData(a) && part.ops[a.op] !== undefined && part.ops[a.op].end > write.at;
    });
    if (look !== undefined) return { before: null, first: look, second: write };
  }
  return null;
}

/** What programs do to their memory shows a race in the kernel, it is not that race. */
const PROGRAM_OBJECTS = new Set([
  "user page",
  // Bookkeeping that everybody updates on the way: never what two tasks disagree about.
  "VMA tree", "tlb_flush_pending", "rss counter", "page allocator",
]);

function isData({ access, object }: RunAccess): boolean {
  return (access === "read" || access === "write") && !PROGRAM_OBJECTS.has(object);
}

function isSame(a: RunAccess, b: RunAccess): boolean {
  return a.object === b.object && a.id === b.id;
}

function pairOf(trace: Trace, { before, first, second }: Triple): RacingPair {
  const looked = before !== null && before.access === "read" ? before : null;
  const pair: RacingPair = {
    object: second.object,
    name: second.name,
    first: side(trace, first),
    second: side(trace, second),
    firstIndex: first.at,
    secondIndex: second.at,
    staleIndex: looked?.at ?? -1,
  };
  if (looked !== null) {
    const { fn, callee } = siteOf(looked.site);
    pair.stale = { fn, callee };
  }
  return pair;
}

function side(trace: Trace, { at, task, site, access }: RunAccess): PairSide {
  const { fn, callee } = siteOf(site);
  const caller = callerAt(trace, at, task);
  return { fn, callee, access: access === "read" ? "read" : "write", caller };
}

/** The function that called the function in which `task` is at event `at`. */
function callerAt(trace: Trace, at: number, task: number): string {
  // The innermost open call is the primitive's, the next one is that of the function itself.
  let closed = 0;
  let open = 0;
  for (let i = at; i >= 0; i--) {
    const event = trace.events[i];
    if (event.type === "op" && event.task === task) return "";
    if (event.type === "return" && event.task === task) closed++;
    if (event.type !== "call" || event.task !== task) continue;
    if (closed > 0) closed--;
    else if (++open === 2) return event.fn;
  }
  return "";
}

/** Smaller rank first; then the last absence; then the earliest second access. */
function isBetter(a: Candidate, b: Candidate): boolean {
  if (a.rank !== b.rank) return a.rank < b.rank;
  if (a.absence !== b.absence) return a.absence > b.absence;
  return a.second.at < b.second.at;
}

/** What is known of one object while the accesses are walked in order. */
interface History {
  /** The last access of each task. */
  last: Map<number, RunAccess>;
  all: RunAccess[];
}

function* candidates(part: RunPart): Generator<Candidate, void, undefined> {
  const objects = new Map<string, History>();
  const begun = new Map<number, number>();
  for (const second of part.accesses) {
    if (!begun.has(second.op)) begun.set(second.op, second.at);
    if (!isData(second)) continue;
    const key = `${second.object} ${second.id}`;
    let history = objects.get(key);
    if (history === undefined) objects.set(key, (history = { last: new Map(), all: [] }));
    const candidate = explain(part, history, second, begun.get(second.op)!);
    if (candidate !== null) yield candidate;
    history.last.set(second.task, second);
    history.all.push(second);
  }
}

/**
 * `second` with the access of another task that came between it and its own task's last look, or
 * since its operation did anything at all (at `begun`): whole operations in a row are no race.
 */
function explain(
  part: RunPart, history: History, second: RunAccess, begun: number,
): Candidate | null {
  const own = history.last.get(second.task) ?? null;
  // What an earlier operation saw is not a check of this one.
  const before = own !== null && own.op === second.op ? own : null;
  const since = before?.at ?? begun;
  const remote = history.all.filter((a) => a.task !== second.task && a.at > since);
  const writes = remote.filter((a) => a.access === "write");
  // The last write is the value that the second access meets, and destroys if it writes.
  const first = lastChange(writes) ?? (second.access === "write" ? remote.at(-1) : undefined);
  if (first === undefined) return null;
  const absence = part.turns.findLastIndex((t, i) => i < first.turn && t.task === second.task);
  if (absence < 0) return null;
  return { rank: rankOf(before, first, second), absence, before, first, second };
}

/** The last write that made a difference, else the last. */
function lastChange(writes: readonly RunAccess[]): RunAccess | undefined {
  return writes.findLast((a) => a.changed) ?? writes.at(-1);
}

function rankOf(before: RunAccess | null, first: RunAccess, second: RunAccess): number {
  if (first.access === "read") return 4;
  if (before !== null && before.access === "read") return second.access === "write" ? 0 : 1;
  return second.access === "write" ? 2 : 3;
}
