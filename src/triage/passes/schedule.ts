// SPDX-License-Identifier: GPL-2.0-only
// Fewer preemptions: no preemption at all, short beginnings, stretches gathered by task, single
// switches undone; then each remaining switch as early as it can be, and the shortest text.
import type { Execute } from "../../outcome.ts";
import { normaliseSchedule } from "../../sched/schedule.ts";
import type { Schedule } from "../../sched/schedule.ts";
import { counted, gather, sequential, withoutPreemption } from "../edits.ts";
import { withTurns } from "../trial.ts";
import type { Shown, Trial } from "../trial.ts";

/** The bug under `turns`, if that takes fewer preemptions than before. */
function fewer(shown: Shown, trial: Trial, turns: Schedule): Shown | null {
  const next = trial.run(withTurns(shown.case, turns));
  return next !== null && next.outcome.preemptions < shown.outcome.preemptions ? next : null;
}

/** From coarse to fine until no single preemption can be undone. */
export function dropPreemptions(shown: Shown, trial: Trial): Shown {
  let best = beginnings(withoutAny(shown, trial), trial);
  best = gatherStretches(best, trial);
  for (let i = best.part.turns.length - 1; i >= 0; i--) {
    const next = undo(best, trial, i);
    if (next === null) continue;
    best = next;
    i = best.part.turns.length;
  }
  return best;
}

/** No preemption at all: one task after the other, in every order. */
function withoutAny(shown: Shown, trial: Trial): Shown {
  if (shown.outcome.preemptions === 0) return shown;
  const tasks = [...new Set(shown.case.run.map((op) => op.task))];
  for (const turns of sequential(tasks)) {
    const next = fewer(shown, trial, turns);
    if (next !== null) return next;
  }
  return shown;
}

/** The first 1, 2, 4, ... turns, then run to completion. */
function beginnings(shown: Shown, trial: Trial): Shown {
  const turns = counted(shown.part.turns);
  for (let length = 1; length < turns.length; length *= 2) {
    const next = fewer(shown, trial, turns.slice(0, length));
    if (next !== null) return next;
  }
  return shown;
}

function gatherStretches(shown: Shown, trial: Trial): Shown {
  let best = shown;
  for (let size = best.part.turns.length; size >= 3; size >>= 1) {
    for (let from = 0; from < best.part.turns.length; ) {
      const { turns } = best.part;
      const to = Math.min(from + size, turns.length);
      const next =
        fewer(best, trial, gather(turns, from, to, "first")) ??
        fewer(best, trial, gather(turns, from, to, "last"));
      if (next === null) from += size;
      else best = next;
    }
  }
  return best;
}

/** The bug without the preemption at the end of turn `i`, if it can still be shown. */
export function undo(shown: Shown, trial: Trial, i: number): Shown | null {
  const { turns } = shown.part;
  if (turns[i]?.preempted !== true) return null;
  for (const way of withoutPreemption(turns, i)) {
    const next = fewer(shown, trial, way);
    if (next !== null) return next;
  }
  return null;
}

/** Longer runs are not searched completely for a single preemption that is enough. */
const SEARCH_POINTS_MAX = 400;

/**
 * Is one preemption enough, wherever it is? Of those that are, the one with the fewest switches,
 * so that different findings of one race end as the same case.
 */
export function onePreemption(shown: Shown, trial: Trial): Shown {
  if (shown.outcome.preemptions === 0 || shown.outcome.points > SEARCH_POINTS_MAX) return shown;
  const tasks = [...new Set(shown.part.turns.map((t) => t.task))].sort((a, b) => a - b);
  let best = shown;
  for (const task of tasks) {
    const points = shown.part.accesses.filter((a) => a.task === task).length;
    for (const other of tasks.filter((t) => t !== task)) {
      for (let steps = 0; steps <= points; steps++) {
        const turns = [{ task, steps }, { task: other, steps: Infinity }];
        const next = trial.run(withTurns(shown.case, turns));
        if (next !== null && isCalmer(next, best)) best = next;
      }
    }
  }
  return best;
}

function isCalmer(a: Shown, b: Shown): boolean {
  const [p, q] = [a.outcome, b.outcome];
  return p.preemptions < q.preemptions ||
    (p.preemptions === q.preemptions && p.switches < q.switches);
}

/** Moves each switch to the earliest point that still shows the bug: right after the check. */
export function switchEarly(shown: Shown, trial: Trial): Shown {
  let best = shown;
  for (let i = 0; i < best.part.turns.length; i++) {
    const { turns } = best.part;
    if (!turns[i].preempted) continue;
    for (let steps = 0; steps < turns[i].steps; steps++) {
      const next = trial.run(withTurns(best.case, moveSwitch(counted(turns), i, steps)));
      if (next === null || isCalmer(best, next)) continue;
      best = next;
      break;
    }
  }
  return best;
}

/** Turn `i` ends after `steps`; what it leaves goes to its task's next counted turn. */
function moveSwitch(turns: Schedule, i: number, steps: number): Schedule {
  const { task, steps: had } = turns[i];
  const next = turns.findIndex((turn, k) => k > i && turn.task === task);
  return normaliseSchedule(
    turns.map((turn, k) => {
      if (k === i) return { task, steps };
      return k === next ? { task, steps: turn.steps + had - steps } : turn;
    }),
  );
}

/** The same execution in the fewest turns: what the default policy does need not be said. */
export function shortest(shown: Shown, execute: Execute): Shown {
  const turns = counted(shown.part.turns);
  for (let length = 0; length < turns.length; length++) {
    const candidate = withTurns(shown.case, turns.slice(0, length));
    const { hash, title } = execute(candidate);
    if (hash === shown.outcome.hash && title === shown.outcome.title) {
      return { ...shown, case: candidate };
    }
  }
  return shown;
}
