// SPDX-License-Identifier: GPL-2.0-only
// Executes case after case until one shows the wanted bug, and counts.
import { execute } from "../../src/execute.ts";
import type { Outcome } from "../../src/outcome.ts";
import type { Case } from "../../src/program/case.ts";
import { printCase } from "../../src/program/text.ts";
import type { Strategy } from "../../src/sched/strategies/strategy.ts";
import { bucketName } from "../../src/triage/bucket.ts";
import { normaliseTitle } from "../../src/triage/title.ts";
import { show } from "../../src/triage/trial.ts";

/** What a trial came to; one JSON line on the way to the coordinator. */
export interface TrialResult {
  found: boolean;
  executions: number;
  seconds: number;
  /** Of what was found; the bucket tells one race from another, the case is its proof. */
  title: string | null;
  bucket: string | null;
  case: string | null;
  /** Findings that are not the wanted one, by title. */
  others: Record<string, number>;
}

/** A finding's lines as its oracles and its kernel wrote them. */
function linesOf({ title, log }: Outcome): string[] {
  return [title ?? "", ...log].map((line) => line.replace(/^faultline: /, ""));
}

export class Hunt {
  executions = 0;
  /** Of the first execution: neither Node's nor libFuzzer's start counts. */
  private from: number | null = null;
  private endedAt: number | null = null;
  private hit: { title: string; bucket: string | null; text: string } | null = null;
  private readonly others = new Map<string, number>();

  constructor(
    private readonly wanted: RegExp,
    private readonly cap: number,
  ) {}

  /** One execution; true when the hunt is over. */
  run(c: Case, strategy?: Strategy): boolean {
    this.executions++;
    this.from ??= performance.now();
    const outcome = execute(c, strategy === undefined ? {} : { strategy });
    if (outcome.title !== null) this.finding(c, outcome, outcome.title);
    if (this.hit === null && this.executions < this.cap) return false;
    this.endedAt ??= performance.now();
    return true;
  }

  result(): TrialResult {
    const { executions, hit } = this;
    const seconds = ((this.endedAt ?? 0) - (this.from ?? 0)) / 1000;
    return {
      found: hit !== null, executions, seconds: Math.round(seconds * 1000) / 1000,
      title: hit?.title ?? null, bucket: hit?.bucket ?? null, case: hit?.text ?? null,
      others: Object.fromEntries(this.others),
    };
  }

  private finding(c: Case, outcome: Outcome, title: string): void {
    const normal = normaliseTitle(title);
    if (!linesOf(outcome).some((line) => this.wanted.test(line))) {
      this.others.set(normal, (this.others.get(normal) ?? 0) + 1);
      return;
    }
    this.endedAt = performance.now();
    // The turns that were taken stand for the strategy, which is not part of a case.
    const taken: Case = { ...c, schedule: { type: "turns", turns: outcome.schedule() } };
    const shown = show(taken, execute);
    const bucket = shown === null ? null : bucketName(shown.signature);
    this.hit = { title: normal, bucket, text: printCase(shown?.case ?? taken) };
  }
}
