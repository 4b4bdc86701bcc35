// SPDX-License-Identifier: GPL-2.0-only
// A machine for a config: boots the modelled kernel and lets the oracles subscribe.
import { vm_fault_names } from "./kernel/include/mm.ts";
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

/** Functions of the kernel whose answer is a set of VM_FAULT_* bits. */
const FAULT_HANDLERS =
  /(_fault|_huge_pmd|do_anonymous_page|do_wp_page|wp_page_copy|_cow|set_pte|one_map|_hole)$/;

/** What a modelled function returned, in Linux's words, where a report gains by it. */
export function describeReturn(fn: string, value: unknown): string | null {
  if (typeof value !== "number" || value === 0 || !FAULT_HANDLERS.test(fn)) return null;
  return vm_fault_names(value);
}

/** All tasks are between operations: every oracle looks. */
export function checkQuiescent(): void {
  for (const oracle of oracles) oracle.quiescent?.();
}

/** All tasks have exited. */
export function checkEnd(): void {
  for (const oracle of oracles) oracle.end?.();
}
