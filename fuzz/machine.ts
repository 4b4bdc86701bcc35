// SPDX-License-Identifier: GPL-2.0-only
// Every operation that is modelled, on the latest kernel, under plain Jazzer.
import { execute } from "../src/execute.ts";
import { machine } from "../src/program/targets.ts";
import { plainTarget } from "./campaign/plain.ts";

export const fuzz = plainTarget(machine, execute);
