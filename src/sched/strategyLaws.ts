// SPDX-License-Identifier: GPL-2.0-only
// What holds for every strategy: one call gives a new one its tests (strategies/index.test.ts).
import { assert } from "../lib/assert.ts";
import { Prng } from "../lib/prng.ts";
import type { Preemptible } from "./point.ts";
import { parseSchedule, printSchedule } from "./schedule.ts";
import { Distrust } from "./strategies/distrust.ts";
import { Replay } from "./strategies/replay.ts";
import type { Strategy } from "./strategies/strategy.ts";
import {
  addCell, cells, CELLS, lockCell, ownsLock, resetCells, runWorld, sleepOn, spinOnCell,
  unlockCell, wakeSleepers, writeCell,
} from "./testing.ts";
import type { Ran, World } from "./testing.ts";

export const WORDS = ["add", "store", "lock", "unlock", "sleep", "wake", "spin"] as const;
export interface Step {
  word: (typeof WORDS)[number];
  /** Number of the cell, lock or queue. */
  id: number;
}
/** A small random program: the steps of each task. It may well deadlock or spin for ever. */
export type Program = Step[][];

function* interpret(steps: readonly Step[]): Preemptible<void> {
  for (const { word, id } of steps) {
    if (word === "add") yield* addCell(id);
    else if (word === "store") yield* writeCell(id, 1);
    else if (word === "lock") yield* lockCell(id);
    else if (word === "unlock" && ownsLock(id)) unlockCell(id);
    else if (word === "sleep") yield* sleepOn(id);
    else if (word === "wake") wakeSleepers(id);
    else if (word === "spin") yield* spinOnCell(id);
  }
}

export function worldOf(program: Program): World {
  resetCells();
  return { tasks: program.map(interpret), verdict: () => cells.join(" ") };
}

export function randomProgram(seed: number): Program {
  const prng = new Prng(seed);
  const step = (): Step => ({ word: WORDS[prng.below(WORDS.length)]!, id: prng.below(CELLS) & 1 });
  return Array.from({ length: 1 + prng.below(4) }, () =>
    Array.from({ length: prng.below(8) }, step),
  );
}

/** Checks what the scheduler promises to a strategy, and the strategy to the scheduler. */
class Watched implements Strategy {
  readonly name = "watched";
  private tasks = 0;

  constructor(private readonly inner: Strategy) {}

  begin(tasks: number): void {
    this.tasks = tasks;
    this.inner.begin(tasks);
  }

  pick(runnable: number, from: number): number {
    assert(runnable !== 0, "a strategy is asked to choose from nobody");
    assert((runnable & ~this.tasks) === 0, "a task may run that was never announced");
    assert(from === -1 || ((runnable >> from) & 1) === 1, "`from` itself could not go on");
    const task = this.inner.pick(runnable, from);
    assert(((runnable >> task) & 1) === 1, `${this.inner.name} picked a task that cannot run`);
    return task;
  }

  woken(tasks: number): void {
    this.inner.woken?.(tasks);
  }
}

function same(a: Ran, b: Ran, law: string): void {
  assert(a.outcome === b.outcome, `${law}: "${a.outcome}" became "${b.outcome}"`);
  assert(printSchedule(a.schedule) === printSchedule(b.schedule), `${law}: other schedule`);
  assert(a.hash === b.hash && a.points === b.points, `${law}: other events`);
}

/** The recorded schedule, through its text, leads to the same events. */
export function replays(program: Program, ran: Ran): void {
  const turns = parseSchedule(printSchedule(ran.schedule));
  same(ran, runWorld(() => worldOf(program), new Replay(turns)), "replay");
}

/** Throws unless the strategy obeys all laws on one program. `make` gives equals every time. */
export function strategyLaws(make: () => Strategy, program: Program): void {
  const world = (): World => worldOf(program);
  const ran = runWorld(world, make());
  same(ran, runWorld(world, make()), "same seed");
  same(ran, runWorld(world, new Watched(make())), "watched");
  const used = make();
  runWorld(world, used);
  runWorld(() => worldOf(randomProgram(1)), used);
  same(ran, runWorld(world, used), "a used strategy begins anew");
  replays(program, ran);
  const distrust = new Distrust(make());
  same(ran, runWorld(world, distrust), "distrust, recording");
  same(ran, runWorld(world, distrust), "distrust, comparing");
}
