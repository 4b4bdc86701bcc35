// SPDX-License-Identifier: GPL-2.0-only
// Measures what libFuzzer itself can do here: executions per second of a target that does nothing.
import { startEngine } from "../fuzz/engine.ts";

const DEFAULT_RUNS = 1_000_000;

function parseRuns(argv: string[]): number {
  let runs = DEFAULT_RUNS;
  for (const argument of argv) {
    const digits = /^--runs=([1-9]\d{0,9})$/.exec(argument)?.[1];
    if (digits === undefined) throw new Error(`bad argument ${argument}; known: --runs=N`);
    runs = Number(digits);
  }
  return runs;
}

/** Prints one JSON line on stdout; libFuzzer's own lines go to stderr. */
export async function main(argv: string[]): Promise<number> {
  try {
    const runs = parseRuns(argv);
    let from = 0;
    const options = { seed: 1, corpus: [], runs, maxLen: 96, artifactPrefix: "" };
    const code = await startEngine(options, () => {
      from = performance.now();
      return () => {};
    });
    if (code !== 0) return code;
    const seconds = (performance.now() - from) / 1000;
    console.log(JSON.stringify({ emptyPerSecond: Math.round(runs / seconds) }));
    return 0;
  } catch (error) {
    console.error(`bench-engine: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}
