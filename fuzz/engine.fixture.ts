// SPDX-License-Identifier: GPL-2.0-only
// The targets of engine.test.ts; bundled and run as a process: NAME, then JSON engine options.
import { startEngine, StopFuzzing } from "./engine.ts";
import type { FuzzTarget } from "./engine.ts";

/**
 * A lock with 18 binary digits and no code to cover: how far an input gets is all there is to see.
 * An 18-fold guess succeeds once in 262,144; step by step it is a matter of thousands.
 */
const COMBINATION = "101101001110010110";

function lock(tell: (progress: number) => void): FuzzTarget {
  let executions = 0;
  return (data) => {
    executions++;
    let progress = 0;
    for (; progress < COMBINATION.length; progress++) {
      // Every byte beyond the end counts as wrong.
      if (progress >= data.length || (data[progress] & 1) !== Number(COMBINATION[progress])) break;
      tell(progress);
    }
    if (progress < COMBINATION.length) return;
    console.log(`opened after ${executions}`);
    throw new StopFuzzing();
  };
}

/** Does something at the given execution, nothing before it. */
function at(execution: number, act: () => void): FuzzTarget {
  let left = execution;
  return () => {
    if (--left === 0) act();
  };
}

const TARGETS: Record<string, (counters: Uint8Array) => FuzzTarget> = {
  empty: () => () => {},
  guided: (counters) => lock((progress) => {
    counters[progress] = 1;
  }),
  unguided: () => lock(() => {}),
  throws: () => at(500, () => {
    throw new Error("planted");
  }),
  stops: () => at(500, () => {
    throw new StopFuzzing();
  }),
  interrupts: () => at(500, () => process.kill(process.pid, "SIGINT")),
  // A target that answers would hide a rejected promise: the engine must refuse it.
  promises: () => (async () => {}) as FuzzTarget,
};

const [name = "", options = ""] = process.argv.slice(2);
process.on("exit", () => console.log("exit handlers ran"));
process.exitCode = await startEngine(JSON.parse(options), TARGETS[name]);
console.log("the engine returned");
