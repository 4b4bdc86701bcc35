// SPDX-License-Identifier: GPL-2.0-only
// The border between modelled code and scheduler: the four verbs preempt, block, wake, current.
// A point is the moment before one atomic access to state that another CPU can see.
import { assert, InternalError } from "../lib/assert.ts";
import { hashText, mix } from "../lib/hash.ts";
import { sawPair, sawSite } from "./feedback.ts";
import { here } from "./site.ts";
import type { Recorder } from "./trace.ts";

/** The only generator type: the star is Linux's "may lose the CPU". */
export type Preemptible<T> = Generator<undefined, T, undefined>;

/** One CPU a task, so that a bit mask names any set of them. */
export const TASKS_MAX = 16;

export type Access = "read" | "write" | "acquire" | "event";

/** Says which tasks a waiter for `object` waits for, as a bit mask; 0 when nobody in particular. */
export type Holders = (object: number, waiter: number) => number;

interface PointKind {
  name: string;
  access: Access;
  describe: (object: number) => string;
  holders: Holders;
}

const kinds: PointKind[] = [];
const kindWrites = new Uint8Array(256);
const kindClass = new Int32Array(256);

/**
 * Declares a kind of point: `name` is the kind of object (two kinds with one name touch the same
 * objects), `describe` names one object in reports, `holders` feeds the wait-for graph.
 */
export function pointKind(
  name: string,
  access: Access,
  describe: (object: number) => string = () => name,
  holders: Holders = () => 0,
): number {
  const id = kinds.length;
  assert(id < kindWrites.length, "too many kinds of points");
  kinds.push({ name, access, describe, holders });
  kindWrites[id] = access === "read" ? 0 : 1;
  // From the name and not from the order of registration: hashes must not depend on bundling.
  kindClass[id] = hashText(name);
  return id;
}

export function kindOf(id: number): PointKind {
  const kind = kinds[id];
  if (kind === undefined) throw new InternalError(`no point kind ${id}`);
  return kind;
}

/** What the scheduler knows of the run; primitives touch it only through the verbs. */
export const run = {
  current: -1,
  /** Points passed so far by all tasks. */
  step: 0,
  /** The strategy is asked again at this step; Infinity while it has nothing to say. */
  stopAt: Infinity,
  /** Bit masks of tasks. */
  runnable: 0,
  stalled: 0,
  /** Order of blocking, for first-come-first-served waking. */
  ticket: 0,
  /** Counts changes of shared state; a task that spins waits for it to move. */
  epoch: 0,
  hash: 0,
  recorder: null as Recorder | null,
  /** Non-zero bytes make the strategy look at sites with that low byte. */
  watch: new Uint8Array(256),
  /** Asked when a stop is due: may the current task go on? Set by the scheduler. */
  mayContinue: (): boolean => true,
  /** Told of every block, so that a deadlock is seen as it closes. */
  blocked: (_kind: number, _object: number): void => {},
  woken: (_tasks: number): void => {},
};

export const waitKind = new Int32Array(TASKS_MAX);
export const waitObject = new Int32Array(TASKS_MAX);
export const waitTicket = new Int32Array(TASKS_MAX);
export const stallEpoch = new Int32Array(TASKS_MAX);
/** The point at which a task is suspended: what it will do when it next runs, and from where. */
export const pendingKind = new Int32Array(TASKS_MAX);
export const pendingObject = new Int32Array(TASKS_MAX);
export const pendingSite = new Int32Array(TASKS_MAX);

// The last write and the last read of recently touched objects, tagged with the run's epoch
// instead of being cleared: [tag, write site, write task, read site, read task].
const CELLS = 4096;
const STRIDE = 8;
const cells = new Int32Array(CELLS * STRIDE);
let tag = 0;

/** The task that runs now. */
export function current(): number {
  return run.current;
}

/** A new run: forgets who touched what. */
export function beginPoints(): void {
  tag = (tag + 1) | 0;
  run.step = 0;
  run.hash = 0x811c9dc5;
  run.epoch = 0;
  run.ticket = 0;
}

