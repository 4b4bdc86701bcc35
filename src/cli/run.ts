// SPDX-License-Identifier: GPL-2.0-only
// `faultline run`: one case, what each operation answered, and what the kernel said.
import { Option } from "commander";
import { execute } from "../execute.ts";
import { UserError } from "../lib/assert.ts";
import type { Outcome } from "../outcome.ts";
import type { Case } from "../program/case.ts";
import { Line } from "../program/lexer.ts";
import type { Op } from "../program/op.ts";
import { opByName } from "../program/ops/index.ts";
import { readSpec } from "../program/schedule-text.ts";
import { strategies } from "../sched/strategies/index.ts";
import type { Strategy } from "../sched/strategies/strategy.ts";
import { bucketName } from "../triage/bucket.ts";
import { raceTable } from "../triage/table.ts";
import { PARTS, show, withTurns } from "../triage/trial.ts";
import { examples, wholeNumber } from "./command.ts";
import type { AddCommand } from "./command.ts";
import { withKernel, withKernelOptions } from "./config.ts";
import type { KernelOptions } from "./config.ts";
import { readInput } from "./input.ts";
import { keeps, stepsOf, summary, toJson } from "./outcome-text.ts";
import type { Step } from "./outcome-text.ts";

interface RunOptions extends KernelOptions {
  json?: true;
  observe?: true;
  trace?: true;
  schedule?: string;
  strategy?: string;
  seed: number;
  depth: number;
  target?: string;
}

const HELP = examples(
  "npx faultline run corpus/zoo/dax-r2.case",
  "npx faultline run x.case --kernel latest --json",
  "npx faultline run x.case --schedule '0*14 1*30 0'",
  "npx faultline run x.case --strategy pct --seed 7 --depth 3",
);

function observer(): Op["row"] {
  const row = opByName.get("obs");
  if (row === undefined || row.run === null) {
    throw new UserError("--observe needs the operation `obs`, which is not modelled yet");
  }
  return row;
}

/** `obs` after every operation, by the same task. */
function observed(c: Case): Case {
  const row = observer();
  const each = (ops: readonly Op[]): Op[] =>
    ops.flatMap((op) => (op.row === row ? [op] : [op, { task: op.task, row, args: [] }]));
  return { ...c, setup: each(c.setup), run: each(c.run), teardown: each(c.teardown) };
}

/** Steps of `c` from those of observed(c): what the observer saw belongs to the step before it. */
function foldObserved(c: Case, steps: readonly Step[]): Step[] {
  const folded: Step[] = [];
  let at = 0;
  for (const { row } of PARTS.flatMap((part) => c[part])) {
    const step: Step = { ...steps[at++] };
    if (row.name !== "obs") {
      const { op: _op, r: _r, ...seen } = steps[at++];
      Object.assign(step, seen);
    }
    folded.push(step);
  }
  return folded;
}

function strategyOf(c: Case, options: RunOptions): Strategy | null {
  if (options.strategy === undefined) return null;
  // PCT spreads its preemptions over the length of a run, which is what it is without any.
  const length = Math.max(1, execute(withTurns(c, [])).points);
  return strategies[options.strategy]({ seed: options.seed, depth: options.depth, length });
}

function prepare(file: string, options: RunOptions): Case {
  const { case: written } = readInput(file, options.target);
  const c = withKernel(written, options);
  if (options.schedule === undefined) return c;
  return { ...c, schedule: readSpec(Line.of("--schedule", 1, options.schedule)) };
}

/** The two-CPU table of a traced run, finding or not. */
function traceText(c: Case, outcome: Outcome): string {
  const { trace } = execute(withTurns(c, outcome.schedule()), { trace: true });
  return trace === null ? "" : raceTable(trace, null, () => null).join("\n");
}

function run(file: string, options: RunOptions): number {
  const c = prepare(file, options);
  const played = options.observe === true ? observed(c) : c;
  const strategy = strategyOf(played, options);
  const outcome = execute(played, strategy === null ? {} : { strategy });
  const all = stepsOf(played, outcome);
  const steps = options.observe === true ? foldObserved(c, all) : all;
  const exact = withTurns(played, outcome.schedule());
  if (options.json === true) {
    const shown = outcome.title === null ? null : show(strategy === null ? played : exact, execute);
    const bucket = shown === null ? null : bucketName(shown.signature);
    console.log(JSON.stringify(toJson(c, outcome, bucket, steps)));
  } else {
    console.log(summary(c, outcome, steps));
    if (options.trace === true) console.log(`\n${traceText(played, outcome)}`);
  }
  if (c.expect !== null && !keeps(c.expect, outcome)) {
    console.error(`faultline: ${file} expects: ${c.expect}`);
  }
  return outcome.title === null ? 0 : 2;
}

export const addRun: AddCommand = (program, exit) => {
  const command = program
    .command("run")
    .description("run one case: what each operation answers, and what the kernel says")
    .argument("<file>", "a .case file, an input of a fuzz target, or a folder of crashes/")
    .option("--json", "print one JSON object")
    .option("--observe", "with the state of every mm after each operation")
    .option("--trace", "with a table of who did what when");
  withKernelOptions(command)
    .option("--schedule <turns>", "who runs when, in place of the file's schedule")
    .addOption(new Option("--strategy <name>", "choose who runs by a strategy")
      .choices(Object.keys(strategies)).conflicts("schedule"))
    .option("--seed <n>", "of the strategy", wholeNumber(0), 1)
    .option("--depth <n>", "PCT: preemptions plus one", wholeNumber(1), 3)
    .option("--target <name>", "whose bytes a .bin file has")
    .addHelpText("after", HELP)
    .action((file: string, options: RunOptions) => {
      exit.code = run(file, options);
    });
};
