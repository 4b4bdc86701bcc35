// SPDX-License-Identifier: GPL-2.0-only
// The concurrent part of a trace as lists: turns, operations and accesses, each with its place.
import type { Access } from "../sched/point.ts";
import { siteName } from "../sched/site.ts";
import type { Trace, TraceEvent } from "../sched/trace.ts";

export interface RunAccess {
  /** Index of the event in the trace. */
  at: number;
  task: number;
  /** Indices into ops and turns; -1 outside of any operation. */
  op: number;
  turn: number;
  object: string;
  id: number;
  name: string;
  access: Access;
  site: number;
  /** A write after which the object had another state, as far as the trace says. */
  changed: boolean;
}

export interface RunTurn {
  task: number;
  steps: number;
  /** Index of its first event. */
  at: number;
  /** It could have gone on. */
  preempted: boolean;
  /** Where it stood when it was preempted, and how often this turn had come there; "": unknown. */
  site: string;
  visit: number;
}

export interface RunOp {
  /** Index of the event that begins it, and of the one that ends it; Infinity: it never did. */
  at: number;
  end: number;
  task: number;
  text: string;
}

export interface RunPart {
  /** Events [from, to) of the trace. */
  from: number;
  to: number;
  turns: RunTurn[];
  ops: RunOp[];
  accesses: RunAccess[];
}

/** Where the run part is: every part begins with a switch from nobody. */
function bounds(events: readonly TraceEvent[]): [number, number] {
  const isStart = (e: TraceEvent): boolean => e.type === "switch" && e.from < 0;
  const op = events.findIndex((e) => e.type === "op" && e.phase === "run");
  // A hand-made trace may have no operations: then all of it is the run.
  if (op < 0) return events.some((e) => e.type === "op") ? [0, 0] : [0, events.length];
  const from = events.findLastIndex((e, i) => i < op && isStart(e));
  const to = events.findIndex((e, i) => {
    // Exit checks speak when no task runs.
    const idle = e.type === "log" && e.task < 0;
    return i > op && (idle || isStart(e) || (e.type === "op" && e.phase === "teardown"));
  });
  return [Math.max(from, 0), to < 0 ? events.length : to];
}

/** Reads the run part out of `trace`. */
export function runPart(trace: Trace): RunPart {
  const { events } = trace;
  const [from, to] = bounds(events);
  const part: RunPart = { from, to, turns: [], ops: [], accesses: [] };
  const opOf = new Map<number, number>();
  let turn: RunTurn | null = null;
  const open = (task: number, at: number): RunTurn => {
    turn = { task, steps: 0, at, preempted: false, site: "", visit: 0 };
    part.turns.push(turn);
    return turn;
  };
  for (let at = from; at < to; at++) {
    const e = events[at];
    if (e.type === "switch") {
      if (turn !== null) (turn as RunTurn).preempted = e.preempted;
      open(e.to, at);
      continue;
    }
    if (e.type === "op" && e.result === null) {
      opOf.set(e.task, part.ops.length);
      part.ops.push({ at, end: Infinity, task: e.task, text: e.text });
    } else if (e.type === "op") {
      const op = part.ops[opOf.get(e.task) ?? -1];
      if (op !== undefined) op.end = at;
    }
    if (e.type === "change") {
      const write = part.accesses.findLast((a) => a.task === e.task);
      if (write?.access === "write") write.changed = true;
    }
    if (e.type !== "point") continue;
    const now: RunTurn = turn ?? open(e.task, at);
    now.steps++;
    const { task, object, id, name, access, site } = e;
    const op = opOf.get(task) ?? -1;
    part.accesses.push({
      at, task, op, turn: part.turns.length - 1, object, id, name, access, site, changed: false,
    });
  }
  nameStops(part);
  return part;
}

/** Fills in where each preempted turn stood: at the access that its task did next. */
function nameStops(part: RunPart): void {
  const { turns, accesses } = part;
  turns.forEach((turn, index) => {
    if (!turn.preempted) return;
    const next = accesses.find((a) => a.turn > index && a.task === turn.task);
    if (next === undefined) return;
    turn.site = siteName(next.site);
    const before = turns.findLast((t, i) => i < index && t.task === turn.task);
    const own = accesses.filter((a) => a.turn === index);
    // A resumed task does the access it stood at without being asked again.
    const asked = before?.preempted === true ? own.slice(1) : own;
    turn.visit = 1 + asked.filter((a) => siteName(a.site) === turn.site).length;
  });
}
