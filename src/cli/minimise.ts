// SPDX-License-Identifier: GPL-2.0-only
// `faultline minimise`: the smallest case that shows the same bug.
import { writeFileSync } from "node:fs";
import { execute } from "../execute.ts";
import { printCase } from "../program/text.ts";
import { minimise as shrink, proveMinimal, TRIES_MAX } from "../triage/minimise.ts";
import { PARTS } from "../triage/trial.ts";
import { showFinding } from "./analyse.ts";
import { attempt, examples, wholeNumber } from "./command.ts";
import type { AddCommand } from "./command.ts";
import { withKernel, withKernelOptions } from "./config.ts";
import type { KernelOptions } from "./config.ts";
import { readInput } from "./input.ts";

interface MinimiseOptions extends KernelOptions {
  budget: number;
  output?: string;
  target?: string;
}

const HELP = examples(
  "npx faultline minimise big.case",
  "npx faultline minimise crashes/<bucket>/original.bin --output small.case",
);

/** The case goes to stdout or the file, what it took to stderr. */
function minimise(file: string, options: MinimiseOptions): void {
  const c = withKernel(readInput(file, options.target).case, options);
  const { case: raw } = showFinding(c, file);
  const from = performance.now();
  const { case: small, outcome, tries, oneMinimal } = shrink(c, execute, options.budget);
  const ms = Math.round(performance.now() - from);
  const text = printCase({ ...small, story: [], expect: outcome.title });
  const { output } = options;
  if (output === undefined) process.stdout.write(text);
  else attempt("write", output, () => writeFileSync(output, text));
  const count = (one: typeof c) => PARTS.reduce((sum, part) => sum + one[part].length, 0);
  const { removable } = proveMinimal(small, execute);
  const proved = removable === null ? "proved by removing each" : `but not without ${removable}`;
  console.error(
    `${count(raw)} operations -> ${count(small)}, ${outcome.preemptions} preemptions, ` +
    `${tries} executions in ${ms} ms; ` +
    (oneMinimal ? `minimal, ${proved}` : "the budget ran out before it was minimal"),
  );
}

export const addMinimise: AddCommand = (program) => {
  const command = program
    .command("minimise")
    .alias("minimize")
    .description("the smallest case that shows the same bug")
    .argument("<file>", "a .case file, an input of a fuzz target, or a folder of crashes/")
    .option("-o, --output <file>", "write the case there and not to stdout")
    .option("--budget <n>", "at most so many executions", wholeNumber(1), TRIES_MAX)
    .option("--target <name>", "whose bytes a .bin file has");
  withKernelOptions(command)
    .addHelpText("after", HELP)
    .action((file: string, options: MinimiseOptions) => minimise(file, options));
};
