// SPDX-License-Identifier: GPL-2.0-only
// What a worker does with findings: count all, triage those that may be a new bug.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describeReturn } from "../../src/machine.ts";
import type { Execute } from "../../src/outcome.ts";
import { encode } from "../../src/program/bytes.ts";
import type { Case } from "../../src/program/case.ts";
import type { Target } from "../../src/program/target.ts";
import { parseCase } from "../../src/program/text.ts";
import type { BisectInput } from "../../src/triage/bisect.ts";
import type { Minimised } from "../../src/triage/minimise.ts";
import { normaliseTitle } from "../../src/triage/title.ts";
import { PARTS } from "../../src/triage/trial.ts";
import { knownBugs, triageFinding } from "../../src/triage/triage.ts";
import type { Known } from "../../src/triage/triage.ts";
import type { FindingMessage } from "../../src/triage/messages.ts";

export interface FindingsOptions {
  target: Target;
  execute: Execute;
  /** Folder of buckets. */
  dir: string;
  bisect: BisectInput;
}

/** A traced execution costs about as much as so many plain ones. */
const TRACED = 8;
/** Of all executions, at most one in so many may go into findings whose title is known. */
const SHARE = 8;
const FIRST_SHARE = 20_000;

export class Findings {
  /** By normalised title. */
  readonly counts = new Map<string, number>();
  private readonly known: Known;
  private readonly announced = new Set<string>();
  /** What triage has cost, in executions. */
  private spent = 0;

  constructor(private readonly options: FindingsOptions) {
    this.known = knownBugs(options.dir);
  }

  /**
   * `c` showed `title` as this worker's `executions`-th. Easy bugs show thousands of times a
   * second: a title that is known is looked at while triage has cost little, else only counted.
   */
  add(c: Case, bytes: Uint8Array, title: string, executions: number): FindingMessage | null {
    const normal = normaliseTitle(title);
    const count = (this.counts.get(normal) ?? 0) + 1;
    this.counts.set(normal, count);
    if (count > 1 && this.spent > FIRST_SHARE + executions / SHARE) return null;
    const { dir, target, bisect } = this.options;
    // Without story and promise, so that the minimised case becomes records where it can.
    const plain = (one: Case) => encode({ ...one, story: [], expect: null }, target);
    const options = { dir, bisect, target: target.name, encode: plain, describeReturn };
    const raw = Uint8Array.from(bytes);
    const { bucket, isNew, minimised } =
      triageFinding(c, raw, this.counted, this.known, options);
    if (this.announced.has(bucket)) return null;
    this.announced.add(bucket);
    return {
      type: "finding", title, bucket, isNew, executions,
      minimised: minimised === null ? null : this.sizes(minimised, bucket),
    };
  }

  /** Counts what triage costs. */
  private readonly counted: Execute = (c, options) => {
    this.spent += options?.trace === true ? TRACED : 1;
    return this.options.execute(c, options);
  };

  private sizes(found: Minimised, bucket: string): FindingMessage["minimised"] {
    const { outcome, tries, oneMinimal } = found;
    const operations = PARTS.reduce((sum, part) => sum + found.case[part].length, 0);
    const { preemptions } = outcome;
    return { operations, preemptions, tries, proved: oneMinimal, replays: this.replays(bucket) };
  }

  /** Does the saved text, read again, show what its title promises? */
  private replays(bucket: string): boolean {
    const path = join(this.options.dir, bucket, "repro.case");
    const saved = parseCase(readFileSync(path, "utf8"), path);
    const { title } = this.options.execute(saved);
    return title !== null && title === saved.expect;
  }
}
