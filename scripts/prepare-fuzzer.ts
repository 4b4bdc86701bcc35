// SPDX-License-Identifier: GPL-2.0-only
// npm's postinstall step: makes Jazzer.js's native addon load on this system.
import { doctor } from "./prepare-fuzzer/doctor.ts";
import { describePrepared, prepareFuzzer } from "./prepare-fuzzer/prepare.ts";

/** `prepare-fuzzer [--doctor]`: with the flag it also lets Jazzer run an empty target. */
export function main(argv: string[]): number {
  const unknown = argv.find((argument) => argument !== "--doctor");
  try {
    if (unknown !== undefined) throw new Error(`unknown argument ${unknown}; known: --doctor`);
    const did = [describePrepared(prepareFuzzer())];
    if (argv.length > 0) did.push(doctor());
    console.log(`prepare-fuzzer: ${did.join("; ")}`);
    return 0;
  } catch (error) {
    console.error(`prepare-fuzzer: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}
