// SPDX-License-Identifier: GPL-2.0-only
// `faultline report`: how a bug happens, as one would show it in a mail.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { reportOf } from "./analyse.ts";
import { attempt, examples } from "./command.ts";
import type { AddCommand } from "./command.ts";
import { withKernel, withKernelOptions } from "./config.ts";
import type { KernelOptions } from "./config.ts";
import { isBucket, readInput } from "./input.ts";

interface ReportOptions extends KernelOptions {
  crashes: string;
  target?: string;
  fresh?: true;
}

const HELP = examples(
  "npx faultline report crashes/<bucket>",
  "npx faultline report <bucket>",
  "npx faultline report corpus/zoo/dax-r2.case",
);

/** A bucket may be named without its folder. */
function locate(name: string, crashes: string): string {
  const inside = join(crashes, name);
  return !existsSync(name) && isBucket(inside) ? inside : name;
}

function report(name: string, options: ReportOptions): string {
  const path = locate(name, options.crashes);
  const { kernel, revert, apply, fresh } = options;
  const asItIs = kernel === undefined && revert === undefined && apply === undefined && !fresh;
  const stored = join(path, "report.txt");
  if (asItIs && isBucket(path) && existsSync(stored)) {
    return attempt("read", stored, () => readFileSync(stored, "utf8"));
  }
  const input = readInput(path, options.target);
  return reportOf(withKernel(input.case, options), path, `npx faultline replay ${path}`);
}

export const addReport: AddCommand = (program) => {
  const command = program
    .command("report")
    .description("how a bug happens: operations, kernel log, who did what when, the racing pair")
    .argument("<file>", "a case that shows a bug, or the name or folder of a bucket")
    .option("--crashes <folder>", "where buckets are", "crashes")
    .option("--fresh", "make it anew and do not print the stored one")
    .option("--target <name>", "whose bytes a .bin file has");
  withKernelOptions(command)
    .addHelpText("after", HELP)
    .action((name: string, options: ReportOptions) => {
      process.stdout.write(report(name, options));
    });
};
