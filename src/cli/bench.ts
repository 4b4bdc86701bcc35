// SPDX-License-Identifier: GPL-2.0-only
// `faultline bench`: runs a benchmark of scripts/bench*.ts in a process of its own.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { UserError } from "../lib/assert.ts";
import { attempt, examples } from "./command.ts";
import type { AddCommand } from "./command.ts";
import { built, root } from "./root.ts";

/** A benchmark exports main(argv); this makes a program of it. */
const START = "const { main } = await import(process.argv[1]); " +
  "process.exitCode = await main(process.argv.slice(2));";

const HELP = examples("npx faultline bench", "npx faultline bench engine --runs=100000");

/** By their sources, so that the list is right also before anything is built. */
function benchmarks(): string[] {
  const folder = join(root, "scripts");
  const files = attempt("read", folder, () => readdirSync(folder));
  return files.flatMap((file) => /^(bench(?:-[a-z]+)?)\.ts$/.exec(file)?.[1] ?? []);
}

/** "bench" itself when it is there, else all by name. */
function find(name: string | undefined): string {
  const all = benchmarks();
  const file = name === undefined ? "bench" : `bench-${name}`;
  if (all.includes(file)) return file;
  const known = all.map((one) => one.replace(/^bench-/, "")).join(", ");
  throw new UserError(`there is no benchmark "${name ?? "bench"}"; there are: ${known}`);
}

export const addBench: AddCommand = (program, exit) => {
  program
    .command("bench")
    .description("measure executions per second")
    .argument("[name]", "one of scripts/bench-*.ts; default: scripts/bench.ts")
    .argument("[args...]", "for the benchmark")
    .passThroughOptions()
    .allowUnknownOption()
    .addHelpText("after", HELP)
    .action(async (name: string | undefined, args: string[]) => {
      const named = name === undefined || !name.startsWith("-");
      const program = built(`scripts/${find(named ? name : undefined)}.js`);
      const rest = named ? args : [name, ...args];
      const url = pathToFileURL(program).href;
      const nodeArgs = ["--input-type=module", "--eval", START, url, ...rest];
      const child = spawn(process.execPath, nodeArgs, { stdio: "inherit" });
      exit.code = await new Promise<number>((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (code) => resolve(code ?? 1));
      });
    });
};
