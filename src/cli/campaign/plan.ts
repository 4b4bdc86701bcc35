// SPDX-License-Identifier: GPL-2.0-only
// From the options of `faultline fuzz` to its workers: kernels, folders, seeds, shares of the runs.
import { accessSync, constants, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../program/case.ts";
import { DEFAULT_CONFIG } from "../../program/case.ts";
import { ALL_SIGNALS } from "../../sched/feedback.ts";
import type { Signals } from "../../sched/feedback.ts";
import { UserError } from "../../lib/assert.ts";
import { BISECT } from "../analyse.ts";
import { attempt } from "../command.ts";
import { checkConfig } from "../config.ts";
import type { WorkerOptions } from "../../triage/messages.ts";

export interface FuzzOptions {
  target: string;
  kernel?: string[];
  revert?: string[];
  apply?: string[];
  time?: number;
  runs?: number;
  jobs: number;
  seed: number;
  corpus: string;
  crashes: string;
  keepGoing: boolean;
  signals: string[];
  workersPct?: number;
  seeds: boolean;
}

/** What is neither corpus nor finding: artifacts of libFuzzer, inputs that broke Faultline. */
export const SCRATCH = ".faultline";

/** The kernels that the options ask for; empty: those of the target. */
export function configsOf(
  { kernel, revert, apply }: Pick<FuzzOptions, "kernel" | "revert" | "apply">,
  own: readonly Config[],
): Config[] {
  if (kernel === undefined && revert === undefined && apply === undefined) return [];
  const base = own[0] ?? DEFAULT_CONFIG;
  const named: readonly Config[] =
    kernel === undefined ? own : kernel.map((name) => ({ ...base, kernel: name }));
  return named.map((config) => checkConfig({
    ...config, revert: revert ?? config.revert, apply: apply ?? config.apply,
  }));
}

export function signalsOf(names: readonly string[]): Signals {
  const signals: Signals = { branches: false, sites: false, pairs: false };
  for (const name of names) {
    if (name === "none") continue;
    if (!Object.hasOwn(ALL_SIGNALS, name)) {
      throw new UserError(`unknown signal "${name}"; expected branches, sites, pairs or none`);
    }
    signals[name as keyof Signals] = true;
  }
  return signals;
}

/** Makes the folder where there is none. */
export function writable(folder: string): string {
  attempt("write to", folder, () => {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  });
  return folder;
}

/** Worker `index` of `jobs`: the guided ones first, each with a seed and a share of its own. */
function workerOf(index: number, options: FuzzOptions, common: Common): WorkerOptions {
  const { jobs, runs, seed, time, target, corpus, crashes, keepGoing } = options;
  const pct = Math.min(jobs, options.workersPct ?? jobs >> 1);
  const share = runs === undefined ? null : Math.floor((runs + jobs - 1 - index) / jobs);
  return {
    target, corpus, crashes, keepGoing,
    ...common,
    mode: index < jobs - pct ? "guided" : "pct",
    // libFuzzer takes 1 to 2^32-1 and makes up its own seed for 0.
    seed: ((seed - 1 + index) % 0xffffffff) + 1,
    runs: share,
    seconds: time ?? null,
    scratch: SCRATCH,
    bisect: BISECT,
  };
}

type Common = Pick<WorkerOptions, "configs" | "signals">;

/** Checks everything that can be wrong before a worker starts. Throws UserError. */
export function planWorkers(options: FuzzOptions, own: readonly Config[]): WorkerOptions[] {
  const common = { configs: configsOf(options, own), signals: signalsOf(options.signals) };
  for (const folder of [options.corpus, options.crashes, join(SCRATCH, "internal")]) {
    writable(folder);
  }
  const all = Array.from({ length: options.jobs }, (_, i) => workerOf(i, options, common));
  return all.filter(({ runs }) => runs !== 0);
}
