// SPDX-License-Identifier: GPL-2.0-only
// The run loop: resumes one task at a time, as the strategy says, until all have ended or hang.
import { assert } from "../lib/assert.ts";
import { lowest } from "../lib/bits.ts";
import { awaitingEvents, deadlock, findCycle, Hang, livelock, lostWakeup } from "./hang.ts";
import {
  pass, pendingKind, pendingObject, pendingSite, run, setAlive, stallEpoch, TASKS_MAX,
} from "./point.ts";
import type { Preemptible } from "./point.ts";
import type { Schedule } from "./schedule.ts";
import { here } from "./site.ts";
import type { Strategy } from "./strategies/strategy.ts";
import type { Task } from "./task.ts";

/** More points than any sane case has: beyond it the run is a livelock that changes state. */
export const STEPS_MAX = 200_000;

export class Scheduler {
  private readonly tasks: Task[] = Array.from({ length: TASKS_MAX }, (_, id) => ({
    id, body: null, atPoint: false,
  }));
  private alive = 0;
  private strategy: Strategy | null = null;
  private next = -1;
  private turns: number[] = [];
  /** The turn in progress, so that a task that throws leaves its turn in the schedule. */
  private open = -1;
  private openedAt = 0;
  switches = 0;
  preemptions = 0;

  private readonly mayContinue = (): boolean => this.decide();
  private readonly blocked = (): void => this.checkCycle();
  private readonly woken = (tasks: number): void => this.strategy?.woken?.(tasks);

  /** Adds a task that starts with the next run(). */
  spawn(id: number, body: Preemptible<void>): void {
    assert(Number.isInteger(id) && id >= 0 && id < TASKS_MAX, "no such task");
    const task = this.tasks[id]!;
    assert(task.body === null, "a task is started twice");
    task.body = body;
    task.atPoint = false;
    pendingSite[id] = 0;
    this.alive |= 1 << id;
    run.runnable |= 1 << id;
    setAlive(this.alive);
  }

  /** Forgets everything, also tasks that a finding left suspended. */
  reset(): void {
    for (const task of this.tasks) task.body = null;
    this.alive = 0;
    this.strategy = null;
    this.next = -1;
    this.turns.length = 0;
    this.open = -1;
    this.switches = 0;
    this.preemptions = 0;
    run.current = -1;
    run.runnable = 0;
    run.stalled = 0;
    run.stopAt = Infinity;
    run.watch.fill(0);
    setAlive(0);
  }

  /** The turns of the last run as pairs of task and points; see toSchedule(). */
  rawTurns(): number[] {
    this.closeTurn();
    return this.turns.slice();
  }

  /**
   * Runs all spawned tasks to their ends. Returns the mask of tasks that wait for an outside event
   * (a user-space answer), or for a task that does: they go on in the next run() if they have been
   * woken. Throws Hang on deadlock, lost wake-up and livelock; what a task throws comes through.
   */
  run(strategy: Strategy): number {
    assert((run.runnable & ~this.alive) === 0, "a task that is not there may run");
    this.strategy = strategy;
    this.turns.length = 0;
    // `run` is shared: whoever runs is the one who is asked.
    run.mayContinue = this.mayContinue;
    run.blocked = this.blocked;
    run.woken = this.woken;
    run.stopAt = Infinity;
    run.watch.fill(0);
    this.next = -1;
    strategy.begin(this.alive);
    let last = -1;
    for (;;) {
      this.releaseStalled();
      const id = this.next >= 0 ? this.next : this.choose();
      if (id < 0) break;
      this.next = -1;
      if (id !== last && last >= 0) this.switches++;
      if (run.recorder !== null && id !== last) {
        run.recorder.switched(last, id, last >= 0 && ((run.runnable >> last) & 1) === 1);
      }
      last = id;
      this.turn(this.tasks[id]!);
    }
    this.finish();
    run.stopAt = Infinity;
    run.watch.fill(0);
    return this.alive;
  }

  /** One turn of a task: until it is preempted, blocks or ends. */
  private turn(task: Task): void {
    const { id } = task;
    assert(task.body !== null, "a task that has ended is run");
    this.open = id;
    this.openedAt = run.step;
    run.current = id;
    // Not the site of whoever ran before, in this run or in the last one.
    here.site = pendingSite[id]!;
    if (task.atPoint) {
      task.atPoint = false;
      pass(pendingKind[id]!, pendingObject[id]!, pendingSite[id]!);
    }
    const result = task.body.next();
    assert(result.done === true || result.value === undefined, "a task yielded a foreign value");
    if (result.done === true) {
      task.body = null;
      this.alive &= ~(1 << id);
      run.runnable &= ~(1 << id);
      setAlive(this.alive);
      this.next = -1;
    } else if ((run.runnable >> id) & 1) {
      task.atPoint = true;
      this.preemptions++;
    }
    this.closeTurn();
    if (run.step > STEPS_MAX) throw tooLong(id);
  }

  private closeTurn(): void {
    if (this.open < 0) return;
    const { turns, open: task } = this;
    const steps = run.step - this.openedAt;
    this.open = -1;
    if (turns.length > 0 && turns[turns.length - 2] === task) turns[turns.length - 1]! += steps;
    else turns.push(task, steps);
  }

  private choose(): number {
    if (run.runnable === 0) return -1;
    return this.pick(-1);
  }

  /** The strategy's word, checked; a run that never asks it again still ends. */
  private pick(from: number): number {
    const id = this.strategy!.pick(run.runnable, from);
    assert(((run.runnable >> id) & 1) === 1, "the strategy picked a task that cannot run");
    if (run.stopAt > STEPS_MAX) run.stopAt = STEPS_MAX + 1;
    return id;
  }

  /** The current task stands at a stop: does it go on? */
  private decide(): boolean {
    if (run.step > STEPS_MAX) throw tooLong(run.current);
    this.releaseStalled();
    const id = this.pick(run.current);
    if (id === run.current) return true;
    this.next = id;
    return false;
  }

  /** Tasks that spin may look again once shared state has changed. */
  private releaseStalled(): void {
    for (let m = run.stalled; m !== 0; m &= m - 1) {
      const id = lowest(m);
      if (stallEpoch[id] === run.epoch) continue;
      run.stalled &= ~(1 << id);
      run.runnable |= 1 << id;
    }
  }

  private checkCycle(): void {
    const cycle = findCycle(run.current, this.alive);
    if (cycle !== null) throw deadlock(cycle);
  }

  /** Nothing runs any more: all ended, or those that did not are hung or wait for user space. */
  private finish(): void {
    assert(run.runnable === 0, "a run ends while somebody could run");
    assert((run.stalled & ~this.alive) === 0, "a task spins after its end");
    if (this.alive === 0) return;
    const hopeful = awaitingEvents(this.alive & ~run.stalled);
    // What a spinning task waits for is unknown: it may be the event as well.
    if (run.stalled !== 0 && hopeful === 0) throw livelock(run.stalled);
    const stuck = this.alive & ~hopeful & ~run.stalled;
    if (stuck !== 0) throw lostWakeup(stuck);
  }
}

function tooLong(task: number): Hang {
  const line = `task ${task} was running after ${STEPS_MAX} points`;
  return new Hang("livelock", "livelock: the run does not end", [line]);
}

/** A schedule from the pairs that rawTurns() returns. */
export function toSchedule(turns: readonly number[]): Schedule {
  assert(turns.length % 2 === 0, "a turn without its points");
  const list: Schedule = [];
  for (let i = 0; i < turns.length; i += 2) list.push({ task: turns[i]!, steps: turns[i + 1]! });
  return list;
}
