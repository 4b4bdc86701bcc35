// SPDX-License-Identifier: GPL-2.0-only
// One worker of a campaign: `faultline fuzz` starts one per core, with its options as JSON.
import { join } from "node:path";
import type { Target } from "../src/program/target.ts";
import { attachFeedback, REGION_SIZE } from "../src/sched/feedback.ts";
import { send } from "./campaign/messages.ts";
import type { WorkerOptions } from "../src/triage/messages.ts";
import { RandomInputs, runRandom } from "./campaign/random.ts";
import { Session } from "./campaign/session.ts";
import { subjectOf } from "./campaign/subjects.ts";
import { startEngine } from "./engine.ts";

/** Minimising happens inside an execution; an endless one is our fault and not the kernel's. */
const TIMEOUT_MS = 120_000;

async function runGuided(
  options: WorkerOptions, target: Target, session: Session,
): Promise<number> {
  const engine = {
    seed: options.seed,
    corpus: [options.corpus],
    maxLen: target.size,
    artifactPrefix: join(options.scratch, `worker-${options.seed}-`),
    timeoutMs: TIMEOUT_MS,
  };
  return startEngine(engine, (counters) => {
    attachFeedback(counters, options.signals);
    return (data) => {
      session.run(data);
    };
  });
}

async function runPct(options: WorkerOptions, target: Target, session: Session): Promise<number> {
  attachFeedback(new Uint8Array(REGION_SIZE), options.signals);
  const inputs = new RandomInputs(target, options.corpus, options.seed);
  await runRandom(inputs, (data) => session.run(data));
  return 0;
}

async function main(options: WorkerOptions): Promise<number> {
  process.setSourceMapsEnabled(true);
  const { target: own, execute } = await subjectOf(options.target);
  const target = options.configs.length === 0 ? own : { ...own, configs: options.configs };
  const now = () => performance.now();
  const session = new Session({ options, target, execute, send, now });
  const work = options.mode === "guided" ? runGuided : runPct;
  const code = await work(options, target, session);
  session.report();
  return session.failed ? 1 : code;
}

process.exitCode = await main(JSON.parse(process.argv[2] ?? "{}") as WorkerOptions);
