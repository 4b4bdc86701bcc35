// SPDX-License-Identifier: GPL-2.0-only
// `npm run search`: how many executions a method needs to find a race, over many seeds; and with
// --silent, that nothing at all is found once the fix is in.
import { parseArgs } from "node:util";
import { answer, runChild, wholeNumber } from "./bench/children.ts";
import { repoRoot } from "./root.ts";
import type { TrialResult } from "./search/hunt.ts";
import { DEFAULT_METHODS, methodByName, methods } from "./search/methods.ts";
import { raceByName, races } from "./search/races.ts";
import { takeSnapshot } from "./search/snapshot.ts";
import type { Snapshot } from "./search/snapshot.ts";
import { printSummaries, summarise } from "./search/table.ts";
import type { Trial } from "./search/table.ts";

const HELP = `usage: npm run search -- [--race NAME] [--methods A,B] [--seeds N] [--cap N] [--json]
       npm run search -- --silent [--race NAME] [--runs N] [--seed N]
  --race NAME     ${races.map((r) => r.name).join(" ")} (default D-R2)
  --title REGEX   what counts as found; default: the race's own
  --methods LIST  of ${methods.map((m) => m.name).join(" ")}
                  (default ${DEFAULT_METHODS.join(",")})
  --seeds N       trials of each method, with seeds 1 to N (default 20)
  --cap N         executions after which a trial gives up (default 2000000)
  --jobs N        trials at a time (default 2)
  --json          one line of JSON with every trial, and no table
  --silent        with the fix: no finding in --runs executions, else exit code 2
  --runs N        half of them by libFuzzer, half by PCT (default 2000000)
  --seed N        of the silent run (default 1)`;

const FOUND = 2;
const INTERRUPTED = 130;

interface Task {
  method: string;
  seed: number;
  args: string[];
}

/** Ctrl-C reaches the children too, and what they answer then counts for nothing. */
const stop = new AbortController();
/** Trials that ended without an answer: our fault, and the other trials still count. */
const failed: string[] = [];

async function runTrial(snapshot: Snapshot, { method, seed, args }: Task): Promise<Trial | null> {
  const all = [`--method=${method}`, `--seed=${seed}`, ...args];
  const script = snapshot.script("bench-trial");
  try {
    const result = await runChild(script, all, stop.signal) as TrialResult;
    if (stop.signal.aborted) return null;
    const what = result.found ? `: ${result.title}` : ": nothing found";
    console.error(`${method} seed ${seed}: ${result.executions.toLocaleString("en-US")} ` +
      `executions, ${result.seconds.toFixed(1)} s${what}`);
    return { ...result, method, seed };
  } catch (error) {
    if (stop.signal.aborted) return null;
    failed.push(`${method} seed ${seed}`);
    console.error(`search: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

/** Runs `tasks` in order, `jobs` at a time. */
async function runTrials(snapshot: Snapshot, tasks: Task[], jobs: number): Promise<Trial[]> {
  const waiting = [...tasks];
  const trials: Trial[] = [];
  const work = async (): Promise<void> => {
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
      if (stop.signal.aborted) return;
      const trial = await runTrial(snapshot, task);
      if (trial !== null) trials.push(trial);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return trials;
}

interface Options {
  race: string;
  title: string[];
  methods: string[];
  seeds: number;
  cap: number;
  jobs: number;
  json: boolean;
}

async function compare(snapshot: Snapshot, options: Options): Promise<number> {
  const { race, title, cap, seeds } = options;
  const args = [`--race=${race}`, `--cap=${cap}`, ...title];
  const tasks: Task[] = [];
  // Seed by seed, so that a slow hour of the machine hits all methods alike.
  for (let seed = 1; seed <= seeds; seed++) {
    for (const method of options.methods) tasks.push({ method, seed, args });
  }
  const trials = await runTrials(snapshot, tasks, options.jobs);
  const ran = options.methods.filter((name) => trials.some(({ method }) => method === name));
  const summaries = ran.map((name) => summarise(name, trials));
  trials.sort((a, b) => (a.method < b.method ? -1 : a.method > b.method ? 1 : a.seed - b.seed));
  if (options.json) answer({ race, cap, summaries, trials });
  else if (trials.length > 0) printSummaries(race, cap, summaries);
  return exitCode(0);
}

function exitCode(otherwise: number): number {
  if (failed.length > 0) console.error(`search: failed: ${failed.join(", ")}`);
  return stop.signal.aborted ? INTERRUPTED : failed.length > 0 ? 1 : otherwise;
}

async function silent(
  snapshot: Snapshot, race: string, runs: number, seed: number, json: boolean,
): Promise<number> {
  const args = ["--fixed", `--race=${race}`, `--cap=${Math.ceil(runs / 2)}`];
  const tasks = ["guided", "pct"].map((method) => ({ method, seed, args }));
  const trials = await runTrials(snapshot, tasks, tasks.length);
  const found = trials.filter((trial) => trial.found);
  const executions = trials.reduce((sum, trial) => sum + trial.executions, 0);
  if (json) answer({ race, fixed: true, executions, trials });
  else {
    for (const { method, title, case: text } of found) console.log(`${method}: ${title}\n${text}`);
    console.log(`${race} with its fix: ${executions.toLocaleString("en-US")} executions, ` +
      (found.length === 0 ? "nothing found" : `findings in ${found.length} of ${trials.length}`));
  }
  return exitCode(found.length === 0 ? 0 : FOUND);
}

function parse(argv: string[]) {
  return parseArgs({
    args: argv,
    options: {
      race: { type: "string", default: "D-R2" },
      title: { type: "string" },
      methods: { type: "string", default: DEFAULT_METHODS.join(",") },
      seeds: { type: "string", default: "20" },
      cap: { type: "string", default: "2000000" },
      jobs: { type: "string", default: "2" },
      json: { type: "boolean", default: false },
      silent: { type: "boolean", default: false },
      runs: { type: "string", default: "2000000" },
      seed: { type: "string", default: "1" },
      help: { type: "boolean", short: "h", default: false },
    },
  }).values;
}

async function run(values: ReturnType<typeof parse>): Promise<number> {
  const race = raceByName(values.race).name;
  const options: Options = {
    race, json: values.json,
    title: values.title === undefined ? [] : [`--title=${values.title}`],
    methods: values.methods.split(",").map((name) => methodByName(name).name),
    seeds: wholeNumber("seeds", values.seeds),
    cap: wholeNumber("cap", values.cap),
    jobs: wholeNumber("jobs", values.jobs),
  };
  const [runs, seed] = [wholeNumber("runs", values.runs), wholeNumber("seed", values.seed)];
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => stop.abort());
  const snapshot = await takeSnapshot(repoRoot());
  try {
    if (values.silent) return await silent(snapshot, race, runs, seed, values.json);
    return await compare(snapshot, options);
  } finally {
    snapshot.remove();
  }
}

export async function main(argv: string[]): Promise<number> {
  try {
    const values = parse(argv);
    if (!values.help) return await run(values);
    console.log(HELP);
    return 0;
  } catch (error) {
    console.error(`search: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}
