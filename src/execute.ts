// SPDX-License-Identifier: GPL-2.0-only
// execute(case) -> Outcome: boots a machine, runs setup, the tasks together, teardown and exit.
import { InternalError, UserError } from "./lib/assert.ts";
import { hashText, mix } from "./lib/hash.ts";
import { KernelBug, log, printk } from "./kernel/bug.ts";
import { do_exit } from "./kernel/exit.ts";
import { mm_of, live_tasks } from "./kernel/include/sched.ts";
import { start_thread } from "./kernel/init/main.ts";
import { boot, checkEnd, checkQuiescent } from "./machine.ts";
import type { ExecuteOptions, Execute, Outcome, OutcomeKind } from "./outcome.ts";
import type { Case, ScheduleSpec } from "./program/case.ts";
import type { Op, OpResult } from "./program/op.ts";
import { printOp } from "./program/text.ts";
import { beginPoints, block, pointKind, run, wake } from "./sched/point.ts";
import type { Preemptible } from "./sched/point.ts";
import { Hang } from "./sched/hang.ts";
import { Scheduler, toSchedule } from "./sched/scheduler.ts";
import { fromBytes } from "./sched/strategies/bytes.ts";
import { Replay } from "./sched/strategies/replay.ts";
import type { Strategy } from "./sched/strategies/strategy.ts";
import { recordTo, Trace, traceOp, tracing } from "./sched/trace.ts";
import type { Phase } from "./sched/trace.ts";

const scheduler = new Scheduler();
const sequential = new Replay([]);
/** A task of the run part that another one creates waits here for its birth. */
const BIRTH = pointKind("task creation", "event", (task) => `creation of task ${task}`);

/** Tasks that have done `exit` in this case, as a bit mask: they are not revived. */
let exited = 0;

function strategyOf(spec: ScheduleSpec): Strategy {
  return spec.type === "turns" ? new Replay(spec.turns) : fromBytes(spec.mode, spec.block);
}

function* runOps(
  ops: readonly Op[], from: number, task: number, phase: Phase, results: (OpResult | null)[],
): Preemptible<void> {
  if (mm_of(task) === null && phase === "run") yield* wait_for_birth(task);
  for (let i = 0; i < ops.length; i++) {
    const op = ops[i]!;
    if (op.task !== task) continue;
    // A task that has exited does nothing more.
    if (mm_of(task) === null) return;
    const { row } = op;
    if (row.run === null) throw new UserError(`\`${row.name}\` is not modelled yet`);
    if (tracing()) traceOp(phase, printOp(op), null);
    const result = yield* row.run(op.args);
    results[from + i] = result;
    if (tracing()) traceOp(phase, printOp(op), describeResult(result));
    if (row.name === "thread") wake(BIRTH, op.args[0]!);
    if (row.name === "exit") exited |= 1 << task;
  }
}

function* wait_for_birth(task: number): Preemptible<void> {
  if (mm_of(task) !== null) return;
  block(BIRTH, task);
  yield;
}

function describeResult(result: OpResult): string {
  if (result.sig !== undefined) return result.sig;
  return result.v === undefined ? `${result.r}` : `= ${result.v.join(" ")}`;
}

/** One operation after the other, each to its end. Returns tasks that wait for user space. */
function runSequentially(
  ops: readonly Op[], from: number, phase: Phase, results: (OpResult | null)[],
): number {
  let blocked = 0;
  for (let i = 0; i < ops.length && blocked === 0; ) {
    const { task } = ops[i]!;
    // Neighbouring operations of one task share a generator.
    let end = i + 1;
    while (end < ops.length && ops[end]!.task === task) end++;
    ensureTask(task);
    scheduler.spawn(task, runOps(ops.slice(i, end), from + i, task, phase, results));
    blocked |= scheduler.run(sequential);
    i = end;
  }
  return blocked;
}

/** A task that a case uses without creating it is a thread of task 0. */
function ensureTask(task: number): void {
  const parent = mm_of(0);
  const gone = ((exited >> task) & 1) === 1;
  if (mm_of(task) === null && !gone && parent !== null) start_thread(task, parent);
}

