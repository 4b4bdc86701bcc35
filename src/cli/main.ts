// SPDX-License-Identifier: GPL-2.0-only
// The `faultline` command: its subcommands, and how errors reach the user.
import { Command, CommanderError } from "commander";
import { UserError } from "../lib/assert.ts";
import { addBench } from "./bench.ts";
import type { AddCommand, Exit } from "./command.ts";
import { addCorpus } from "./corpus.ts";
import { addFuzz } from "./fuzz.ts";
import { addKernels } from "./kernels.ts";
import { addMinimise } from "./minimise.ts";
import { addOps } from "./ops.ts";
import { addReplay } from "./replay.ts";
import { addReport } from "./report.ts";
import { addRun } from "./run.ts";

const COMMANDS: readonly AddCommand[] = [
  addFuzz, addRun, addReplay, addMinimise, addReport, addCorpus, addKernels, addOps, addBench,
];

const AFTER = `
Exit codes: 0 clean, 2 a bug was found, 1 an error.
Start with:
  $ npx faultline fuzz
`;

function createProgram(exit: Exit): Command {
  const program = new Command("faultline")
    .description("Fuzzes Linux page-fault races on an emulated MMU, deterministically.")
    .enablePositionalOptions()
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, "faultline: ")),
    })
    .addHelpText("after", AFTER);
  for (const add of COMMANDS) add(program, exit);
  return program;
}

/** What went wrong in a sentence; our own faults with a stack, for whoever has to debug them. */
function explain(error: unknown): string {
  const refused = error instanceof Error && "syscall" in error;
  if (error instanceof UserError || refused) return `faultline: ${error.message}`;
  const text = error instanceof Error ? error.stack ?? error.message : String(error);
  return `faultline: an internal error, please report it: ${text}`;
}

/** `faultline | head` is no error. */
function forgiveClosedPipes(): void {
  if (process.stdout.listenerCount("error") > 0) return;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(process.exitCode ?? 0);
  });
}

/** Resolves to the exit code. `argv` has neither node nor script in front. */
export async function main(argv: string[]): Promise<number> {
  forgiveClosedPipes();
  const exit: Exit = { code: 0 };
  const program = createProgram(exit);
  try {
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync(argv, { from: "user" });
    return exit.code;
  } catch (error) {
    // Commander has said what it is.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1;
    console.error(explain(error));
    return 1;
  }
}
