// SPDX-License-Identifier: GPL-2.0-only
// Starts Jazzer.js's libFuzzer in this process; the only file that imports @jazzer.js/core.
import { prepareFuzzer } from "../scripts/prepare-fuzzer/prepare.ts";

export interface EngineOptions {
  /** 1 to 2^32-1: libFuzzer would replace 0 by the time of day. */
  seed: number;
  /** Folders, created if missing; new inputs go to the first one. None: a corpus in memory. */
  corpus: string[];
  runs?: number;
  maxTotalSeconds?: number;
  maxLen: number;
  /** Pick up what other processes add to the corpus; costs reproducibility. Default true. */
  reload?: boolean;
  /** Goes before "crash-<sha1>" and the like; end it with "/" for a folder. */
  artifactPrefix: string;
  /** For one execution, rounded up to seconds; libFuzzer's own verdict, exit code 70. */
  timeoutMs?: number;
  rssLimitMb?: number;
  /** Appended, so they win over everything above except the timeout. */
  libFuzzerArgs?: string[];
}

/** A target throws this to end the run: no finding, no artifact, return code 0. */
export class StopFuzzing extends Error {
  override name = "StopFuzzing";
}

export type FuzzTarget = (data: Uint8Array) => void;

type Jazzer = typeof import("@jazzer.js/core");

/** libFuzzer clears and scans the region in every execution: 16 Ki cost 0.8 us, 64 Ki 3 us. */
const COUNTERS = 16384;
const MAX_SEED = 2 ** 32 - 1;
const DEFAULT_TIMEOUT_MS = 5000;
/** Jazzer instruments files whose path contains one of `includes`: none does. */
const NO_FILE = "\0";

let started = false;

function checkOptions({ seed, maxLen }: EngineOptions): void {
  if (!Number.isInteger(seed) || seed < 1 || seed > MAX_SEED) {
    throw new Error(`the seed must be a whole number from 1 to ${MAX_SEED}, not ${seed}`);
  }
  if (!Number.isInteger(maxLen) || maxLen < 1) {
    throw new Error(`the longest input must be a whole number of bytes, not ${maxLen}`);
  }
}

function libFuzzerArgs(options: EngineOptions): string[] {
  const { runs, maxTotalSeconds, rssLimitMb } = options;
  return [
    ...options.corpus,
    `-seed=${options.seed}`,
    `-max_len=${options.maxLen}`,
    // Without it the first 6,000 executions would stay below 64 bytes.
    "-len_control=0",
    // Its bookkeeping costs half of an execution here and finds no race sooner (`npm run search`).
    "-entropic=0",
    `-reload=${options.reload === false ? 0 : 1}`,
    "-create_missing_dirs=1",
    `-artifact_prefix=${options.artifactPrefix}`,
    ...(runs === undefined ? [] : [`-runs=${runs}`]),
    ...(maxTotalSeconds === undefined ? [] : [`-max_total_time=${maxTotalSeconds}`]),
    ...(rssLimitMb === undefined ? [] : [`-rss_limit_mb=${rssLimitMb}`]),
    ...(options.libFuzzerArgs ?? []),
  ];
}

/**
 * Jazzer's dependencies listen to signals, which switches off the default of ending the process,
 * and no listener ever runs while libFuzzer blocks the event loop. SIGINT is Jazzer's own: the
 * first ends the run with return code 0, the second ends the process.
 */
function restoreSignals(): void {
  for (const name of process.eventNames()) {
    if (/^SIG(?!INT$)/.test(String(name))) process.removeAllListeners(name);
  }
}

async function initialise(jazzer: Jazzer, options: EngineOptions) {
  const manager = new jazzer.OptionsManager(jazzer.OptionSource.DefaultCLIOptions).merge({
    sync: true,
    // One of them costs 15 us after every execution, ten times what libFuzzer itself takes.
    disableBugDetectors: [".*"],
    includes: [NO_FILE],
    timeout: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    fuzzerOptions: libFuzzerArgs(options),
  }, jazzer.OptionSource.CommandLineArguments);
  jazzer.registerGlobals(manager);
  await jazzer.initFuzzing(manager);
  return manager;
}

/**
 * Runs libFuzzer on the target that `setUp` makes; `counters` is the coverage that it sees, and it
 * clears them before every execution. Resolves to 0 (done, stopped or interrupted) or 77 (the
 * target threw: the input is saved). An input that takes too long or too much memory ends the
 * process itself, with 70 or 71. One run per process: libFuzzer cannot start twice.
 */
export async function startEngine(
  options: EngineOptions, setUp: (counters: Uint8Array) => FuzzTarget,
): Promise<number> {
  checkOptions(options);
  if (started) throw new Error("[faultline] libFuzzer can start only once in a process");
  started = true;
  prepareFuzzer();
  const jazzer = await import("@jazzer.js/core");
  const manager = await initialise(jazzer, options);
  restoreSignals();

  const region = globalThis.Fuzzer.coverageTracker.createModuleCounters(COUNTERS);
  // The same memory under the class that tests use, so that the hot path sees one class only.
  const target = setUp(new Uint8Array(region.buffer, region.byteOffset, region.length));
  let stop: StopFuzzing | undefined;
  const guarded = jazzer.asFindingAwareFuzzFn((data: Uint8Array) => {
    try {
      const result: unknown = target(data);
      if (result !== undefined) throw new Error("[faultline] a target must not return anything");
    } catch (error) {
      if (!(error instanceof StopFuzzing)) throw error;
      stop = error;
    }
  });
  // Thrown outside of Jazzer's wrapper, which would print it and save the input as a crash.
  const stoppable = (data: Buffer): void => {
    (guarded as (data: Buffer) => void)(data);
    if (stop !== undefined) throw stop;
  };
  const result = await jazzer.startFuzzingNoInit(stoppable as typeof guarded, manager);
  return result.error instanceof StopFuzzing ? 0 : result.returnCode;
}
