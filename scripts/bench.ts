// SPDX-License-Identifier: GPL-2.0-only
// `npm run bench`: how fast Faultline executes, plain and under Jazzer, in interleaved rounds of
// child processes; a machine's absolute speed moves by the hour, the ratios of one round less so.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compileFault, realFault } from "./bench/c-fault.ts";
import { answer, median, runChild, wholeNumber } from "./bench/children.ts";
import type { Rate } from "./bench/meter.ts";
import { printBench } from "./bench/report.ts";
import type { BenchReport, Samples } from "./bench/report.ts";
import { fixedCase, pointsByTask } from "./bench/work.ts";
import { repoRoot } from "./root.ts";

const HELP = `usage: npm run bench -- [--rounds N] [--ms N] [--warm N] [--json]
  --rounds N  how often everything is measured, in turns (default 5)
  --ms N      how long one measurement takes (default 1000)
  --warm N    how long it runs before, so that the JIT is done (default 4000)
  --json      one line of JSON and no table`;

/** Of the empty target, which needs no warm-up worth speaking of. */
const EMPTY_RUNS = 1_000_000;

/** What one round measures, in this order. */
const RATES: readonly [name: string, ...args: string[]][] = [
  ["plain", "--work=fixed"],
  ["jazzer", "--work=fixed", "--engine"],
  ["jazzer, -entropic=1", "--work=fixed", "--engine", "--fuzzer-arg=-entropic=1"],
  ["dax plain", "--work=pool"],
  ["dax jazzer", "--work=pool", "--engine"],
  ["dax fuzzing", "--work=bytes", "--engine"],
];

function builtScript(name: string): string {
  return join(repoRoot(), `.build/scripts/${name}.js`);
}

async function round(samples: Samples, times: string[], fault: string | null): Promise<void> {
  const put = (name: string, value: number) => (samples[name] ??= []).push(value);
  const empty = await runChild(builtScript("bench-engine"), [`--runs=${EMPTY_RUNS}`]);
  put("empty", (empty as { emptyPerSecond: number }).emptyPerSecond);
  for (const [name, ...args] of RATES) {
    const rate = await runChild(builtScript("bench-machine"), [...args, ...times]) as Rate;
    put(name, rate.perSecond);
    put(`${name} points`, rate.pointsPerSecond);
    put("cpu", rate.cpu);
  }
  const emulated = await runChild(builtScript("bench-fault"), times);
  put("emulated fault", (emulated as { ns: number }).ns);
  put("fault points", (emulated as { points: number }).points);
  if (fault !== null) put("real fault", realFault(fault));
}

async function measure(rounds: number, times: string[]): Promise<BenchReport> {
  const samples: Samples = {};
  const fault = compileFault(join(repoRoot(), "scripts/bench/fault.c"));
  try {
    if (fault === null) console.error("bench: there is no C compiler, so no real fault to compare");
    for (let i = 1; i <= rounds; i++) {
      console.error(`bench: round ${i} of ${rounds}`);
      await round(samples, times, fault?.program ?? null);
    }
  } finally {
    fault?.remove();
  }
  return { pointsByTask: pointsByTask(fixedCase()), cpu: median(samples.cpu), samples };
}

export async function main(argv: string[]): Promise<number> {
  try {
    const { values } = parseArgs({
      args: argv,
      options: {
        rounds: { type: "string", default: "5" },
        ms: { type: "string", default: "1000" },
        warm: { type: "string", default: "4000" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      console.log(HELP);
      return 0;
    }
    const times = [
      `--ms=${wholeNumber("ms", values.ms)}`, `--warm=${wholeNumber("warm", values.warm)}`,
    ];
    const report = await measure(wholeNumber("rounds", values.rounds), times);
    if (values.json) answer(report);
    else printBench(report);
    return 0;
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}
