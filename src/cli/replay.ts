// SPDX-License-Identifier: GPL-2.0-only
// `faultline replay`: does every stored case still do what it promises, each time the same?
import color from "picocolors";
import { execute } from "../execute.ts";
import { UserError } from "../lib/assert.ts";
import { hex8, mix } from "../lib/hash.ts";
import type { Outcome } from "../outcome.ts";
import type { Case } from "../program/case.ts";
import { PARTS } from "../triage/trial.ts";
import { examples, wholeNumber } from "./command.ts";
import type { AddCommand } from "./command.ts";
import { findInputs, readInput } from "./input.ts";
import type { Input } from "./input.ts";
import { keeps } from "./outcome-text.ts";

interface ReplayOptions {
  times: number;
  target?: string;
  quiet?: true;
}

/** "kept": as promised; "plain": nothing was promised; "absent": an operation is not modelled. */
type Verdict = "kept" | "plain" | "absent" | "broken";

interface Replayed {
  verdict: Verdict;
  said: string;
  hash: number;
}

const HELP = examples(
  "npx faultline replay corpus crashes",
  "npx faultline replay crashes/<bucket> --times 1000",
  "npx faultline replay .faultline/corpus/dax --target dax",
);

function missingOp(c: Case): string | null {
  const op = PARTS.flatMap((part) => c[part]).find(({ row }) => row.run === null);
  return op === undefined ? null : op.row.name;
}

/** Runs it `times` times; what was promised has to come each time, and the same. */
function replayOne({ case: c, promise }: Input, times: number): Replayed {
  const missing = missingOp(c);
  if (missing !== null) {
    const verdict = promise === null ? "absent" : "broken";
    return { verdict, said: `\`${missing}\` is not modelled yet`, hash: 0 };
  }
  const first: Outcome = execute(c);
  const { hash, title, kind } = first;
  for (let i = 1; i < times; i++) {
    const again = execute(c).hash;
    if (again === hash) continue;
    return { verdict: "broken", said: `not the same: ${hex8(hash)}, then ${hex8(again)}`, hash };
  }
  const said = title ?? kind;
  if (promise === null) return { verdict: "plain", said, hash };
  if (keeps(promise, first)) return { verdict: "kept", said, hash };
  return { verdict: "broken", said: `${said} (promised: ${promise})`, hash };
}

const MARKS: Record<Verdict, string> = {
  kept: color.green("ok  "), plain: color.dim("ran "), absent: color.dim("skip"),
  broken: color.red("FAIL"),
};

/** A file that cannot be read or understood breaks the replay, and the others still run. */
function tryOne(path: string, options: ReplayOptions): Replayed {
  try {
    const input = readInput(path, options.target);
    const replayed = replayOne(input, options.times);
    if (input.note === null) return replayed;
    return { ...replayed, said: `${replayed.said} (${input.note})` };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { verdict: "broken", said: error.message, hash: 0 };
  }
}

function replay(paths: string[], options: ReplayOptions): number {
  const files = [...new Set(paths.flatMap(findInputs))];
  if (files.length === 0) {
    throw new UserError(`there is nothing to replay in ${paths.join(", ")}: no case, no input`);
  }
  const counts: Record<Verdict, number> = { kept: 0, plain: 0, absent: 0, broken: 0 };
  let hash = 0;
  for (const path of files) {
    const replayed = tryOne(path, options);
    counts[replayed.verdict]++;
    hash = mix(hash, replayed.hash);
    if (options.quiet === true && replayed.verdict !== "broken") continue;
    console.log(`${MARKS[replayed.verdict]} ${path}: ${replayed.said}`);
  }
  const { kept, plain, absent, broken } = counts;
  const parts = [`${kept} as promised`, `${plain} promise nothing`];
  if (absent > 0) parts.push(`${absent} skipped`);
  parts.push(`${broken} failed`);
  const each = options.times === 1 ? "once" : `${options.times} times`;
  console.log(`${files.length} replayed ${each}: ${parts.join(", ")}; hash ${hex8(hash)}`);
  return broken === 0 ? 0 : 1;
}

export const addReplay: AddCommand = (program, exit) => {
  program
    .command("replay")
    .description("replay stored cases and check what they promise (exit 0: every one kept it)")
    .argument("<path...>", "files or folders: .case, inputs of a fuzz target, crashes/<bucket>")
    .option("--times <n>", "run each so often and compare the hashes", wholeNumber(1), 2)
    .option("--target <name>", "whose bytes the .bin files have")
    .option("-q, --quiet", "only failures and the summary")
    .addHelpText("after", HELP)
    .action((paths: string[], options: ReplayOptions) => {
      exit.code = replay(paths, options);
    });
};
