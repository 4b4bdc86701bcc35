// SPDX-License-Identifier: GPL-2.0-only
// What minimise, report and fuzz share: which kernels a bug is looked for on, and its report.
import { execute } from "../execute.ts";
import { describeReturn } from "../machine.ts";
import { UserError } from "../lib/assert.ts";
import { patches, VERSIONS } from "../kernel/patches.ts";
import type { Case } from "../program/case.ts";
import { bisect } from "../triage/bisect.ts";
import type { BisectInput } from "../triage/bisect.ts";
import { proveMinimal } from "../triage/minimise.ts";
import { renderReport } from "../triage/report.ts";
import { show } from "../triage/trial.ts";
import type { Shown } from "../triage/trial.ts";

export const BISECT: BisectInput = {
  versions: [...VERSIONS],
  patches: patches.map(({ id, toggle }) => ({ id, label: toggle })),
};

/** The case traced; a sentence when it shows nothing. */
export function showFinding(c: Case, path: string): Shown {
  const shown = show(c, execute);
  if (shown !== null) return shown;
  throw new UserError(`${path} shows no bug on ${c.config.kernel}: there is nothing to look into`);
}

/** The report of a case as it is, not minimised. */
export function reportOf(c: Case, path: string, command: string): string {
  const shown = showFinding(c, path);
  return renderReport({
    case: shown.case,
    outcome: shown.outcome,
    pair: shown.signature.pair,
    proof: proveMinimal(c, execute),
    bisection: bisect(c, execute, BISECT),
    describeReturn,
    command,
  });
}
