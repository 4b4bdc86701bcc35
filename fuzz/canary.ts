// SPDX-License-Identifier: GPL-2.0-only
// The planted bug under plain Jazzer; `npm run canary` runs it as a campaign.
import { canaryExecute, canaryTarget } from "./campaign/canary-model.ts";
import { plainTarget } from "./campaign/plain.ts";

export const fuzz = plainTarget(canaryTarget, canaryExecute);