/** The access at this point happens now: features, event hash, trace. */
export function pass(kind: number, object: number, site: number): void {
  const task = run.current;
  run.step++;
  run.hash = mix(mix(run.hash, site + task), object + kindClass[kind]!);
  sawSite(site);
  const cell = ((Math.imul(object, 0x9e3779b1) ^ kindClass[kind]!) >>> 20) * STRIDE;
  if (cells[cell] !== tag) {
    cells[cell] = tag;
    cells[cell + 2] = -1;
    cells[cell + 4] = -1;
  }
  const writer = cells[cell + 2]!;
  if (writer >= 0 && writer !== task) sawPair(cells[cell + 1]!, site);
  if (kindWrites[kind] === 0) {
    cells[cell + 3] = site;
    cells[cell + 4] = task;
  } else {
    const reader = cells[cell + 4]!;
    if (reader >= 0 && reader !== task) sawPair(cells[cell + 3]!, site);
    cells[cell + 1] = site;
    cells[cell + 2] = task;
  }
  if (run.recorder !== null) run.recorder.point(task, site, kind, object);
}

/**
 * The question at every point, asked before the access: true when the task must give up its CPU
 * (the caller then yields, and the access is accounted when it runs again).
 */
export function preempt(kind: number, object: number): boolean {
  const site = here.site;
  if (run.step >= run.stopAt || run.watch[site & 255] !== 0) {
    const task = run.current;
    pendingKind[task] = kind;
    pendingObject[task] = object;
    pendingSite[task] = site;
    if (!run.mayContinue()) return true;
  }
  pass(kind, object, site);
  return false;
}

/** The current task cannot go on until wake(kind, object). The caller yields next. */
export function block(kind: number, object: number): void {
  const task = run.current;
  assert((run.runnable & (1 << task)) !== 0, "a task blocks twice without a yield");
  run.runnable &= ~(1 << task);
  waitKind[task] = kind;
  waitObject[task] = object;
  pendingSite[task] = here.site;
  waitTicket[task] = run.ticket++;
  if (run.recorder !== null) run.recorder.block(task, kind, object);
  run.blocked(kind, object);
}

/** The current task spins: it may run again once shared state has changed. It yields next. */
export function stall(kind: number, object: number): void {
  const task = run.current;
  assert((run.runnable & (1 << task)) !== 0, "a task stalls twice without a yield");
  pendingSite[task] = here.site;
  run.runnable &= ~(1 << task);
  run.stalled |= 1 << task;
  waitKind[task] = kind;
  waitObject[task] = object;
  stallEpoch[task] = run.epoch;
  if (run.recorder !== null) run.recorder.block(task, kind, object);
}

/** Makes up to `count` tasks blocked on (kind, object) runnable, first come first served. */
export function wake(kind: number, object: number, count: number = TASKS_MAX): void {
  const waiters = waitersOf(kind, object);
  if (waiters === 0) return;
  let woken = 0;
  for (let left = count; left > 0; left--) {
    let first = -1;
    for (let t = 0; t < TASKS_MAX; t++) {
      if (((waiters & ~woken) >> t) & 1 && (first < 0 || waitTicket[t]! < waitTicket[first]!)) {
        first = t;
      }
    }
    if (first < 0) break;
    woken |= 1 << first;
  }
  run.runnable |= woken;
  if (run.recorder !== null) run.recorder.wake(woken, kind, object);
  run.woken(woken);
}

/** Tasks blocked on (kind, object), as a bit mask. */
export function waitersOf(kind: number, object: number): number {
  const idle = scheduled & ~run.runnable & ~run.stalled;
  if (idle === 0) return 0;
  let waiters = 0;
  for (let t = 0; idle >> t !== 0; t++) {
    if ((idle >> t) & 1 && waitKind[t] === kind && waitObject[t] === object) waiters |= 1 << t;
  }
  return waiters;
}

let scheduled = 0;
/** The scheduler says which tasks are alive; a task that ended can wait for nothing. */
export function setAlive(tasks: number): void {
  scheduled = tasks;
}

/** Shared state has a new value: spinning tasks may look again. */
export function changed(): void {
  run.epoch++;
}
