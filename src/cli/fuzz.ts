// SPDX-License-Identifier: GPL-2.0-only
// `faultline fuzz`: a campaign of several workers on one target.
import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { Option } from "commander";
import type { Command } from "commander";
import { UserError } from "../lib/assert.ts";
import type { Target } from "../program/target.ts";
import { Campaign } from "./campaign/campaign.ts";
import type { CampaignResult } from "./campaign/campaign.ts";
import { canaryFailure } from "./campaign/canary.ts";
import { planWorkers, SCRATCH } from "./campaign/plan.ts";
import type { FuzzOptions } from "./campaign/plan.ts";
import { plantSeeds } from "./campaign/seeds.ts";
import { summarise } from "./campaign/summary.ts";
import { duration, examples, names, wholeNumber } from "./command.ts";
import type { AddCommand, Exit } from "./command.ts";
import { CANARY, targetNamed } from "./input.ts";
import { root } from "./root.ts";

type GivenOptions = Partial<FuzzOptions> & Pick<FuzzOptions, "seeds" | "signals">;

const SECONDS = 60;
const HELP = examples(
  "npx faultline fuzz",
  "npx faultline fuzz --keep-going --time 10m",
  "npx faultline fuzz --kernel v4.12 --revert dax-recheck-pmd --seed 7 --jobs 1",
  "npx faultline fuzz --kernel latest --runs 2000000 --corpus fresh --no-seeds",
  "npx faultline fuzz --target canary",
);

function complete(given: GivenOptions): FuzzOptions {
  const { target = "dax", runs } = given;
  const options: FuzzOptions = {
    jobs: availableParallelism(),
    seed: randomInt(1, 2 ** 32 - 1),
    corpus: join(SCRATCH, "corpus", target),
    crashes: "crashes",
    keepGoing: false,
    ...given,
    target,
  };
  // A number of runs is a limit too; without any, there is the usual time.
  if (options.time === undefined && runs === undefined) options.time = SECONDS;
  return options;
}

function conclude(result: CampaignResult, crashes: string): number {
  console.log(summarise(result, crashes));
  for (const failure of new Set(result.failures)) console.error(`faultline: ${failure}`);
  if (result.failures.length > 0) return 1;
  return result.found.length > 0 ? 2 : 0;
}

function introduce(options: FuzzOptions, planted: number): void {
  const { target, jobs, seed, corpus, crashes, keepGoing } = options;
  const pct = Math.min(jobs, options.workersPct ?? jobs >> 1);
  const end = keepGoing ? "goes on after findings" : "stops at the first finding";
  console.log(
    `target ${target}, seed ${seed}, ${jobs - pct} guided and ${pct} random workers, ${end}\n` +
    `corpus ${corpus} (${planted} seeds planted), findings go to ${crashes}/`,
  );
}

async function campaign(given: GivenOptions): Promise<number> {
  const options = complete(given);
  const own: Target = targetNamed(options.target);
  const plan = planWorkers(options, own.configs);
  if (plan.length === 0) throw new UserError("no worker has anything to do: --runs is too small");
  const { configs } = plan[0];
  const target = configs.length === 0 ? own : { ...own, configs };
  const seeds = join(root, "corpus/seeds");
  const planted = options.seeds ? plantSeeds(seeds, target, options.corpus) : 0;
  introduce(options, planted);
  const result = await new Campaign(plan, process.stdout).run();
  return conclude(result, options.crashes);
}

/** In folders of its own, because a bug that is known already proves nothing. */
async function canary(given: GivenOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "faultline-canary-"));
  const folders = { corpus: join(folder, "corpus"), crashes: join(folder, "crashes") };
  const options = { ...complete({ ...given, target: CANARY }), ...folders, keepGoing: false };
  introduce(options, 0);
  const plan = planWorkers(options, []);
  const result = await new Campaign(plan, process.stdout).run();
  const code = conclude(result, options.crashes);
  const failure = code === 1 ? "its campaign failed" : canaryFailure(result, options.crashes);
  if (failure !== null) {
    console.error(`faultline: the canary failed: ${failure}; see ${folder}`);
    return 1;
  }
  rmSync(folder, { recursive: true, force: true });
  console.log("canary: found, minimised to two preemptions, filed and replayed");
  return 0;
}

function withOptions(command: Command): Command {
  const signals = new Option("--signals <names>", "feedback: branches, sites, pairs, or none")
    .argParser((text: string) => names(text, undefined))
    .default(["branches", "sites", "pairs"], "all three");
  return command
    .option("--target <name>", "dax, machine, ... or canary (default: dax)")
    .option("--kernel <version>", "fuzz this and not the kernels of the target (repeatable)", names)
    .option("--revert <patch>", "take a patch out of the kernels (repeatable)", names)
    .option("--apply <patch>", "put a patch into the kernels (repeatable)", names)
    .option("--time <time>", "stop after it: 60, 90s, 15m, 2h (default: 60)", duration)
    .option("--runs <n>", "stop after so many executions of all workers", wholeNumber(1))
    .option("--jobs <n>", "worker processes (default: one per core)", wholeNumber(1))
    .option("--workers-pct <n>", "random workers among them (default: half)", wholeNumber(0))
    .option("--seed <n>", "of all randomness (default: drawn, and printed)", wholeNumber(1))
    .option("--corpus <folder>", `inputs (default: ${SCRATCH}/corpus/<target>)`)
    .option("--crashes <folder>", "findings (default: crashes)")
    .option("--no-seeds", "do not plant corpus/seeds in the corpus")
    .addOption(signals);
}

export const addFuzz: AddCommand = (program, exit: Exit) => {
  const command = program
    .command("fuzz")
    .description("look for bugs: exit 2 when there are any, with a folder in crashes/ for each")
    .option("-k, --keep-going", "go on after a finding; known bugs are counted only");
  withOptions(command)
    .addHelpText("after", HELP)
    .action(async (given: GivenOptions) => {
      exit.code = await (given.target === CANARY ? canary(given) : campaign(given));
    });
};
