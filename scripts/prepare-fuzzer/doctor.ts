// SPDX-License-Identifier: GPL-2.0-only
// The proof that the prepared addon works: Jazzer runs an empty target in a process of its own.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { repoRoot } from "../root.ts";

const RUNS = 1000;
const TIMEOUT_MS = 60_000;

/** Returns one line; throws one sentence. */
export function doctor(): string {
  const script = join(repoRoot(), "scripts/run.mjs");
  const { status, signal, stderr } = spawnSync(
    process.execPath, [script, "bench-engine", `--runs=${RUNS}`],
    { encoding: "utf8", timeout: TIMEOUT_MS },
  );
  const done = `Done ${RUNS} runs`;
  if (status === 0 && stderr.includes(done)) return `Jazzer works: ${done.toLowerCase()}`;
  const last = stderr.trim().split("\n").at(-1) ?? "";
  const ended = `ended with ${signal ?? status}`;
  throw new Error(`Jazzer did not finish ${RUNS} empty runs (${ended}): ${last}`);
}
