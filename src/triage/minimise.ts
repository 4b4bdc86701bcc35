// SPDX-License-Identifier: GPL-2.0-only
// The smallest case that shows the same bug: from coarse to fine, until removing any one operation
// or any one preemption loses it.
import { assert } from "../lib/assert.ts";
import type { Execute, Outcome } from "../outcome.ts";
import type { Case } from "../program/case.ts";
import { weight } from "../program/simplify.ts";
import { dropPatches, fewerTasks, simplifyArgs } from "./passes/args.ts";
import { dropOps, dropTasks, places, removeOps, settleOps } from "./passes/ops.ts";
import { dropPreemptions, onePreemption, shortest, switchEarly, undo } from "./passes/schedule.ts";
import type { Signature } from "./bucket.ts";
import { show, Trial } from "./trial.ts";
import type { Shown } from "./trial.ts";

/** Executions that one minimisation may cost; a small case needs a few hundred. */
export const TRIES_MAX = 20_000;

export interface Minimised {
  case: Case;
  /** Traced. */
  outcome: Outcome;
  signature: Signature;
  /** Executions it took. */
  tries: number;
  /** False when the budget ran out: smaller cases may exist. */
  oneMinimal: boolean;
}

/** Minimises `c`, which must show a finding, in at most `budget` executions. */
export function minimise(c: Case, execute: Execute, budget = TRIES_MAX): Minimised {
  const raw = show(c, execute);
  assert(raw !== null, "only a case that shows a finding can be minimised");
  const again = show(raw.case, execute);
  const { title } = raw.signature;
  assert(again?.signature.title === title, `the replay of its own schedule lost "${title}"`);

  // Noise in the schedule hides the race: only a few preemptions say which pair it is.
  const first = new Trial(execute, { title, identity: null }, budget >> 1);
  const quiet = switchEarly(dropPreemptions(again, first), first);
  const { identity } = quiet.signature;
  const trial = new Trial(execute, { title, identity }, budget - first.tries);
  const best = toFixpoint(quiet, trial);
  const short = shortest(best, execute);
  return {
    case: short.case,
    outcome: short.outcome,
    signature: short.signature,
    tries: first.tries + trial.tries,
    oneMinimal: !trial.exhausted,
  };
}

/** Cheap rounds while they help; then rounds that also search for schedules, until none helps. */
function toFixpoint(shown: Shown, trial: Trial): Shown {
  const seen = new Set<string>();
  let best = shown;
  for (let thorough = false, last = false; !last; ) {
    const before = best;
    best = dropOps(dropTasks(best, trial), trial, thorough);
    best = settleOps(best, trial);
    best = dropPreemptions(best, trial);
    best = simplifyArgs(best, trial, seen);
    best = fewerTasks(dropPatches(best, trial), trial);
    if (thorough) best = onePreemption(best, trial);
    best = switchEarly(best, trial);
    const helped = isSmaller(best, before);
    last = thorough && !helped;
    thorough = thorough || !helped;
  }
  return best;
}

/** What counts, the most important first; a round that lowers none of it is the last. */
function sizeOf({ case: c, outcome, part }: Shown): number[] {
  const ops = places(c).map(({ part: name, index }) => c[name][index]);
  const patches = c.config.revert.length + c.config.apply.length;
  const weights = ops.reduce((sum, op) => sum + op.task + weight(op.row, op.args), 0);
  const steps = part.turns.reduce((sum, turn) => sum + (turn.preempted ? turn.steps : 0), 0);
  return [ops.length, c.run.length, outcome.preemptions, outcome.switches, patches, weights, steps];
}

function isSmaller(a: Shown, b: Shown): boolean {
  const [p, q] = [sizeOf(a), sizeOf(b)];
  const i = p.findIndex((value, k) => value !== q[k]);
  return i >= 0 && p[i] < q[i];
}

export interface Proof {
  minimal: boolean;
  operations: number;
  preemptions: number;
  tries: number;
  /** What can be taken away without losing the bug; null when nothing can. */
  removable: string | null;
}

/** Takes away each single operation and each single preemption, and looks whether the bug stays. */
export function proveMinimal(c: Case, execute: Execute): Proof {
  const shown = show(c, execute);
  assert(shown !== null, "only a case that shows a finding can be minimal");
  const { title, identity } = shown.signature;
  const trial = new Trial(execute, { title, identity }, Infinity);
  const removable: string[] = [];
  for (const place of places(shown.case)) {
    if (removeOps(shown, trial, [place], true) === null) continue;
    removable.push(`operation ${place.index + 1} of ${place.part}`);
  }
  shown.part.turns.forEach((turn, i) => {
    if (undo(shown, trial, i) === null) return;
    removable.push(`the preemption of task ${turn.task} at the end of turn ${i + 1}`);
  });
  return {
    minimal: removable.length === 0,
    operations: places(shown.case).length,
    preemptions: shown.outcome.preemptions,
    tries: trial.tries,
    removable: removable[0] ?? null,
  };
}
