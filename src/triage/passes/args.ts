// SPDX-License-Identifier: GPL-2.0-only
// Simpler operations: smaller arguments, tasks numbered without gaps, fewer patches.
import type { Case } from "../../program/case.ts";
import type { Op } from "../../program/op.ts";
import { simplifyOp } from "../../program/simplify.ts";
import { TASKS_MAX } from "../../sched/point.ts";
import { counted, named } from "../edits.ts";
import { caseKey, withTurns } from "../trial.ts";
import type { Shown, Trial } from "../trial.ts";
import { places } from "./ops.ts";

/** Tries the simpler arguments that each operation's row offers, simplest first. */
export function simplifyArgs(shown: Shown, trial: Trial, seen: Set<string>): Shown {
  let best = shown;
  for (const { part, index } of places(shown.case)) {
    for (let again = true; again; ) {
      again = false;
      for (const op of simplifyOp(best.case[part][index])) {
        const list = best.case[part].with(index, op);
        const next = retry(best, trial, { ...best.case, [part]: list }, seen);
        if (next === null) continue;
        best = next;
        again = true;
        break;
      }
    }
  }
  return best;
}

/** Never goes back to operations it has had: two rows may disagree on what is simple. */
function retry(shown: Shown, trial: Trial, candidate: Case, seen: Set<string>): Shown | null {
  const key = caseKey(withTurns(candidate, []));
  if (seen.has(key)) return null;
  const { turns } = shown.part;
  const next =
    trial.run(withTurns(candidate, counted(turns))) ??
    trial.run(withTurns(candidate, named(turns)));
  if (next !== null) seen.add(key);
  return next;
}

/** Task 0 does what any task can do alone; then tasks 0, 3, 7 become 0, 1, 2. */
export function fewerTasks(shown: Shown, trial: Trial): Shown {
  let best = shown;
  for (const { part, index } of places(shown.case)) {
    const op = best.case[part][index];
    if (part === "run" || op.task === 0) continue;
    const list = best.case[part].with(index, { ...op, task: 0 });
    best = trial.run({ ...best.case, [part]: list }) ?? best;
  }
  return renumber(best, trial);
}

/** Gives each task the lowest number that is free; where numbers matter, the bug is lost. */
function renumber(shown: Shown, trial: Trial): Shown {
  let best = shown;
  for (let to = 0; to < TASKS_MAX; to++) {
    const used = tasksOf(best.case);
    const from = Math.min(...[...used].filter((task) => task > to));
    if (used.has(to) || from === Infinity) continue;
    const turns = counted(best.part.turns).map((turn) => {
      return { ...turn, task: turn.task === from ? to : turn.task };
    });
    const renamed = withTurns(renameTask(best.case, from, to), turns);
    best = trial.run(renamed) ?? best;
  }
  return best;
}

function isTask(op: Op, i: number): boolean {
  return op.row.args[i]?.kind.type === "task";
}

/** Tasks that do something together, or are named. */
function tasksOf(c: Case): Set<number> {
  const named = places(c).flatMap(({ part, index }) => {
    const op = c[part][index];
    return op.args.filter((_, i) => isTask(op, i));
  });
  return new Set([...named, ...c.run.map((op) => op.task)]);
}

function renameTask(c: Case, from: number, to: number): Case {
  const name = (task: number): number => (task === from ? to : task);
  const rename = (op: Op): Op => ({
    task: name(op.task),
    row: op.row,
    args: op.args.map((value, i) => (isTask(op, i) ? name(value) : value)),
  });
  return {
    ...c,
    setup: c.setup.map(rename),
    run: c.run.map(rename),
    teardown: c.teardown.map(rename),
  };
}

/** Fixes that need not be missing, and proposals that need not be in. */
export function dropPatches(shown: Shown, trial: Trial): Shown {
  let best = shown;
  for (const key of ["revert", "apply"] as const) {
    for (const name of shown.case.config[key]) {
      const left = best.case.config[key].filter((other) => other !== name);
      const config = { ...best.case.config, [key]: left };
      const { turns } = best.part;
      const candidate = { ...best.case, config };
      best =
        trial.run(withTurns(candidate, counted(turns))) ??
        trial.run(withTurns(candidate, named(turns))) ??
        best;
    }
  }
  return best;
}
