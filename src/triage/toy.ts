// SPDX-License-Identifier: GPL-2.0-only
// A toy kernel for the tests of triage: counters, locks and a page-middle-directory entry on the
// real scheduler, with the call sites that the build would inject written by hand.
import { hashText } from "../lib/hash.ts";
import type { Execute, ExecuteOptions, Outcome } from "../outcome.ts";
import { DEFAULT_CONFIG } from "../program/case.ts";
import type { Case } from "../program/case.ts";
import type { Op, OpResult, OpRow } from "../program/op.ts";
import { Hang } from "../sched/hang.ts";
import { beginPoints, block, changed, pointKind, preempt, run, wake } from "../sched/point.ts";
import type { Preemptible } from "../sched/point.ts";
import { Scheduler, toSchedule } from "../sched/scheduler.ts";
import { at, left, registerSites } from "../sched/site.ts";
import { Replay } from "../sched/strategies/replay.ts";
import type { Strategy } from "../sched/strategies/strategy.ts";
import { parseSchedule } from "../sched/schedule.ts";
import { recordTo, Trace, traceChange, traceLog, traceOp, traceRelease, tracing } from
  "../sched/trace.ts";

const memory = { cells: [0, 0, 0, 0], pmd: "none", nrPtes: 0, added: 0 };
const owner = [-1, -1, -1];
const lockNames = ["pmd_lock", "DAX entry 0", "other lock"];
/** The fix of the race between cow and huge. */
let fixed = false;
let findings: string[] = [];
let log: string[] = [];

const READ = pointKind("cell", "read", (id) => `cell ${id}`);
const WRITE = pointKind("cell", "write", (id) => `cell ${id}`);
const PMD_READ = pointKind("pmd", "read", () => "pmd 0");
const PMD_WRITE = pointKind("pmd", "write", () => "pmd 0");
const LOCK = pointKind("toylock", "acquire", (id) => lockNames[id], (id) =>
  owner[id] < 0 ? 0 : 1 << owner[id],
);

/** An alias, because tidy wants a Preemptible run where it is made, and here call() runs them. */
type Body<T> = Preemptible<T>;

/** What the build does to `yield* callee()` in function `fn`. */
function* call<T>(fn: string, callee: string, gen: Body<T>): Body<T> {
  const key = hashText(`${fn}:${callee}`) >>> 2;
  registerSites([[key, fn, callee, "toy.ts", 1]]);
  return left(key, yield* at(key, gen));
}

function* read(cell: number): Body<number> {
  if (preempt(READ, cell)) yield;
  return memory.cells[cell];
}

function* write(cell: number, value: number): Body<void> {
  if (preempt(WRITE, cell)) yield;
  if (tracing()) traceChange(`cell ${cell}`, `${memory.cells[cell]}`, `${value}`);
  memory.cells[cell] = value;
  changed();
}

function* pmdp_get(): Body<string> {
  if (preempt(PMD_READ, 0)) yield;
  return memory.pmd;
}

function* set_pmd_at(value: string): Body<void> {
  if (preempt(PMD_WRITE, 0)) yield;
  if (tracing()) traceChange("pmd 0", memory.pmd, value);
  memory.pmd = value;
}

function* lock(id: number): Body<void> {
  if (preempt(LOCK, id)) yield;
  while (owner[id] >= 0) {
    block(LOCK, id);
    yield;
  }
  owner[id] = run.current;
}

function unlock(id: number): void {
  owner[id] = -1;
  traceRelease(LOCK, id);
  wake(LOCK, id, 1);
}

function bug(title: string): void {
  traceLog(title);
  log.push(title);
  findings.push(title);
}

function* increment(cell: number): Body<void> {
  memory.added++;
  const value = yield* call("increment", "read", read(cell));
  yield* call("increment", "write", write(cell, value + 1));
}

/** Writes 1, then 0: for an instant the cell is odd. */
function* flip(cell: number): Body<void> {
  yield* call("flip", "write", write(cell, 1));
  yield* call("flip", "write", write(cell, 0));
}

/** Sees a cell change back while it looks: two preemptions of a flip, or one each. */
function* watch(cell: number): Body<void> {
  const before = yield* call("watch", "read", read(cell));
  const after = yield* call("watch", "read", read(cell));
  if (before === 1 && after === 0) bug("BUG: cell was seen to change val:1");
}

function* abba(first: number): Body<void> {
  const fn = `abba_${first}`;
  yield* call(fn, "lock", lock(first));
  yield* call(fn, "lock", lock(1 - first));
  unlock(1 - first);
  unlock(first);
}

function* cow(): Body<void> {
  const pmd = yield* call("__handle_mm_fault", "pmdp_get", pmdp_get());
  if (pmd === "none") yield* call("__handle_mm_fault", "create_huge_pmd", (function* () {
    return 0x800;
  })());
  yield* call("__handle_mm_fault", "handle_pte_fault", (function* () {
    yield* call("handle_pte_fault", "do_cow_fault", (function* () {
      yield* call("do_cow_fault", "lock", lock(1));
      yield* call("do_cow_fault", "__pte_alloc", pteAlloc());
      unlock(1);
    })());
  })());
}

