// SPDX-License-Identifier: GPL-2.0-only
// One worker's executions: decode, execute, triage; limits, statistics and our own faults.
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../src/lib/assert.ts";
import type { Execute, Outcome } from "../../src/outcome.ts";
import { decode } from "../../src/program/bytes.ts";
import type { Case } from "../../src/program/case.ts";
import type { Target } from "../../src/program/target.ts";
import { printCase } from "../../src/program/text.ts";
import { seen } from "../../src/sched/feedback.ts";
import { StopFuzzing } from "../engine.ts";
import { Coverage } from "./coverage.ts";
import { Findings } from "./findings.ts";
import type { Message, WorkerOptions } from "../../src/triage/messages.ts";

export interface SessionOptions {
  options: WorkerOptions;
  target: Target;
  execute: Execute;
  send: (message: Message) => void;
  /** Milliseconds, from any start. */
  now: () => number;
}

/** Between two looks at the clock. */
const CHECK_EVERY = 256;
const STATS_MS = 250;
/** Different faults of our own after which a worker gives up, even with --keep-going. */
const FAULTS_MAX = 10;

export class Session {
  executions = 0;
  /** The worker failed, and not the kernel. */
  failed = false;
  private readonly coverage = new Coverage();
  private readonly findings: Findings;
  private readonly runs: number;
  private readonly from: number;
  private readonly faults = new Set<string>();
  private nextCheck: number;
  private statsAt: number;

  constructor(private readonly given: SessionOptions) {
    const { options, target, execute, now } = given;
    const { crashes: dir, bisect, runs } = options;
    this.findings = new Findings({ target, execute, dir, bisect });
    this.runs = runs ?? Infinity;
    this.from = now();
    this.statsAt = this.from;
    this.nextCheck = Math.min(CHECK_EVERY, this.runs);
  }

  /** One input. True when it showed a new site or racing pair. Throws StopFuzzing at the end. */
  run(data: Uint8Array): boolean {
    const { target, execute } = this.given;
    this.executions++;
    let c = decode(data, target);
    // A text in the corpus names any kernel: the campaign is about its own.
    if (!target.configs.includes(c.config)) c = { ...c, config: target.configs[0] };
    let outcome: Outcome | null = null;
    try {
      outcome = execute(c);
    } catch (error) {
      // The kernels were checked before: it is an operation or an argument that is not modelled.
      if (!(error instanceof UserError)) this.fault(error, data);
    }
    const isNew = this.coverage.look();
    if (outcome !== null && outcome.kind !== "clean" && outcome.kind !== "blocked") {
      this.finding(c, data, outcome);
    }
    if (this.executions >= this.nextCheck) this.check();
    return isNew;
  }

  /** Statistics, now. */
  report(): void {
    const { executions, coverage, findings } = this;
    const titles = Object.fromEntries(findings.counts);
    this.given.send({
      type: "stats", executions, coverage: coverage.cells, pairs: seen.pairs, titles,
    });
  }

  private check(): void {
    const { now, options } = this.given;
    const time = now();
    if (time - this.statsAt >= STATS_MS) {
      this.statsAt = time;
      this.report();
    }
    const { seconds } = options;
    const late = seconds !== null && time - this.from >= seconds * 1000;
    if (late || this.executions >= this.runs) throw new StopFuzzing();
    this.nextCheck = Math.min(this.executions + CHECK_EVERY, this.runs);
  }

  private finding(c: Case, data: Uint8Array, { title }: Outcome): void {
    const { send, options } = this.given;
    try {
      if (title === null) throw new Error("a bug without a title");
      const message = this.findings.add(c, data, title, this.executions);
      if (message !== null) send(message);
    } catch (error) {
      if (error instanceof UserError) {
        this.failed = true;
        send({ type: "error", message: error.message, unsaved: printCase(c) });
        throw new StopFuzzing();
      }
      this.fault(error, data);
    }
    if (!options.keepGoing) throw new StopFuzzing();
  }

  /** A fault of ours is never a finding: its input is kept apart, and the campaign fails. */
  private fault(error: unknown, data: Uint8Array): void {
    if (error instanceof StopFuzzing) throw error;
    const { send, options } = this.given;
    this.failed = true;
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    if (!this.faults.has(message)) {
      this.faults.add(message);
      const stack = error instanceof Error ? error.stack ?? message : message;
      send({ type: "internal", message, saved: this.keep(data, stack) });
    }
    if (!options.keepGoing || this.faults.size >= FAULTS_MAX) throw new StopFuzzing();
  }

  private keep(data: Uint8Array, stack: string): string | null {
    const folder = join(this.given.options.scratch, "internal");
    const path = join(folder, createHash("sha1").update(data).digest("hex"));
    try {
      mkdirSync(folder, { recursive: true });
      writeFileSync(`${path}.bin`, data);
      writeFileSync(`${path}.txt`, `${stack}\n`);
      return `${path}.bin`;
    } catch {
      // The message still goes out; there is no other place to keep the input.
      return null;
    }
  }
}
