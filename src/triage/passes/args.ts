// SPDX-License-Identifier: GPL-2.0-only
// Simpler operations: smaller arguments, tasks numbered without gaps, fewer patches.
import type { Case } from "../../program/case.ts";
import type { Op } from "../../program/op.ts";
import { simplifyOp } from "../../program/simplify.ts";
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

function renumber(shown: Shown, trial: Trial): Shown {
  const { case: c } = shown;
  const used = new Set([0]);
  const isTask = (op: Op, i: number): boolean => op.row.args[i]?.kind.type === "task";
  for (const { part, index } of places(c)) {
    const op = c[part][index];
    used.add(op.task);
    op.args.forEach((value, i) => isTask(op, i) && used.add(value));
  }
  const order = [...used].sort((a, b) => a - b);
  if (order.every((task, i) => task === i)) return shown;
  const name = (task: number): number => order.indexOf(task);
  const rename = (op: Op): Op => ({
    task: name(op.task),
    row: op.row,
    args: op.args.map((value, i) => (isTask(op, i) ? name(value) : value)),
  });
  const turns = counted(shown.part.turns).map((turn) => ({ ...turn, task: name(turn.task) }));
  const renamed: Case = {
    ...c,
    setup: c.setup.map(rename),
    run: c.run.map(rename),
    teardown: c.teardown.map(rename),
  };
  return trial.run(withTurns(renamed, turns)) ?? shown;
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
