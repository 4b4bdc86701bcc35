// SPDX-License-Identifier: GPL-2.0-only
// The canary: a toy memory with one planted bug, on the real scheduler, in the real case language.
// A store marks its page busy before it writes; a load that sees the mark must see it again. It
// does not when the store is preempted between its two writes and the load between its two reads:
// two preemptions, and never one. It shows only on a page that was stored to twice in setup, so
// that it takes the fuzzer some thousand executions.
import { hashText, mix } from "../../src/lib/hash.ts";
import type { Execute, Outcome } from "../../src/outcome.ts";
import type { Case } from "../../src/program/case.ts";
import type { Op, OpResult } from "../../src/program/op.ts";
import { defineTarget } from "../../src/program/target.ts";
import { printOp } from "../../src/program/text.ts";
import { beginPoints, pointKind, preempt, run } from "../../src/sched/point.ts";
import type { Preemptible } from "../../src/sched/point.ts";
import { Scheduler, toSchedule } from "../../src/sched/scheduler.ts";
import { at, left, registerSites } from "../../src/sched/site.ts";
import { fromBytes } from "../../src/sched/strategies/bytes.ts";
import { Replay } from "../../src/sched/strategies/replay.ts";
import {
  recordTo, Trace, traceChange, traceLog, traceOp, tracing,
} from "../../src/sched/trace.ts";
import type { Phase } from "../../src/sched/trace.ts";

export const CANARY_TITLE = "BUG: canary: a busy page was seen to change";
const PAGES = 16;
const BUSY = 256;

export const canaryTarget = defineTarget({
  name: "canary",
  kernels: ["latest"],
  pages: PAGES,
  setupRecords: 4,
  runRecords: 6,
  ops: {
    load: { weight: 2, args: { N: [1] } },
    store: { weight: 2, args: { N: [1] } },
  },
});

/** Byte of each page, and how often setup stored to it. */
const memory = new Int16Array(PAGES);
const stores = new Uint8Array(PAGES);
const READ = pointKind("canary page", "read", (page) => `canary page ${page}`);
const WRITE = pointKind("canary page", "write", (page) => `canary page ${page}`);

/** The call sites that the build injects in kernel-land, by hand. */
function siteOf(fn: string, callee: string): number {
  const key = hashText(`canary ${fn}:${callee}`) >>> 2;
  registerSites([[key, fn, callee, "canary-model.ts", 1]]);
  return key;
}
const MARK = siteOf("canary_store", "mark_busy");
const PUT = siteOf("canary_store", "put_byte");
const PUT_HOT = siteOf("canary_store", "put_byte_again");
const LOOK = siteOf("canary_load", "get_byte");
const LOOK_BUSY = siteOf("canary_load", "get_busy_byte");

function* readPage(page: number): Preemptible<number> {
  if (preempt(READ, page)) yield;
  return memory[page];
}

function* writePage(page: number, value: number): Preemptible<void> {
  if (preempt(WRITE, page)) yield;
  if (tracing()) traceChange(`canary page ${page}`, `${memory[page]}`, `${value}`);
  memory[page] = value;
}

function* canaryStore(page: number, value: number): Preemptible<OpResult> {
  const hot = stores[page] > 1;
  at(MARK, null);
  left(MARK, yield* writePage(page, BUSY));
  const put = hot ? PUT_HOT : PUT;
  at(put, null);
  left(put, yield* writePage(page, value));
  return { r: 0 };
}

let findings: string[] = [];

function* canaryLoad(page: number): Preemptible<OpResult> {
  at(LOOK, null);
  const before = left(LOOK, yield* readPage(page));
  if (before !== BUSY || stores[page] < 2) return { r: 0, v: [before & 255] };
  at(LOOK_BUSY, null);
  const after = left(LOOK_BUSY, yield* readPage(page));
  if (after !== before) {
    traceLog(CANARY_TITLE);
    findings.push(CANARY_TITLE);
  }
  return { r: 0, v: [after & 255] };
}

function* task(
  ops: readonly Op[], id: number, phase: Phase, results: (OpResult | null)[], from: number,
): Preemptible<void> {
  for (const [i, op] of ops.entries()) {
    if (op.task !== id) continue;
    const page = op.args[0] % PAGES;
    if (tracing()) traceOp(phase, printOp(op), null);
    const isStore = op.row.name === "store";
    results[from + i] = yield* isStore ? canaryStore(page, op.args[1]) : canaryLoad(page);
    if (tracing()) traceOp(phase, printOp(op), "0");
    if (phase === "setup" && isStore) stores[page]++;
  }
}

const scheduler = new Scheduler();

function runSetup(ops: readonly Op[], results: (OpResult | null)[]): void {
  for (const [i, op] of ops.entries()) {
    scheduler.reset();
    scheduler.spawn(op.task, task([op], op.task, "setup", results, i));
    scheduler.run(new Replay([]));
  }
}

export const canaryExecute: Execute = (c: Case, options = {}): Outcome => {
  memory.fill(0);
  stores.fill(0);
  findings = [];
  const trace = options.trace === true ? new Trace() : null;
  recordTo(trace);
  const results = new Array<OpResult | null>(c.setup.length + c.run.length).fill(null);
  beginPoints();
  runSetup(c.setup, results);
  scheduler.reset();
  beginPoints();
  for (const id of new Set(c.run.map((op) => op.task))) {
    scheduler.spawn(id, task(c.run, id, "run", results, c.setup.length));
  }
  const { schedule: spec } = c;
  const own = spec.type === "turns" ? new Replay(spec.turns) : fromBytes(spec.mode, spec.block);
  scheduler.run(options.strategy ?? own);
  recordTo(null);
  const { switches, preemptions } = scheduler;
  const turns = scheduler.rawTurns();
  const title = findings[0] ?? null;
  return {
    kind: title === null ? "clean" : "bug", title, log: findings, results, trace,
    points: run.step, switches, preemptions,
    hash: mix(run.hash, title === null ? 0 : 1) >>> 0,
    schedule: () => toSchedule(turns),
  };
};