function* pteAlloc(): Body<void> {
  yield* call("__pte_alloc", "lock", lock(0));
  const pmd = yield* call("__pte_alloc", "pmdp_get", pmdp_get());
  if (pmd === "none") {
    memory.nrPtes++;
    yield* call("__pte_alloc", "set_pmd_at", set_pmd_at("table"));
  }
  unlock(0);
}

function* huge(): Body<void> {
  const pmd = yield* call("__handle_mm_fault", "pmdp_get", pmdp_get());
  if (pmd !== "none") return;
  yield* call("__handle_mm_fault", "create_huge_pmd", (function* () {
    yield* call("create_huge_pmd", "lock", lock(1));
    if (fixed && (yield* call("create_huge_pmd", "pmdp_get", pmdp_get())) === "table") {
      unlock(1);
      return 0;
    }
    yield* call("create_huge_pmd", "insert_pfn_pmd", (function* () {
      yield* call("insert_pfn_pmd", "lock", lock(0));
      yield* call("insert_pfn_pmd", "set_pmd_at", set_pmd_at("huge"));
      unlock(0);
    })());
    unlock(1);
    return 0x100;
  })());
}

function row(name: string, body: (arg: number) => Body<void>, takes = true): OpRow {
  return {
    name,
    args: takes ? [{ name: "N", kind: { type: "number" } }] : [],
    help: name,
    *run(args): Body<OpResult> {
      yield* call("sys", name, body(args[0] ?? 0));
      return { r: 0 };
    },
  };
}

function* nothing(): Body<void> {}

export const toyRows: OpRow[] = [
  row("add", increment), row("flip", flip), row("watch", watch), row("abba", abba),
  row("cow", cow, false), row("huge", huge, false), row("nop", nothing),
  row("look", function* (cell) {
    yield* call("look", "read", read(cell));
  }),
  row("look2", function* (cell) {
    yield* call("look2", "read", read(cell));
    yield* call("look2", "write", write(3, 1));
  }),
];

/** Reads `@1 add 0` and the like. */
export function toyOp(text: string): Op {
  const words = text.split(" ");
  const task = words[0].startsWith("@") ? Number(words.shift()!.slice(1)) : 0;
  const found = toyRows.find((r) => r.name === words[0])!;
  return { task, row: found, args: words.slice(1).map(Number) };
}

export function toyCase(setup: string[], concurrent: string[], schedule: string): Case {
  return {
    config: { ...DEFAULT_CONFIG, kernel: "v4.11", revert: ["dax-recheck-pmd"] },
    story: [], expect: null, teardown: [],
    setup: setup.map(toyOp),
    run: concurrent.map(toyOp),
    schedule: { type: "turns", turns: parseSchedule(schedule) },
  };
}

const scheduler = new Scheduler();

function* task(ops: Op[], phase: "setup" | "run" | "teardown"): Body<void> {
  for (const op of ops) {
    const text = [op.row.name, ...op.args].join(" ");
    traceOp(phase, text, null);
    yield* op.row.run!(op.args);
    traceOp(phase, text, "0");
  }
}

function alone(ops: Op[], phase: "setup" | "teardown"): void {
  for (const op of ops) {
    scheduler.reset();
    scheduler.spawn(op.task, task([op], phase));
    scheduler.run(new Replay([]));
  }
}

function together(ops: Op[], strategy: Strategy): void {
  scheduler.reset();
  for (const id of new Set(ops.map((op) => op.task))) {
    scheduler.spawn(id, task(ops.filter((op) => op.task === id), "run"));
  }
  scheduler.run(strategy);
}

function lostUpdates(): void {
  if (memory.cells[2] !== memory.added) bug(`BUG: lost update val:${memory.cells[2]}`);
}

/** Counts executions, so that tests can see what a memo saves. */
export const toyRuns = { count: 0 };

export const toyExecute: Execute = (c: Case, options: ExecuteOptions = {}): Outcome => {
  toyRuns.count++;
  Object.assign(memory, { cells: [0, 0, 0, 0], pmd: "none", nrPtes: 0, added: 0 });
  owner.fill(-1);
  fixed = !c.config.revert.includes("dax-recheck-pmd");
  findings = [];
  log = [];
  const trace = options.trace === true ? new Trace() : null;
  recordTo(trace);
  const asked = c.schedule.type === "turns" ? c.schedule.turns : [];
  let kind: Outcome["kind"] = "clean";
  beginPoints();
  try {
    alone(c.setup, "setup");
    together(c.run, options.strategy ?? new Replay(asked));
  } catch (error) {
    if (!(error instanceof Hang)) throw error;
    kind = error.kind;
    bug(error.title);
  }
  const { switches, preemptions } = scheduler;
  const turns = scheduler.rawTurns();
  const { step: points, hash } = run;
  scheduler.reset();
  alone(c.teardown, "teardown");
  if (memory.nrPtes > 0 && memory.pmd !== "table") {
    bug(`BUG: non-zero nr_ptes on freeing mm: ${memory.nrPtes}`);
  }
  if (memory.added > 0) lostUpdates();
  recordTo(null);
  const title = findings[0] ?? null;
  if (title !== null && kind === "clean") kind = "bug";
  const results = [...c.setup, ...c.run, ...c.teardown].map(() => ({ r: 0 }));
  return {
    kind, title, log: [...log], results, points, switches, preemptions,
    hash: hash ^ hashText(title ?? ""), schedule: () => toSchedule(turns), trace,
  };
};
