// SPDX-License-Identifier: GPL-2.0-only
// A campaign: starts the workers, listens, shows, and ends with what was found.
import { readdirSync } from "node:fs";
import color from "picocolors";
import type { FindingMessage, Message, WorkerOptions } from "../../triage/messages.ts";
import { Status, grouped } from "./status.ts";
import type { Progress } from "./status.ts";
import { Worker } from "./worker.ts";

/** The first sight of a bug in this campaign. */
export interface Found extends FindingMessage {
  /** Of all workers together, when the message came. */
  total: number;
  seconds: number;
  mode: WorkerOptions["mode"];
}

export interface CampaignResult {
  /** By bucket, in the order of their first sight. */
  found: Found[];
  /** Counts by normalised title. */
  titles: Map<string, number>;
  /** What went wrong, in sentences. */
  failures: string[];
  executions: number;
  seconds: number;
}

/** Rates are over this long, so that they follow what happens. */
const RATE_MS = 5000;

export class Campaign {
  private readonly workers: Worker[] = [];
  private readonly found = new Map<string, Found>();
  private readonly failures: string[] = [];
  private readonly rates: [ms: number, executions: number][] = [];
  private readonly from = performance.now();
  private status: Status | null = null;
  private interrupts = 0;

  constructor(
    private readonly plan: readonly WorkerOptions[],
    private readonly stream: NodeJS.WriteStream,
  ) {}

  /** Until every worker has ended. */
  async run(): Promise<CampaignResult> {
    const interrupt = (): void => this.interrupt();
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    for (const name of signals) process.on(name, interrupt);
    try {
      this.status = new Status(() => this.progress(), this.stream);
      for (const [i, options] of this.plan.entries()) {
        this.workers.push(new Worker(i + 1, options, (w, message) => this.hear(w, message)));
      }
      await Promise.all(this.workers.map((worker) => this.watch(worker)));
    } finally {
      this.status?.stop();
      for (const name of signals) process.off(name, interrupt);
    }
    return {
      found: [...this.found.values()], titles: this.titles(), failures: this.failures,
      executions: this.executions(), seconds: this.seconds(),
    };
  }

  /** One worker that fails ends all: its share of the work would be missing silently. */
  private async watch(worker: Worker): Promise<void> {
    await worker.ended;
    if (worker.failure === null) return;
    // What it had found is saved and counted; how it goes afterwards is no verdict.
    if (worker.stopping) this.status?.say(`${worker.failure}\n  (while stopping)`);
    else this.failures.push(worker.failure);
    this.stop();
  }

  private interrupt(): void {
    this.interrupts++;
    if (this.interrupts === 1) {
      this.status?.say("stopping; once more to stop at once");
      this.stop();
    } else for (const worker of this.workers) worker.kill();
  }

  private stop(): void {
    for (const worker of this.workers) worker.stop();
  }

  private hear(worker: Worker, message: Message): void {
    if (message.type === "finding") this.hearFinding(worker, message);
    if (message.type === "internal") {
      const { message: text, saved } = message;
      const where = saved === null ? "its input could not be saved" : `its input is ${saved}`;
      this.failures.push(`an internal error, please report it: ${text}; ${where}`);
    }
    if (message.type === "error") {
      this.failures.push(message.message);
      if (message.unsaved !== null) this.status?.say(`# not saved:\n${message.unsaved}`);
    }
    if (message.type !== "stats" && !worker.options.keepGoing) this.stop();
    if (message.type === "error") this.stop();
  }

  private hearFinding(worker: Worker, message: FindingMessage): void {
    worker.stats.executions = Math.max(worker.stats.executions, message.executions);
    if (this.found.has(message.bucket)) return;
    const { mode } = worker.options;
    const found = { ...message, mode, total: this.executions(), seconds: this.seconds() };
    this.found.set(message.bucket, found);
    this.status?.say(announcement(found));
  }

  private seconds(): number {
    return (performance.now() - this.from) / 1000;
  }

  private executions(): number {
    return this.workers.reduce((sum, { stats }) => sum + stats.executions, 0);
  }

  private titles(): Map<string, number> {
    const titles = new Map<string, number>();
    for (const { stats } of this.workers) {
      for (const [title, count] of Object.entries(stats.titles)) {
        titles.set(title, (titles.get(title) ?? 0) + count);
      }
    }
    return titles;
  }

  private perSecond(executions: number): number {
    const now = performance.now();
    this.rates.push([now, executions]);
    while (this.rates.length > 2 && now - this.rates[0][0] > RATE_MS) this.rates.shift();
    const [ms, before] = this.rates[0];
    return now === ms ? 0 : ((executions - before) * 1000) / (now - ms);
  }

  private progress(): Progress {
    const [{ target, corpus, seconds }] = this.plan;
    const executions = this.executions();
    const most = (of: (w: Worker) => number): number => Math.max(0, ...this.workers.map(of));
    return {
      target, executions,
      seconds: this.seconds(),
      limit: seconds,
      perSecond: this.perSecond(executions),
      coverage: most(({ stats }) => stats.coverage),
      pairs: most(({ stats }) => stats.pairs),
      corpus: readdirSync(corpus).length,
      titles: this.titles(),
      buckets: this.found.size,
    };
  }
}

function announcement({ title, bucket, isNew, total, seconds, mode, minimised }: Found): string {
  const how = mode === "guided" ? "guided" : "random schedules";
  const when = `after ${grouped(total)} executions, ${seconds.toFixed(1)} s (${how})`;
  const lines = [`${color.red(title)}\n  ${isNew ? "new" : "known"}, ${when}: ${bucket}`];
  if (minimised !== null) {
    const { operations, preemptions, tries, proved } = minimised;
    const how = `${operations} operations, ${preemptions} preemptions, in ${tries} executions`;
    lines.push(`  minimised to ${how}${proved ? "" : " (not proved minimal)"}`);
  }
  return lines.join("\n");
}
