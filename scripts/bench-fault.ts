// SPDX-License-Identifier: GPL-2.0-only
// Measures one emulated anonymous fault: touch a page, give it back with MADV_DONTNEED, again and
// again, as operations of one task with all points and checks. scripts/bench/fault.c is its twin.
import { parseArgs } from "node:util";
import { execute } from "../src/execute.ts";
import { assert } from "../src/lib/assert.ts";
import { parseCase } from "../src/program/text.ts";
import { answer, wholeNumber } from "./bench/children.ts";
import { Meter } from "./bench/meter.ts";

/** Prints one JSON line on stdout: nanoseconds and points for one touch and zap. */
export async function main(argv: string[]): Promise<number> {
  try {
    const { values } = parseArgs({
      args: argv,
      options: {
        pairs: { type: "string", default: "500" },
        ms: { type: "string", default: "1000" },
        warm: { type: "string", default: "1000" },
      },
    });
    // Their share of booting and ending the machine stays in the figure.
    const pairs = wholeNumber("pairs", values.pairs);
    const pair = "  @0 store 0 1\n  @0 madvise 0 1 dontneed\n";
    const c = parseCase(`setup:\n  mmap 0 8 rw anon\nrun:\n${pair.repeat(pairs)}`, "fault");
    const meter = new Meter(wholeNumber("warm", values.warm), wholeNumber("ms", values.ms));
    let points = 0;
    do ({ points } = execute(c)); while (!meter.tick(points));
    assert(meter.rate !== null, "a measurement that ended has a rate");
    answer({ ns: 1e9 / (meter.rate.perSecond * pairs), points: points / pairs });
    return 0;
  } catch (error) {
    console.error(`bench-fault: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}
