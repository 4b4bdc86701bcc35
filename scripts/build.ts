// SPDX-License-Identifier: GPL-2.0-only
// Bundles commands, fuzz targets and benchmarks into .build/, with kernel-land instrumented.
import {
  existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { rolldown } from "rolldown";
import { faultlineInstrument } from "./instrument.ts";
import type { InstrumentOptions } from "./instrument.ts";
import { repoRoot } from "./root.ts";
import { inputsOf, isStale as isStaleIn, readStamp } from "./stale.mjs";

/** A tree that an interrupted build left behind is garbage after this long. */
const LEFTOVER_MS = 10 * 60 * 1000;

/** True when a source has changed since the last finished build. */
export function isStale(root: string = repoRoot()): boolean {
  return isStaleIn(root);
}

function modulesIn(root: string, folder: string, wanted: RegExp): string[] {
  const path = join(root, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path).filter((n) => wanted.test(n) && !/\.(test|d)\.ts$/.test(n)).sort();
}

/** Name in .build -> source file, for the entries that exist. */
export function entriesOf(root: string): Record<string, string> {
  const entries: Record<string, string> = {};
  const add = (name: string, path: string): void => {
    if (existsSync(join(root, path))) entries[name] = join(root, path);
  };
  add("faultline", "src/cli/main.ts");
  add("index", "src/index.ts");
  // The engine is a library of the targets, and starts libFuzzer in whoever loads it.
  for (const name of modulesIn(root, "fuzz", /^(?!engine\.).*\.ts$/)) {
    add(`fuzz/${name.slice(0, -3)}`, `fuzz/${name}`);
  }
  for (const name of modulesIn(root, "scripts", /^bench.*\.ts$/)) {
    add(`scripts/${name.slice(0, -3)}`, `scripts/${name}`);
  }
  return entries;
}

async function bundle(root: string, to: string, options: InstrumentOptions): Promise<string[]> {
  const input = entriesOf(root);
  if (Object.keys(input).length === 0) return [];
  const bundler = await rolldown({
    cwd: root,
    input,
    platform: "node",
    external: /^(node:|[@a-z])/,
    plugins: [faultlineInstrument({ root, ...options })],
    // Never let a tool lower generators: they are the hot path.
    transform: { target: "node20" },
    logLevel: "warn",
  });
  try {
    const { output } = await bundler.write({
      dir: to,
      format: "esm",
      sourcemap: true,
      entryFileNames: "[name].js",
      chunkFileNames: "chunks/[name]-[hash].js",
    });
    return output.map((file) => file.fileName);
  } finally {
    await bundler.close();
  }
}

/** Entries last: whoever starts one in between finds every chunk that it needs. */
function publish(from: string, to: string, files: string[]): void {
  const order = [...files].sort((a, b) => Number(isEntry(a)) - Number(isEntry(b)));
  for (const file of order) {
    mkdirSync(dirname(join(to, file)), { recursive: true });
    renameSync(join(from, file), join(to, file));
  }
}

function isEntry(file: string): boolean {
  return !file.startsWith("chunks/") && file.endsWith(".js");
}

/** Removes what earlier builds made and this one did not; other things in .build are not ours. */
function sweep(out: string, before: string[], now: string[]): void {
  const chunks = join(out, "chunks");
  const inChunks = existsSync(chunks) ? readdirSync(chunks).map((name) => `chunks/${name}`) : [];
  const keep = new Set(now);
  for (const file of [...before, ...inChunks]) {
    if (!keep.has(file)) rmSync(join(out, file), { force: true });
  }
  for (const name of readdirSync(out)) {
    const path = join(out, name);
    if (!/^tmp-\d+$/.test(name)) continue;
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (age > LEFTOVER_MS) rmSync(path, { recursive: true, force: true });
  }
}

function writable(out: string, temporary: string): void {
  try {
    mkdirSync(temporary, { recursive: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`cannot write to ${out} (${code}): faultline needs it for its build`);
  }
}

/**
 * Builds everything. Files appear in .build by renames, and the stamp comes last, so an
 * interrupted build leaves a working tree that counts as stale.
 */
export async function build(
  options: InstrumentOptions & { root?: string } = {},
): Promise<string[]> {
  const { root = repoRoot(), ...parts } = options;
  const out = join(root, ".build");
  const temporary = join(out, `tmp-${process.pid}`);
  // Taken before reading any source: an edit during the build makes its result stale.
  const complete = [parts.sites, parts.branches, parts.inline].every((on) => on !== false);
  // An ablation is never fresh: the next command must not run it by accident.
  const inputs = complete ? inputsOf(root) : "";
  writable(out, temporary);
  try {
    const files = await bundle(root, temporary, parts);
    const before = readStamp(root).files;
    publish(temporary, out, files);
    sweep(out, before, files);
    writeFileSync(join(temporary, "stamp.json"), JSON.stringify({ inputs, files }));
    renameSync(join(temporary, "stamp.json"), join(out, "stamp.json"));
    return files;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** `npm run build`: always builds, says what it made. */
export async function main(_argv: string[]): Promise<number> {
  const started = Date.now();
  try {
    const files = await build();
    const count = files.filter(isEntry).length;
    console.log(`built ${count} programs into .build in ${Date.now() - started} ms`);
    return 0;
  } catch (error) {
    console.error(`build: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}
