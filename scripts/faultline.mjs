#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// The `faultline` command: rebuilds .build when a source has changed, then runs it.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { isStale } from "./stale.mjs";

const root = dirname(import.meta.dirname);

/** The build's own sentence on stderr says what went wrong. */
async function rebuild() {
  const { spawnSync } = await import("node:child_process");
  const args = [join(root, "scripts/run.mjs"), "build"];
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) process.exit(1);
}

async function start() {
  if (isStale(root)) await rebuild();
  const program = join(root, ".build/faultline.js");
  if (!existsSync(program)) {
    console.error("faultline: src/cli/main.ts is missing, so there is no command to run");
    process.exit(1);
  }
  const { main } = await import(pathToFileURL(program).href);
  process.exitCode = await main(process.argv.slice(2));
}

await start();
