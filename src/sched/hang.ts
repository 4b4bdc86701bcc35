// SPDX-License-Identifier: GPL-2.0-only
// Deadlock, lost wake-up and livelock: findings that the scheduler itself can see.
import { assert } from "../lib/assert.ts";
import { lowest, members } from "../lib/bits.ts";
import { kindOf, run, waitKind, waitObject, waitTicket } from "./point.ts";

export type HangKind = "hang" | "livelock";

/**
 * Thrown out of a run; `title` names kinds of locks and no numbers, `lines` say who waits for whom.
 */
export class Hang extends Error {
  constructor(
    readonly kind: HangKind,
    readonly title: string,
    readonly lines: string[],
  ) {
    super(title);
  }
}

/** Tasks that `task` waits for: whoever holds the object it is blocked on, maybe itself. */
function waitsFor(task: number): number {
  return kindOf(waitKind[task]!).holders(waitObject[task]!, task);
}

function isBlocked(task: number, alive: number): boolean {
  const mask = 1 << task;
  return (alive & mask) !== 0 && ((run.runnable | run.stalled) & mask) === 0;
}

/** The tasks of a wait-for cycle through `start`, in order, or null. Waiting is for all holders. */
export function findCycle(start: number, alive: number): number[] | null {
  assert(isBlocked(start, alive), "a cycle is looked for from a task that may run");
  const path: number[] = [];
  let visited = 0;
  const visit = (task: number): boolean => {
    if (!isBlocked(task, alive)) return false;
    path.push(task);
    visited |= 1 << task;
    const next = waitsFor(task);
    if ((next >> start) & 1) return true;
    for (const t of members(next & ~visited)) if (visit(t)) return true;
    path.pop();
    return false;
  };
  return visit(start) ? path : null;
}

/** Does `other` wait for the object that `task` waits for, and in front of it? */
function isAhead(other: number, task: number): boolean {
  if (((run.runnable | run.stalled) >> other) & 1) return false;
  const same = kindOf(waitKind[other]!).name === kindOf(waitKind[task]!).name;
  return same && waitObject[other] === waitObject[task] && waitTicket[other]! < waitTicket[task]!;
}

function describeWait(task: number): string {
  const { describe } = kindOf(waitKind[task]!);
  const all = members(waitsFor(task));
  const before = all.filter((t) => isAhead(t, task));
  const held = all.filter((t) => !before.includes(t));
  const by = held.length === 0 ? "" : ` held by task ${held.join(", ")}`;
  const behind = before.length === 0 ? "" : ` behind task ${before.join(", ")}`;
  return `task ${task} waits for ${describe(waitObject[task]!)}${by}${behind}`;
}

/** The rotation of a cycle of names that sorts first: whoever closes it, it is one title. */
function firstRotation(names: readonly string[]): string {
  const rotations = names.map((_, i) => [...names.slice(i), ...names.slice(0, i)].join(" -> "));
  return rotations.sort()[0]!;
}

/** The wait-for graph has closed: every task of `cycle` waits for the next. */
export function deadlock(cycle: number[]): Hang {
  assert(cycle.length > 0, "a deadlock of nobody");
  const names = firstRotation(cycle.map((t) => kindOf(waitKind[t]!).name));
  return new Hang("hang", `hang: deadlock on ${names}`, cycle.map(describeWait));
}

/**
 * Tasks among `waiting` that somebody may still free: they wait for an outside event, or for a task
 * that does.
 */
export function awaitingEvents(waiting: number): number {
  const all = members(waiting);
  let hopeful = 0;
  for (const t of all) if (kindOf(waitKind[t]!).access === "event") hopeful |= 1 << t;
  for (let before = 0; before !== hopeful; ) {
    before = hopeful;
    for (const t of all) if ((waitsFor(t) & hopeful) !== 0) hopeful |= 1 << t;
  }
  return hopeful;
}

/** Nothing can run, and nobody holds what the tasks of `blocked` wait for: a wake-up was lost. */
export function lostWakeup(blocked: number): Hang {
  assert(blocked !== 0, "a lost wake-up of nobody");
  const name = kindOf(waitKind[lowest(blocked)]!).name;
  const lines = members(blocked).map((t) => `${describeWait(t)}: nobody will wake it`);
  return new Hang("hang", `hang: blocked for ever on ${name}`, lines);
}

/** Every task that could run repeats itself without any state changing. */
export function livelock(stalled: number): Hang {
  assert(stalled !== 0, "a livelock of nobody");
  const lines = members(stalled).map((t) => {
    const { describe } = kindOf(waitKind[t]!);
    return `task ${t} repeats ${describe(waitObject[t]!)}, and nothing changes`;
  });
  const name = kindOf(waitKind[lowest(stalled)]!).name;
  return new Hang("livelock", `livelock: ${name} makes no progress`, lines);
}
