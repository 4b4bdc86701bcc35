// SPDX-License-Identifier: GPL-2.0-only
// `faultline corpus`: what is in a folder of cases or of fuzzer inputs.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import Table from "cli-table3";
import { UserError } from "../lib/assert.ts";
import { printCase } from "../program/text.ts";
import { PARTS } from "../triage/trial.ts";
import { attempt, examples } from "./command.ts";
import type { AddCommand } from "./command.ts";
import { findInputs, readInput } from "./input.ts";
import type { Input } from "./input.ts";

interface CorpusOptions {
  target?: string;
  output?: string;
}

const HELP = examples(
  "npx faultline corpus list corpus/seeds",
  "npx faultline corpus stats .faultline/corpus/dax",
  "npx faultline corpus expand crashes/<bucket>/original.bin",
  "npx faultline corpus expand .faultline/corpus/dax --output cases",
);

/** Every readable input; what is wrong with the others goes to stderr. */
function readAll(folder: string, target?: string): Input[] {
  const inputs: Input[] = [];
  const paths = findInputs(folder);
  for (const path of paths) {
    try {
      inputs.push(readInput(path, target));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      console.error(`faultline: ${error.message}`);
    }
  }
  if (inputs.length === 0) throw new UserError(`there is no case and no input in ${folder}`);
  return inputs;
}

function countOps({ case: c }: Input): number {
  return PARTS.reduce((sum, part) => sum + c[part].length, 0);
}

function plainTable(head: string[]) {
  return new Table({ head, style: { head: [], border: [], compact: true } });
}

function list(inputs: Input[]): void {
  const table = plainTable(["file", "kernel", "ops", "promises", "story"]);
  for (const input of inputs) {
    const { case: c, path, promise } = input;
    const story = (c.story[0] ?? "").replace(/^story: /, "");
    table.push([path, c.config.kernel, String(countOps(input)), promise ?? "", story]);
  }
  console.log(table.toString());
}

function tally(values: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  return sorted.map(([value, count]) => `${value} ${count}`).join(", ");
}

function stats(inputs: Input[]): void {
  const cases = inputs.map((input) => input.case);
  const ops = cases.flatMap((c) => PARTS.flatMap((part) => c[part].map(({ row }) => row.name)));
  const schedules = cases.map(({ schedule: s }) => (s.type === "bytes" ? s.mode : "turns"));
  const average = (ops.length / cases.length).toFixed(1);
  console.log(`cases       ${cases.length}, ${average} operations each`);
  console.log(`kernels     ${tally(cases.map((c) => c.config.kernel))}`);
  console.log(`schedules   ${tally(schedules)}`);
  console.log(`operations  ${tally(ops)}`);
  console.log(`promises    ${inputs.filter(({ promise }) => promise !== null).length}`);
}

/** An input as text; into files when there is a folder for them. */
function expand(inputs: Input[], output?: string): void {
  for (const { path, case: c } of inputs) {
    const text = printCase(c);
    if (output === undefined) {
      process.stdout.write(inputs.length === 1 ? text : `# ${path}\n${text}\n`);
      continue;
    }
    const file = join(output, `${basename(path).replace(/\.(bin|case)$/, "")}.case`);
    if (existsSync(file)) throw new UserError(`${file} exists already`);
    attempt("write", file, () => {
      mkdirSync(output, { recursive: true });
      writeFileSync(file, text);
    });
  }
}

export const addCorpus: AddCommand = (program) => {
  const corpus = program
    .command("corpus")
    .description("look into a folder of cases or of fuzzer inputs")
    .addHelpText("after", HELP);
  const add = (name: string, what: string) => corpus
    .command(name)
    .description(what)
    .argument("[path]", "a folder or file", "corpus")
    .option("--target <name>", "whose bytes the inputs are")
    .addHelpText("after", HELP);
  add("list", "one line for each case")
    .action((path: string, { target }: CorpusOptions) => list(readAll(path, target)));
  add("stats", "what they are made of")
    .action((path: string, { target }: CorpusOptions) => stats(readAll(path, target)));
  add("expand", "inputs of a fuzz target as text")
    .option("-o, --output <folder>", "a file each, and not to stdout")
    .action((path: string, o: CorpusOptions) => expand(readAll(path, o.target), o.output));
};
