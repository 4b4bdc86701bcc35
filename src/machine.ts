// SPDX-License-Identifier: GPL-2.0-only
// A machine for a config: boots the modelled kernel and lets the oracles subscribe.
import { start_kernel } from "./kernel/init/main.ts";
import type { Mm } from "./kernel/include/mm_types.ts";
import { patch_set } from "./kernel/patches.ts";
import type { PatchId } from "./kernel/patches.ts";
import { oracles } from "./oracle/index.ts";
import type { Config } from "./program/case.ts";

/** Fuzz targets share their Config objects from case to case, so merging is done once each. */
const merged = new WeakMap<Config, readonly PatchId[]>();

export function patchesOf(config: Config): readonly PatchId[] {
  let set = merged.get(config);
  if (set === undefined) {
    set = patch_set(config.kernel, config.revert, config.apply);
    merged.set(config, set);
  }
  return set;
}

/** Boots; returns the address space of task 0. Throws UserError for an unknown kernel or patch. */
export function boot(config: Config): Mm {
  const { geometry, locks, frames } = config;
  const mm = start_kernel({ patches: patchesOf(config), geometry, locks, frames });
  for (const oracle of oracles) oracle.reset();
  return mm;
}

/** All tasks are between operations: every oracle looks. */
export function checkQuiescent(): void {
  for (const oracle of oracles) oracle.quiescent?.();
}

/** All tasks have exited. */
export function checkEnd(): void {
  for (const oracle of oracles) oracle.end?.();
}
