// SPDX-License-Identifier: GPL-2.0-only
// `npm run coverage`: what of the modelled kernel the corpus runs, per file, measured by c8 in
// plain node.
import { existsSync, readdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { measure } from "./coverage/measure.ts";
import { printCoverage, summariseFile } from "./coverage/summary.ts";
import { repoRoot } from "./root.ts";

const HELP = `usage: npm run coverage -- [--corpus DIR] [--draws N] [--html] [--json]
  --corpus DIR  cases to replay (default corpus)
  --draws N     run each case under N schedules of PCT as well (default 0)
  --html        leave a report for a browser in coverage/
  --json        one line of JSON and no table`;

/** Modelled files that no case made node load. */
function unloaded(root: string, loaded: ReadonlySet<string>): string[] {
  return readdirSync(join(root, "src/kernel"), { recursive: true, encoding: "utf8" })
    .filter((name) => /(?<!\.test|\.d)\.ts$/.test(name))
    .map((name) => `src/kernel/${name}`)
    .filter((path) => !loaded.has(path)).sort();
}

function parse(argv: string[]) {
  return parseArgs({
    args: argv,
    options: {
      corpus: { type: "string" },
      draws: { type: "string", default: "0" },
      html: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  }).values;
}

async function run({ corpus, draws, html, json }: ReturnType<typeof parse>): Promise<void> {
  const root = repoRoot();
  const folder = corpus === undefined ? join(root, "corpus") : resolve(corpus);
  if (!existsSync(folder)) throw new Error(`there is no folder ${folder}`);
  if (!/^\d{1,6}$/.test(draws)) throw new Error(`--draws must be a number, not "${draws}"`);
  const reports = join(root, "coverage");
  const measured = await measure(root, folder, Number(draws), reports, html);
  const files = measured.files.map((file) => summariseFile(root, file))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  const missing = unloaded(root, new Set(files.map(({ path }) => path)));
  const { executions, skipped } = measured;
  if (json) {
    console.log(JSON.stringify({ executions, skipped, files, missing }));
    return;
  }
  printCoverage(files);
  if (missing.length > 0) console.log(`without code that runs:\n  ${missing.join("\n  ")}`);
  console.log(`${executions} executions of the cases in ${relative(root, folder) || folder}` +
    (skipped === 0 ? "" : `; ${skipped} use operations that are not modelled yet`));
  if (html) console.log(`see ${relative(process.cwd(), join(reports, "index.html"))}`);
}

export async function main(argv: string[]): Promise<number> {
  try {
    const values = parse(argv);
    if (values.help) console.log(HELP);
    else await run(values);
    return 0;
  } catch (error) {
    console.error(`coverage: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}
