// SPDX-License-Identifier: GPL-2.0-only
// One trial of a search: executions until the first finding of one race, by one method, from one
// seed and nothing else. scripts/search.ts starts it; `faultline bench trial --help` works too.
import { parseArgs } from "node:util";
import { startEngine, StopFuzzing } from "../fuzz/engine.ts";
import { Prng } from "../src/lib/prng.ts";
import { decode } from "../src/program/bytes.ts";
import type { Target } from "../src/program/target.ts";
import { dax } from "../src/program/targets.ts";
import { attachFeedback } from "../src/sched/feedback.ts";
import { BYTE_MODES } from "../src/sched/strategies/bytes.ts";
import { RandomWalk } from "../src/sched/strategies/random.ts";
import { answer, artifactPrefix, wholeNumber } from "./bench/children.ts";
import { Hunt } from "./search/hunt.ts";
import { DEFAULT_METHODS, methodByName } from "./search/methods.ts";
import type { Method } from "./search/methods.ts";
import { configOf, raceByName } from "./search/races.ts";

const HELP = `usage: faultline bench trial [--race NAME] [--method NAME] [--seed N] [--cap N]
                              [--title REGEX] [--fixed]
  --race NAME     of scripts/search/races.ts (default D-R2)
  --method NAME   ${DEFAULT_METHODS.join(" ")} (default guided)
  --seed N        of libFuzzer, or of the random bytes (default 1)
  --cap N         executions after which it gives up (default 2000000)
  --title REGEX   what counts as found; default: the race's own
  --fixed         on the kernel that has the fix, where any finding counts`;

const PCT = BYTE_MODES.indexOf("pct");

async function guided(hunt: Hunt, method: Method, target: Target, seed: number): Promise<number> {
  const { signals, libFuzzerArgs = [] } = method;
  const options = {
    // In memory and from nothing: another trial must not help this one.
    corpus: [], reload: false, seed, maxLen: target.size, libFuzzerArgs,
    artifactPrefix: artifactPrefix(), timeoutMs: 120_000,
  };
  return startEngine(options, (counters) => {
    attachFeedback(counters, signals ?? undefined);
    return (data) => {
      if (hunt.run(decode(data, target))) throw new StopFuzzing();
    };
  });
}

/** Every case is new: nothing is learnt from one execution for the next. */
function unguided(hunt: Hunt, method: Method, target: Target, seed: number): void {
  const prng = new Prng(seed);
  const data = new Uint8Array(target.size);
  let done = false;
  while (!done) {
    let word = 0;
    for (let i = 0; i < data.length; i++) {
      word = (i & 3) === 0 ? prng.next() : word >>> 8;
      data[i] = word;
    }
    data[0] = PCT;
    const strategy = method.name === "random" ? new RandomWalk(prng.next()) : undefined;
    done = hunt.run(decode(data, target), strategy);
  }
}

/** Prints one JSON line on stdout: a TrialResult. */
export async function main(argv: string[]): Promise<number> {
  try {
    const { values } = parseArgs({
      args: argv,
      options: {
        race: { type: "string", default: "D-R2" },
        method: { type: "string", default: "guided" },
        seed: { type: "string", default: "1" },
        cap: { type: "string", default: "2000000" },
        title: { type: "string" },
        fixed: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      console.log(HELP);
      return 0;
    }
    const race = raceByName(values.race);
    const method = methodByName(values.method);
    const seed = wholeNumber("seed", values.seed);
    const own = values.fixed ? /(?:)/ : race.title;
    const wanted = values.title === undefined ? own : new RegExp(values.title);
    const hunt = new Hunt(wanted, wholeNumber("cap", values.cap));
    const target = { ...dax, configs: [configOf(race, !values.fixed)] };
    if (method.signals === null) unguided(hunt, method, target, seed);
    else {
      const code = await guided(hunt, method, target, seed);
      if (code !== 0) return code;
    }
    answer(hunt.result());
    return 0;
  } catch (error) {
    console.error(`bench-trial: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}
