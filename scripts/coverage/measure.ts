// SPDX-License-Identifier: GPL-2.0-only
// Runs the replay under c8 and reads what V8 counted, per source file and its lines.
import { spawnSync } from "node:child_process";
import { mkdtempSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { rolldown } from "rolldown";
import { faultlineInstrument } from "../instrument.ts";

interface Position {
  line: number;
}

interface Range {
  start: Position;
  end: Position;
}

/** What of Istanbul's format is used here. */
export interface FileCoverage {
  path: string;
  /** c8 has one statement a line. */
  statementMap: Record<string, Range>;
  s: Record<string, number>;
  fnMap: Record<string, { name: string; decl: Range }>;
  f: Record<string, number>;
  b: Record<string, number[]>;
}

export interface Measured {
  files: FileCoverage[];
  executions: number;
  /** Cases with operations that are not modelled yet. */
  skipped: number;
}

/**
 * Modules stay apart, so that each has its own source map. Sites are injected, because schedules
 * of the zoo name them; counters and inlining are not, because they would blur the branches.
 */
async function buildReplay(root: string, to: string): Promise<string> {
  const bundler = await rolldown({
    cwd: root,
    input: { replay: join(root, "scripts/coverage/replay.ts") },
    platform: "node",
    external: /^(node:|[@a-z])/,
    plugins: [faultlineInstrument({ root, branches: false, inline: false })],
    transform: { target: "node20" },
    logLevel: "warn",
  });
  try {
    const { output } = await bundler.write({
      dir: to, format: "esm", sourcemap: true, preserveModules: true, preserveModulesRoot: root,
      entryFileNames: "[name].js",
    });
    const entry = output.find((file) => file.type === "chunk" && file.isEntry);
    if (entry === undefined) throw new Error("rolldown made no program of scripts/coverage");
    return join(to, entry.fileName);
  } finally {
    await bundler.close();
  }
}

function c8Program(): string {
  const require = createRequire(import.meta.url);
  return join(dirname(require.resolve("c8/package.json")), "bin/c8.js");
}

/** Leaves c8's own report in `reports`; with `html` also one for a browser. */
export async function measure(
  root: string, corpus: string, draws: number, reports: string, html: boolean,
): Promise<Measured> {
  mkdirSync(join(root, ".build"), { recursive: true });
  // c8 leaves out node_modules, where other chores keep their bundles.
  const work = mkdtempSync(join(root, ".build/coverage-"));
  try {
    const program = await buildReplay(root, work);
    const args = [
      "--clean", "--exclude-after-remap", "--include=src/kernel/**", "--reporter=json",
      ...(html ? ["--reporter=html"] : []),
      `--reports-dir=${reports}`, `--temp-directory=${join(work, "v8")}`,
      process.execPath, program, corpus, String(draws),
    ];
    const { status, stdout, stderr } =
      spawnSync(process.execPath, [c8Program(), ...args], { cwd: root, encoding: "utf8" });
    if (status !== 0) throw new Error(`c8 ended with ${status}: ${stderr.trim()}`);
    const counted = JSON.parse(stdout.trim().split("\n")[0]) as Omit<Measured, "files">;
    const text = readFileSync(join(reports, "coverage-final.json"), "utf8");
    return { ...counted, files: Object.values(JSON.parse(text) as Record<string, FileCoverage>) };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
