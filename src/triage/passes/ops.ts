// SPDX-License-Identifier: GPL-2.0-only
// Fewer operations: whole tasks, halves, single ones, and those that need no company.
import type { Case } from "../../program/case.ts";
import { OPS_MAX } from "../../program/kinds.ts";
import type { Op } from "../../program/op.ts";
import type { Schedule } from "../../sched/schedule.ts";
import { counted, named, withoutOps } from "../edits.ts";
import { PARTS, withTurns } from "../trial.ts";
import type { PartName, Shown, Trial } from "../trial.ts";

/** One operation of a case. */
export interface Place {
  part: PartName;
  index: number;
}

/** A switch point is tried this many points beyond where it was, and at all points before. */
const SWEEP_BEYOND = 8;
/** With more preemptions than this, sweeping each one costs more than it finds. */
const SWEEP_PREEMPTIONS_MAX = 3;
const SWEEP_STEPS_MAX = 160;

export function places(c: Case): Place[] {
  return PARTS.flatMap((part) => c[part].map((_, index) => ({ part, index })));
}

export function countOps(c: Case): number {
  return c.setup.length + c.run.length + c.teardown.length;
}

function without(c: Case, gone: readonly Place[]): Case {
  const keep = (part: PartName): Op[] =>
    c[part].filter((_, index) => !gone.some((p) => p.part === part && p.index === index));
  return { ...c, setup: keep("setup"), run: keep("run"), teardown: keep("teardown") };
}

/** Which operations of the traced run `gone` are: the k-th of a task is the k-th of that task. */
function runOps(shown: Shown, gone: readonly Place[]): Set<number> {
  const indices = new Set<number>();
  const { run } = shown.case;
  for (const { part, index } of gone) {
    if (part !== "run") continue;
    const { task } = run[index];
    const nth = run.slice(0, index).filter((op) => op.task === task).length;
    const own = shown.part.ops.flatMap((op, i) => (op.task === task ? [i] : []));
    if (nth < own.length) indices.add(own[nth]);
  }
  return indices;
}

/** The schedules under which a case with other operations may still show the bug. */
export function* adapted(
  shown: Shown, gone: ReadonlySet<number>, thorough: boolean,
): Generator<Schedule, void, undefined> {
  const { turns, accesses } = shown.part;
  const exact = withoutOps(turns, accesses, gone);
  yield exact;
  yield withoutOps(turns, accesses, gone, true);
  yield named(turns);
  yield counted(turns);
  if (!thorough) return;
  yield named(turns, -1);
  yield named(turns, 1);
  const stops = exact.flatMap((turn, i) => (turn.steps === Infinity ? [] : [i]));
  if (stops.length > SWEEP_PREEMPTIONS_MAX) return;
  for (const i of stops) {
    const last = Math.min(exact[i].steps + SWEEP_BEYOND, SWEEP_STEPS_MAX);
    for (let steps = 0; steps <= last; steps++) {
      yield exact.map((turn, k) => (k === i ? { task: turn.task, steps } : turn));
    }
  }
}

/** The bug with the operations `gone` taken out, if it can still be shown. */
export function removeOps(
  shown: Shown, trial: Trial, gone: readonly Place[], thorough: boolean,
): Shown | null {
  const smaller = without(shown.case, gone);
  return tryAdapted(shown, trial, smaller, runOps(shown, gone), thorough);
}

function tryAdapted(
  shown: Shown, trial: Trial, smaller: Case, gone: ReadonlySet<number>, thorough: boolean,
): Shown | null {
  for (const turns of adapted(shown, gone, thorough)) {
    const next = trial.run(withTurns(smaller, turns));
    if (next !== null) return next;
  }
  return null;
}

/** Everything that a task does, and what creates it. */
export function dropTasks(shown: Shown, trial: Trial): Shown {
  let best = shown;
  const tasks = [...new Set(shown.case.run.map((op) => op.task))].sort((a, b) => b - a);
  for (const task of tasks) {
    const own = places(best.case).filter(({ part, index }) => {
      const op = best.case[part][index];
      const created = op.row.args.some((a, i) => a.kind.type === "task" && op.args[i] === task);
      return op.task === task ? task > 0 || part !== "setup" : task > 0 && created;
    });
    if (own.length > 0) best = removeOps(best, trial, own, false) ?? best;
  }
  return best;
}

/** Halves, quarters, ..., single operations; from the end, where the least matters. */
export function dropOps(shown: Shown, trial: Trial, thorough: boolean): Shown {
  let best = shown;
  for (let size = countOps(best.case) >> 1; size >= 1; size >>= 1) {
    for (let end = countOps(best.case); end > 0; end -= size) {
      const gone = places(best.case).slice(Math.max(0, end - size), end);
      if (gone.length > 0) best = removeOps(best, trial, gone, thorough && size === 1) ?? best;
    }
  }
  return best;
}

/** Operations that need no company leave the concurrent part, to its front or to its end. */
export function settleOps(shown: Shown, trial: Trial): Shown {
  return inOnePart(settleEach(shown, trial), trial);
}

/** When nothing runs together, one part is enough. */
function inOnePart(shown: Shown, trial: Trial): Shown {
  const { setup, run, teardown } = shown.case;
  if (run.length > 0 || teardown.length === 0) return shown;
  return trial.run({ ...shown.case, setup: [...setup, ...teardown], teardown: [] }) ?? shown;
}

function settleEach(shown: Shown, trial: Trial): Shown {
  let best = shown;
  for (let again = true; again; ) {
    again = false;
    for (const task of new Set(best.case.run.map((op) => op.task))) {
      const next = settle(best, trial, task, "setup") ?? settle(best, trial, task, "teardown");
      if (next === null) continue;
      best = next;
      again = true;
      break;
    }
  }
  return best;
}

function settle(
  shown: Shown, trial: Trial, task: number, to: "setup" | "teardown",
): Shown | null {
  const { run, setup, teardown } = shown.case;
  const own = (op: Op): boolean => op.task === task;
  const index = to === "setup" ? run.findIndex(own) : run.findLastIndex(own);
  if (index < 0 || shown.case[to].length === OPS_MAX) return null;
  const gone: Place[] = [{ part: "run", index }];
  const rest = without(shown.case, gone);
  const moved: Case =
    to === "setup"
      ? { ...rest, setup: [...setup, run[index]] }
      : { ...rest, teardown: [run[index], ...teardown] };
  return tryAdapted(shown, trial, moved, runOps(shown, gone), false);
}