function runTogether(c: Case, results: (OpResult | null)[], strategy: Strategy): number {
  let born = 0;
  for (const { row, args } of c.run) {
    if (row.name === "thread" || row.name === "fork") born |= 1 << args[0]!;
  }
  let tasks = 0;
  for (const { task } of c.run) {
    if (((tasks >> task) & 1) === 1) continue;
    tasks |= 1 << task;
    if (((born >> task) & 1) === 0) ensureTask(task);
    scheduler.spawn(task, runOps(c.run, c.setup.length, task, "run", results));
  }
  return scheduler.run(strategy);
}

function exitAll(): void {
  for (const task of live_tasks()) {
    scheduler.spawn(task, do_exit());
    scheduler.run(sequential);
  }
}

/** What has been seen so far; filled as a case goes on, so that a finding leaves what was. */
interface Tally {
  blocked: boolean;
  hash: number;
  points: number;
  switches: number;
  preemptions: number;
  turns: number[];
}

function closeRun(tally: Tally): void {
  tally.points = run.step;
  tally.switches = scheduler.switches;
  tally.preemptions = scheduler.preemptions;
  tally.turns = scheduler.rawTurns();
}

/** The parts of a case in order. Findings come out as exceptions. */
function runParts(
  c: Case, options: ExecuteOptions, results: (OpResult | null)[], tally: Tally,
): void {
  beginPoints();
  const stuck = runSequentially(c.setup, 0, "setup", results);
  tally.hash = run.hash;
  if (stuck !== 0) {
    tally.blocked = true;
    return;
  }
  if (c.run.length > 0) {
    beginPoints();
    scheduler.switches = 0;
    scheduler.preemptions = 0;
    try {
      const strategy = options.strategy ?? strategyOf(c.schedule);
      tally.blocked = runTogether(c, results, strategy) !== 0;
    } finally {
      closeRun(tally);
    }
    if (tally.blocked) return;
  }
  checkQuiescent();
  runSequentially(c.teardown, c.setup.length + c.run.length, "teardown", results);
  exitAll();
  checkEnd();
}

/** Runs a case; the same case gives the same Outcome. Throws UserError for what is not modelled. */
export const execute: Execute = (c, options = {}) => {
  const trace = options.trace === true ? new Trace() : null;
  recordTo(trace);
  scheduler.reset();
  exited = 0;
  boot(c.config).cpumask = 1;
  const count = c.setup.length + c.run.length + c.teardown.length;
  const results = new Array<OpResult | null>(count).fill(null);
  const tally: Tally = {
    blocked: false, hash: 0, points: 0, switches: 0, preemptions: 0, turns: [],
  };
  let fatal: KernelBug | Hang | null = null;
  try {
    runParts(c, options, results, tally);
  } catch (error) {
    if (error instanceof Hang) fatal = reportHang(error);
    else if (error instanceof KernelBug) fatal = error;
    else if (!isAftermath(error)) throw error;
  } finally {
    recordTo(null);
  }
  return outcomeOf(fatal, results, tally, trace);
};

/** A kernel that has been reported broken may go on to break what the model takes for granted. */
function isAftermath(error: unknown): boolean {
  if (!(error instanceof InternalError) || log.lines.length === 0) return false;
  printk(`faultline: the model cannot go on after this: ${error.message}`);
  return true;
}

function reportHang(hang: Hang): Hang {
  printk(hang.title);
  for (const line of hang.lines) printk(`  ${line}`);
  return hang;
}

function kindOf(fatal: KernelBug | Hang | null, title: string | null, tally: Tally): OutcomeKind {
  if (fatal instanceof Hang) return fatal.kind;
  if (title !== null) return "bug";
  return tally.blocked ? "blocked" : "clean";
}

function outcomeOf(
  fatal: KernelBug | Hang | null, results: (OpResult | null)[], tally: Tally, trace: Trace | null,
): Outcome {
  // What stopped the kernel, else what it printed first, else what only an observer saw.
  const title = fatal?.title ?? log.findings[0] ?? log.observed[0] ?? null;
  let hash = mix(tally.hash, run.hash);
  for (const result of results) {
    if (result === null) continue;
    hash = mix(hash, result.r);
    if (result.v !== undefined) for (const byte of result.v) hash = mix(hash, byte);
  }
  if (title !== null) hash = mix(hash, hashText(title));
  const { points, switches, preemptions, turns } = tally;
  return {
    kind: kindOf(fatal, title, tally), title, results, points, switches, preemptions, trace,
    log: log.lines.length === 0 ? NO_LOG : log.lines.slice(),
    hash: hash >>> 0,
    schedule: () => toSchedule(turns),
  };
}

const NO_LOG: string[] = [];
