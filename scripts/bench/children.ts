// SPDX-License-Identifier: GPL-2.0-only
// Programs of .build/scripts in processes of their own: libFuzzer starts only once in a process,
// and a measurement should not inherit what another one taught the JIT.
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";

/** A program exports main(argv); this makes a process of it. */
const START = "const { main } = await import(process.argv[1]); " +
  "process.exitCode = await main(process.argv.slice(2));";
const TAIL_LINES = 5;

/**
 * Runs `main(args)` of a built program; resolves to the value of the last line on its stdout,
 * which is JSON. Rejects with the end of its stderr when the process fails, and when `signal` ends
 * it.
 */
export function runChild(
  program: string, args: readonly string[], signal?: AbortSignal,
): Promise<unknown> {
  const url = pathToFileURL(program).href;
  const nodeArgs = ["--input-type=module", "--eval", START, url, ...args];
  const stopped = signal === undefined ? {} : { signal };
  const child = spawn(process.execPath, nodeArgs, {
    stdio: ["ignore", "pipe", "pipe"], ...stopped,
  });
  let out = "";
  let tail: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    tail = `${tail.join("\n")}${text}`.split("\n").slice(-TAIL_LINES - 1);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      const last = out.trimEnd().split("\n").at(-1) ?? "";
      if (code === 0 && last !== "") resolve(JSON.parse(last));
      else reject(new Error(`${program} ${args.join(" ")} ended with ${code ?? signal}: ` +
        tail.join("\n").trim()));
    });
  });
}

/** Where libFuzzer would put an input that fails; never inside the checkout. */
export function artifactPrefix(): string {
  return `${tmpdir()}/faultline-bench-${process.pid}-`;
}

/** Prints the one line of JSON that runChild() reads. */
export function answer(value: unknown): void {
  console.log(JSON.stringify(value));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const [low, high] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  return low === high ? low : (low + high) / 2;
}

/** An option that is a whole number from 1 on; throws one sentence otherwise. */
export function wholeNumber(name: string, text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) {
    throw new Error(`--${name} must be a whole number of at least 1, not "${text}"`);
  }
  return Number(text);
}
