// SPDX-License-Identifier: GPL-2.0-only
// For tests only: runs a few tasks under any strategy, and explores all their schedules.
import { assert, InternalError } from "../lib/assert.ts";
import { members } from "../lib/bits.ts";
import { Hang } from "./hang.ts";
import { beginPoints, block, changed, current, pointKind, preempt, run, stall, wake } from
  "./point.ts";
import type { Preemptible } from "./point.ts";
import { Scheduler, toSchedule } from "./scheduler.ts";
import { printSchedule } from "./schedule.ts";
import type { Schedule } from "./schedule.ts";
import type { Strategy } from "./strategies/strategy.ts";

/** Tasks over fresh shared state, and what to say of a run that came to its end. */
export interface World {
  tasks: Preemptible<void>[];
  /** "ok" when it is left out. */
  verdict?: () => string;
}

export interface Ran {
  /** The verdict, or the title of the hang or bug that ended the run. */
  outcome: string;
  /** Who waited for whom, of a hang. */
  lines: string[];
  schedule: Schedule;
  hash: number;
  points: number;
  preemptions: number;
  /** Tasks that wait for an outside event. */
  waiting: number;
}

const scheduler = new Scheduler();

/** One run of a world; an InternalError comes through, every other error is an outcome. */
export function runWorld(make: () => World, strategy: Strategy): Ran {
  scheduler.reset();
  beginPoints();
  const { tasks, verdict } = make();
  tasks.forEach((body, id) => scheduler.spawn(id, body));
  let outcome: string;
  let lines: string[] = [];
  let waiting = 0;
  try {
    waiting = scheduler.run(strategy);
    outcome = verdict?.() ?? "ok";
  } catch (error) {
    if (error instanceof InternalError || !(error instanceof Error)) throw error;
    outcome = error.message;
    if (error instanceof Hang) lines = error.lines;
  }
  const { hash, step: points } = run;
  const { preemptions } = scheduler;
  const schedule = toSchedule(scheduler.rawTurns());
  scheduler.reset();
  return { outcome, lines, schedule, hash, points, preemptions, waiting };
}

/** Depth first over all schedules with a bounded number of preemptions; asked at every point. */
class Explorer implements Strategy {
  readonly name = "explorer";
  private readonly path: { choice: number; options: number }[] = [];
  private depth = 0;
  private spent = 0;

  constructor(private readonly preemptionsMax: number) {}

  begin(): void {
    this.depth = 0;
    this.spent = 0;
    run.stopAt = 0;
  }

  /** Going on comes first: the first run has no preemption. Choices after a block are free. */
  pick(runnable: number, from: number): number {
    run.stopAt = 0;
    const others = this.spent < this.preemptionsMax ? members(runnable & ~(1 << from)) : [];
    const options = from < 0 ? members(runnable) : [from, ...others];
    if (this.depth === this.path.length) this.path.push({ choice: 0, options: options.length });
    const node = this.path[this.depth++]!;
    assert(node.options === options.length, "the program under test is not deterministic");
    const task = options[node.choice]!;
    if (from >= 0 && task !== from) this.spent++;
    return task;
  }

  /** Turns to the next schedule; false when all have been seen. */
  next(): boolean {
    for (;;) {
      const last = this.path.at(-1);
      if (last === undefined) return false;
      last.choice++;
      if (last.choice < last.options) return true;
      this.path.pop();
    }
  }
}

/** More runs than any litmus test should need. */
const RUNS_MAX = 100_000;

/** What all schedules of a world lead to. */
export interface Explored {
  runs: number;
  /** The outcomes, sorted. */
  outcomes: string[];
  /** For each outcome the first schedule that shows it: as few preemptions as the order allows. */
  witness: Map<string, string>;
}

/** Every schedule with at most `preemptions` preemptions. */
export function explore(make: () => World, preemptions: number): Explored {
  const explorer = new Explorer(preemptions);
  const witness = new Map<string, string>();
  let runs = 0;
  do {
    assert(runs < RUNS_MAX, `more than ${RUNS_MAX} schedules: make the program smaller`);
    const { outcome, schedule } = runWorld(make, explorer);
    if (!witness.has(outcome)) witness.set(outcome, printSchedule(schedule));
    runs++;
  } while (explorer.next());
  return { runs, outcomes: [...witness.keys()].sort(), witness };
}

// A memory of cells and a few locks: all that a program under test needs.

export const CELLS = 8;
export const cells = new Int32Array(CELLS);
const owner = new Int32Array(CELLS).fill(-1);

const CELL_READ = pointKind("test cell", "read", (id) => `cell ${id}`);
const CELL_WRITE = pointKind("test cell", "write", (id) => `cell ${id}`);
const CELL_LOCK = pointKind("test lock", "acquire", (id) => `lock ${id}`, (id) =>
  owner[id] < 0 ? 0 : 1 << owner[id],
);
const CELL_WAIT = pointKind("test queue", "acquire", (id) => `queue ${id}`);
const CELL_EVENT = pointKind("test event", "event", (id) => `event ${id}`);

export function resetCells(): void {
  cells.fill(0);
  owner.fill(-1);
}

export function* readCell(id: number): Preemptible<number> {
  if (preempt(CELL_READ, id)) yield;
  return cells[id];
}

export function* writeCell(id: number, value: number): Preemptible<void> {
  if (preempt(CELL_WRITE, id)) yield;
  if (cells[id] !== value) changed();
  cells[id] = value;
}

/** Loses updates: the read and the write are two steps. */
export function* addCell(id: number): Preemptible<void> {
  const value = yield* readCell(id);
  yield* writeCell(id, value + 1);
}

export function* lockCell(id: number): Preemptible<void> {
  if (preempt(CELL_LOCK, id)) yield;
  while (owner[id] >= 0) {
    block(CELL_LOCK, id);
    yield;
  }
  owner[id] = current();
}

export function ownsLock(id: number): boolean {
  return owner[id] === current();
}

export function unlockCell(id: number): void {
  assert(ownsLock(id), "a test unlocks what it has not locked");
  owner[id] = -1;
  wake(CELL_LOCK, id, 1);
}

/** Sleeps until somebody calls wakeSleepers(); nothing is remembered. */
export function* sleepOn(id: number): Preemptible<void> {
  if (preempt(CELL_WAIT, id)) yield;
  block(CELL_WAIT, id);
  yield;
}

export function wakeSleepers(id: number, count?: number): void {
  wake(CELL_WAIT, id, count);
}

/** Waits for the world outside of the run. */
export function* waitForEvent(id: number): Preemptible<void> {
  if (preempt(CELL_EVENT, id)) yield;
  block(CELL_EVENT, id);
  yield;
}

/** Spins until the cell is not 0. */
export function* spinOnCell(id: number): Preemptible<void> {
  while ((yield* readCell(id)) === 0) {
    stall(CELL_READ, id);
    yield;
  }
}
