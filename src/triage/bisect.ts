// SPDX-License-Identifier: GPL-2.0-only
// Which single patch makes a finding go away, and on which kernel versions it shows.
import { UserError } from "../lib/assert.ts";
import type { Execute } from "../outcome.ts";
import type { Case, Config } from "../program/case.ts";
import { sequential } from "./edits.ts";
import { adapted } from "./passes/ops.ts";
import { show, withTurns } from "./trial.ts";
import type { Shown } from "./trial.ts";

export interface BisectInput {
  /** Kernel versions, oldest first. */
  versions: readonly string[];
  /** Patches with the text that a report shows, e.g. "dax.collisionFix=final". */
  patches: readonly { id: string; label: string }[];
}

export interface Bisection {
  /** Labels of the patches of which each alone makes it vanish. */
  fixedBy: string[];
  /** Versions on which it shows, in their order; the case's own reverts and applies stay. */
  showsOn: string[];
}

/** `c` must show a finding. */
export function bisect(c: Case, execute: Execute, input: BisectInput): Bisection {
  const shown = show(c, execute);
  if (shown === null) return { fixedBy: [], showsOn: [] };
  const fixedBy = input.patches
    .filter(({ id }) => shows(shown, withPatch(c.config, id), execute) === false)
    .map(({ label }) => label);
  const showsOn = input.versions.filter((kernel) => {
    return shows(shown, { ...c.config, kernel }, execute) === true;
  });
  return { fixedBy, showsOn };
}

/** The configuration with one more patch on: put back in when it was taken out. */
function withPatch(config: Config, id: string): Config {
  const revert = config.revert.filter((name) => name !== id);
  if (revert.length < config.revert.length) return { ...config, revert };
  return config.apply.includes(id) ? config : { ...config, apply: [...config.apply, id] };
}

/**
 * Does anything show under `config`? A patch may add points, so the switches are moved around;
 * it may change a title's words, so any finding counts. Null: there is no such kernel.
 */
function shows(shown: Shown, config: Config, execute: Execute): boolean | null {
  const tasks = [...new Set(shown.case.run.map((op) => op.task))];
  try {
    for (const turns of [...adapted(shown, new Set(), true), ...sequential(tasks)]) {
      const candidate = withTurns({ ...shown.case, config }, turns);
      if (execute(candidate).title !== null) return true;
    }
  } catch (error) {
    // Two patches of one group, or a proposal that this version is too old for.
    if (error instanceof UserError) return null;
    throw error;
  }
  return false;
}
