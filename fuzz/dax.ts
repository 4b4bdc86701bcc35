// SPDX-License-Identifier: GPL-2.0-only
// The DAX family under plain Jazzer: private mappings of a DAX file, four kernels.
import { execute } from "../src/execute.ts";
import { dax } from "../src/program/targets.ts";
import { plainTarget } from "./campaign/plain.ts";

export const fuzz = plainTarget(dax, execute);
