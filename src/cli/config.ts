// SPDX-License-Identifier: GPL-2.0-only
// The kernel that a case runs on: options over what its file says, checked before anything runs.
import type { Command } from "commander";
import { patch_set } from "../kernel/patches.ts";
import type { Case, Config } from "../program/case.ts";
import { names } from "./command.ts";

export interface KernelOptions {
  kernel?: string;
  revert?: string[];
  apply?: string[];
}

/** Adds --kernel, --revert and --apply for one kernel. */
export function withKernelOptions(command: Command): Command {
  return command
    .option("--kernel <version>", "run on this kernel and not on the one of the file")
    .option("--revert <patch>", "take a patch out (repeat it, or separate by commas)", names)
    .option("--apply <patch>", "put a patch in", names);
}

/** Throws UserError for an unknown kernel or patch. */
export function checkConfig(config: Config): Config {
  patch_set(config.kernel, config.revert, config.apply);
  return config;
}

/** Patches that the file takes out or puts in belong to its kernel: --kernel drops them. */
export function withKernel(c: Case, { kernel, revert, apply }: KernelOptions): Case {
  const config: Config = { ...c.config };
  if (kernel !== undefined) Object.assign(config, { kernel, revert: [], apply: [] });
  if (revert !== undefined) config.revert = revert;
  if (apply !== undefined) config.apply = apply;
  return { ...c, config: checkConfig(config) };
}
