// SPDX-License-Identifier: GPL-2.0-only
// A schedule that names where tasks lose the CPU: it survives changes of the model that shift
// point counts, so a saved reproducer is kept in this form when it replays the same.
import type { Schedule, Segment } from "../sched/schedule.ts";
import { siteName } from "../sched/site.ts";
import type { Trace, TraceEvent } from "../sched/trace.ts";

type Point = Extract<TraceEvent, { type: "point" }>;

/** The events of the tasks running together. */
function runEvents(trace: Trace): TraceEvent[] {
  const { events } = trace;
  const first = events.findIndex((e) => e.type === "op" && e.phase === "run");
  if (first < 0) return [];
  const from = events.findLastIndex((e, i) => i < first && e.type === "switch");
  const after = events.findIndex((e, i) => i > first && e.type === "switch" && e.from < 0);
  return events.slice(Math.max(from, 0), after < 0 ? events.length : after);
}

/**
 * The turns of a traced run with every preemption named by the site that the task stood at: null
 * when a site has no name (code that was not instrumented).
 */
export function namedSchedule(trace: Trace): Schedule | null {
  const events = runEvents(trace);
  const turns: Schedule = [];
  let start = 0;
  for (let end = 1; end <= events.length; end++) {
    const next = events[end];
    if (next !== undefined && next.type !== "switch") continue;
    const opening = events[start];
    if (opening?.type !== "switch") return null;
    const preempted = next?.type === "switch" && next.preempted;
    const turn = preempted
      ? nameTurn(events, start, end, opening.to)
      : { task: opening.to, steps: Infinity };
    if (turn === null) return null;
    turns.push(turn);
    start = end;
  }
  return turns;
}

/** The turn of `task` in events[start, end), which ended in front of its next access. */
function nameTurn(
  events: readonly TraceEvent[], start: number, end: number, task: number,
): Segment | null {
  const isPoint = (e: TraceEvent): e is Point => e.type === "point" && e.task === task;
  const stopped = events.slice(end).find(isPoint);
  if (stopped === undefined) return null;
  const site = siteName(stopped.site);
  if (site.includes("?")) return null;
  const passed = events.slice(start, end).filter(isPoint);
  // The access that it stood at when the turn began was counted by the turn before.
  const resumed = events.slice(0, start).some((e) => e.type === "switch" && e.from === task &&
    e.preempted);
  const visits = (resumed ? passed.slice(1) : passed).filter((e) => siteName(e.site) === site);
  return { task, steps: Infinity, site, visit: visits.length + 1 };
}
