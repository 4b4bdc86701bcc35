// SPDX-License-Identifier: GPL-2.0-only
// What can be fuzzed, by name: every target of src/program/targets.ts on the modelled kernel, and
// the canary on its own.
import { UserError } from "../../src/lib/assert.ts";
import type { Execute } from "../../src/outcome.ts";
import type { Target } from "../../src/program/target.ts";
import * as targets from "../../src/program/targets.ts";

export interface Subject {
  target: Target;
  execute: Execute;
}

function isTarget(value: unknown): value is Target {
  return typeof value === "object" && value !== null && "recordSize" in value;
}

/** Loads only what is asked for: each of them brings a scheduler, and there can be only one. */
export async function subjectOf(name: string): Promise<Subject> {
  if (name === "canary") {
    const { canaryExecute, canaryTarget } = await import("./canary-model.ts");
    return { target: canaryTarget, execute: canaryExecute };
  }
  const target = Object.values<unknown>(targets).filter(isTarget).find((t) => t.name === name);
  if (target === undefined) throw new UserError(`there is no target "${name}"`);
  const { execute } = await import("../../src/execute.ts");
  return { target, execute };
}
