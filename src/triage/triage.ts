// SPDX-License-Identifier: GPL-2.0-only
// From a finding to its folder: is the bug known, what is its smallest case, and what does a
// report of it say.
import { assert } from "../lib/assert.ts";
import type { Execute } from "../outcome.ts";
import type { Case } from "../program/case.ts";
import type { Schedule } from "../sched/schedule.ts";
import { bisect } from "./bisect.ts";
import type { BisectInput } from "./bisect.ts";
import { bucketId, bucketName } from "./bucket.ts";
import { minimise, proveMinimal, TRIES_MAX } from "./minimise.ts";
import type { Minimised } from "./minimise.ts";
import { renderReport } from "./report.ts";
import { loadBuckets, replayCommand, saveFinding } from "./store.ts";
import type { Finding } from "./store.ts";
import { namedSchedule } from "./named.ts";
import { show, withTurns } from "./trial.ts";
import type { DescribeReturn } from "./tree.ts";

/** Ids of bugs, and of raw findings that were minimised to them; the names of their buckets. */
export type Known = Map<string, string>;

export interface TriageOptions {
  /** Where buckets are: "crashes". */
  dir: string;
  /** The fuzz target whose bytes the finding came from. */
  target: string;
  encode: (c: Case) => Uint8Array;
  describeReturn?: DescribeReturn;
  /** Executions for one minimisation. */
  budget?: number;
  bisect?: BisectInput;
}

export interface Triaged {
  bucket: string;
  /** As the kernel said it. */
  title: string;
  /** A folder was made for it. */
  isNew: boolean;
  /** What minimising gave; null when the raw finding was already known. */
  minimised: Minimised | null;
}

/** The bugs that `dir` has. */
export function knownBugs(dir: string): Known {
  return new Map(loadBuckets(dir).map(({ id, name }) => [id, name]));
}

/** Files a finding: `c` shows it, `rawBytes` is the input it was decoded from. */
export function triageFinding(
  c: Case, rawBytes: Uint8Array, execute: Execute, known: Known, options: TriageOptions,
): Triaged {
  const raw = show(c, execute);
  assert(raw !== null, "only findings are triaged");
  const { title } = raw.outcome;
  assert(title !== null, "a finding has a title");
  const rawId = idOf(bucketName(raw.signature));
  const cached = known.get(rawId);
  if (cached !== undefined) return { bucket: cached, title, isNew: false, minimised: null };

  const minimised = minimise(c, execute, options.budget ?? TRIES_MAX);
  const name = bucketName(minimised.signature);
  const id = idOf(name);
  let bucket = known.get(id);
  let isNew = false;
  if (bucket === undefined) {
    const finding = describe(name, minimised, execute, options);
    const saved = saveFinding(options.dir, { ...finding, originalBytes: rawBytes });
    isNew = saved.status === "new";
    bucket = saved.bucket;
    known.set(id, bucket);
  }
  // The next finding that looks like this one need not be minimised.
  known.set(rawId, bucket);
  return { bucket, title, isNew, minimised };
}

/** The schedule by names of sites, when that replays to the very same run. */
function named(repro: Case, { outcome }: Minimised, execute: Execute): Schedule | null {
  const turns = outcome.trace === null ? null : namedSchedule(outcome.trace);
  if (turns === null || repro.schedule.type !== "turns") return null;
  return execute(withTurns(repro, turns)).hash === outcome.hash ? turns : null;
}

function idOf(bucket: string): string {
  const id = bucketId(bucket);
  assert(id !== null, `"${bucket}" is no name of a bucket`);
  return id;
}

function describe(
  bucket: string, minimised: Minimised, execute: Execute, options: TriageOptions,
): Omit<Finding, "originalBytes"> {
  const { outcome, signature, oneMinimal } = minimised;
  const title = outcome.title ?? signature.title;
  const repro: Case = { ...minimised.case, story: [], expect: title };
  const report = renderReport({
    case: repro,
    outcome,
    pair: signature.pair,
    proof: oneMinimal ? proveMinimal(repro, execute) : null,
    command: replayCommand(options.dir, bucket),
    bisection: options.bisect === undefined ? null : bisect(repro, execute, options.bisect),
    ...(options.describeReturn && { describeReturn: options.describeReturn }),
  });
  const { target } = options;
  return {
    bucket, title, report, target, case: repro, named: named(repro, minimised, execute),
    reproBytes: options.encode(repro),
  };
}
