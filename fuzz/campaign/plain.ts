// SPDX-License-Identifier: GPL-2.0-only
// The other way in: a function for Jazzer's own command line, `npx jazzer .build/fuzz/dax.js`.
import type { Execute } from "../../src/outcome.ts";
import { decode } from "../../src/program/bytes.ts";
import { printCase } from "../../src/program/text.ts";
import type { Target } from "../../src/program/target.ts";
import { attachFeedback, REGION_SIZE } from "../../src/sched/feedback.ts";
import { bucketId, bucketName } from "../../src/triage/bucket.ts";
import { show } from "../../src/triage/trial.ts";

/** What Jazzer puts into the global object; absent when a test imports the target. */
interface Engine {
  coverageTracker: { createModuleCounters(count: number): Uint8Array };
}

function attachToEngine(): void {
  const engine = (globalThis as { Fuzzer?: Engine }).Fuzzer;
  if (engine === undefined) return;
  const region = engine.coverageTracker.createModuleCounters(REGION_SIZE);
  attachFeedback(new Uint8Array(region.buffer, region.byteOffset, region.length));
}

/**
 * ClusterFuzz knows a crash by the name "Jazzer.js" and sorts it by the top frames of its stack,
 * so the bucket stands there; libFuzzer's own minimiser reads DEDUP_TOKEN.
 */
function finding(title: string, bucket: string): Error {
  const error = new Error(title);
  error.name = "Jazzer.js";
  error.stack = `Jazzer.js: ${title}\n    at ${bucket.replace(/-/g, "_")} (faultline:1:1)`;
  return error;
}

/** `fuzz` for Jazzer: throws for a finding, and stops there. */
export function plainTarget(target: Target, execute: Execute): (data: Uint8Array) => void {
  attachToEngine();
  return (data) => {
    const c = decode(data, target);
    const { kind } = execute(c);
    if (kind === "clean" || kind === "blocked") return;
    const shown = show(c, execute);
    if (shown === null) throw new Error("[faultline] a finding does not show when it is traced");
    const bucket = bucketName(shown.signature);
    const log = shown.outcome.log.join("\n");
    console.error(`${log}\n\n${printCase(shown.case)}\nDEDUP_TOKEN: ${bucketId(bucket)}`);
    throw finding(shown.outcome.title ?? shown.signature.title, bucket);
  };
}
