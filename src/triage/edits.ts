// SPDX-License-Identifier: GPL-2.0-only
// Edits of schedules: the same turns without one preemption, with a stretch gathered by task, or
// with switch points named by code, so that a schedule survives when operations go.
import { normaliseSchedule } from "../sched/schedule.ts";
import type { Schedule, Segment } from "../sched/schedule.ts";
import type { RunAccess, RunTurn } from "./timeline.ts";

const NAMED = /^[A-Za-z_]\w*:[A-Za-z_]\w*$/;

/** The turns as counted segments; those that ended by themselves need no count. */
export function counted(turns: readonly RunTurn[]): Schedule {
  return turns.map(({ task, steps, preempted }) => ({
    task, steps: preempted ? steps : Infinity,
  }));
}

/** Switch points by name where code has one (not in an uninstrumented test). */
export function named(turns: readonly RunTurn[], shift = 0): Schedule {
  return turns.map(({ task, steps, preempted, site, visit }) => {
    if (!preempted) return { task, steps: Infinity };
    if (!NAMED.test(site)) return { task, steps };
    return { task, steps: Infinity, site, visit: Math.max(1, visit + shift) };
  });
}

/**
 * The turns after the operations in `gone` (indices as in RunAccess.op) have been taken out. With
 * `cut`, turns that ended by themselves keep their counts: what they waited for may be gone.
 */
export function withoutOps(
  turns: readonly RunTurn[], accesses: readonly RunAccess[], gone: ReadonlySet<number>,
  cut = false,
): Schedule {
  const steps = turns.map((t) => t.steps);
  for (const { op, turn } of accesses) if (gone.has(op)) steps[turn]--;
  const left: Schedule = [];
  turns.forEach(({ task, preempted, steps: had }, i) => {
    // A turn that did nothing else is gone too; one that had no steps was a choice of its own.
    if (steps[i] === 0 && had > 0) return;
    const isLast = !turns.some((turn, k) => k > i && turn.task === task);
    left.push({ task, steps: preempted || (cut && !isLast) ? steps[i] : Infinity });
  });
  return normaliseSchedule(left);
}

/** Groups the turns [from, to) by task, tasks in order of their first or last appearance. */
export function gather(
  turns: readonly RunTurn[], from: number, to: number, order: "first" | "last",
): Schedule {
  const inside = counted(turns).slice(from, to);
  const tasks = inside.map((t) => t.task);
  const unique = tasks.filter((task, i) => {
    return order === "first" ? tasks.indexOf(task) === i : tasks.lastIndexOf(task) === i;
  });
  const grouped = unique.flatMap((task) => inside.filter((t) => t.task === task));
  const all = counted(turns);
  return normaliseSchedule([...all.slice(0, from), ...grouped, ...all.slice(to)]);
}

/**
 * Every sensible way to undo the preemption at the end of turn `i`: its task goes on, its turn
 * moves to when it is next due, or the others' turns (or its own) are left to later turns.
 */
export function withoutPreemption(turns: readonly RunTurn[], i: number): Schedule[] {
  const all = counted(turns);
  const { task } = turns[i];
  const back = turns.findIndex((t, k) => k > i && t.task === task);
  const until = back < 0 ? turns.length : back + 1;
  const onward: Segment = { task, steps: Infinity };
  const head = all.slice(0, i);
  const ways: Schedule[] = [
    [...head, onward],
    [...head, onward, ...all.slice(i + 1).filter((t) => t.task !== task)],
    [...head, onward, ...all.slice(i + 1)],
    gather(turns, i, until, "first"),
    gather(turns, i, until, "last"),
    [...head, ...all.slice(i + 1)],
    [...head, ...all.slice(i + 1, until).map(toEnd), ...all.slice(until)],
    [...all.slice(0, i + 1), ...all.slice(until)],
  ];
  return ways.map(normaliseSchedule);
}

/** One task after the other, in each order: what no preemption at all can reach. */
export function sequential(tasks: readonly number[]): Schedule[] {
  if (tasks.length > 4) return [];
  const orders = (rest: readonly number[]): number[][] =>
    rest.length === 0
      ? [[]]
      : rest.flatMap((t) => orders(rest.filter((u) => u !== t)).map((tail) => [t, ...tail]));
  return orders(tasks).map((order) => order.map((task) => ({ task, steps: Infinity })));
}

function toEnd(turn: Segment): Segment {
  return { task: turn.task, steps: Infinity };
}
