// SPDX-License-Identifier: GPL-2.0-only
// Measures one kind of work in this process: executions and points per second, in a plain loop or
// with --engine as a target of libFuzzer with all feedback. scripts/bench.ts starts it.
import { parseArgs } from "node:util";
import { startEngine, StopFuzzing } from "../fuzz/engine.ts";
import { assert } from "../src/lib/assert.ts";
import { dax } from "../src/program/targets.ts";
import { attachFeedback } from "../src/sched/feedback.ts";
import { answer, artifactPrefix, wholeNumber } from "./bench/children.ts";
import { Meter } from "./bench/meter.ts";
import { stepOf, WORKS } from "./bench/work.ts";
import type { Step } from "./bench/work.ts";

const NOTHING = new Uint8Array(0);

function runPlain(step: Step, meter: Meter): void {
  while (!meter.tick(step(NOTHING))) { /* The meter counts. */ }
}

async function runEngine(step: Step, meter: Meter, libFuzzerArgs: string[]): Promise<number> {
  const options = { seed: 1, corpus: [], maxLen: dax.size, artifactPrefix: artifactPrefix() };
  const more = { reload: false, timeoutMs: 120_000, libFuzzerArgs };
  return startEngine({ ...options, ...more }, (counters) => {
    attachFeedback(counters);
    return (data) => {
      if (meter.tick(step(data))) throw new StopFuzzing();
    };
  });
}

/** Prints one JSON line on stdout: a Rate. */
export async function main(argv: string[]): Promise<number> {
  try {
    const { values } = parseArgs({
      args: argv,
      options: {
        work: { type: "string", default: "fixed" },
        engine: { type: "boolean", default: false },
        ms: { type: "string", default: "1000" },
        warm: { type: "string", default: "1000" },
        "fuzzer-arg": { type: "string", multiple: true, default: [] },
      },
    });
    const work = WORKS.find((name) => name === values.work);
    if (work === undefined || (work === "bytes" && !values.engine)) {
      throw new Error(`--work must be ${WORKS.join(" or ")} (bytes only with --engine)`);
    }
    const meter = new Meter(wholeNumber("warm", values.warm), wholeNumber("ms", values.ms));
    const step = stepOf(work);
    const code = values.engine
      ? await runEngine(step, meter, values["fuzzer-arg"])
      : (runPlain(step, meter), 0);
    if (code !== 0) return code;
    assert(meter.rate !== null, "libFuzzer ended before the time was over");
    answer(meter.rate);
    return 0;
  } catch (error) {
    console.error(`bench-machine: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}
