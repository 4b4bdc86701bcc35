// SPDX-License-Identifier: GPL-2.0-only
// What the system underneath is: its C and C++ libraries, and whether they load a given addon.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Offer } from "./repair.ts";

/** Everything that prepareFuzzer asks of the machine, so that tests can play another one. */
export interface Host {
  platform: string;
  arch: string;
  /** The running glibc, e.g. "2.36"; undefined on musl. */
  glibc(): string | undefined;
  hasCxxVersion: Offer["hasCxxVersion"];
  /** Undefined when the addon loads and is complete, else why not. */
  probe(file: string): string | undefined;
}

/** The addon functions without which no campaign runs. */
const NEEDED = [
  "startFuzzing", "startFuzzingAsync", "registerCoverageMap", "registerNewCounters",
  "registerModuleCounters", "tracePcIndir",
];

/** process.dlopen, because require() would take a file without the .node ending for JavaScript. */
const PROBE = `
try {
  const [, file, ...names] = process.argv;
  const addon = { exports: {} };
  process.dlopen(addon, file);
  const missing = names.filter((name) => typeof addon.exports[name] !== "function");
  if (missing.length > 0) throw new Error("it lacks " + missing.join(", "));
} catch (error) {
  process.stderr.write(error.message);
  process.exitCode = 1;
}`;

const PROBE_TIMEOUT_MS = 30_000;

/** In a child, because a half-loaded library cannot be unloaded from this process. */
function probe(file: string): string | undefined {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawnSync(process.execPath, ["-e", PROBE, file, ...NEEDED], {
    // The loader then looks up every symbol now, not at its first use.
    env: { ...env, LD_BIND_NOW: "1" },
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
    timeout: PROBE_TIMEOUT_MS,
  });
  if (child.status === 0) return undefined;
  const ended = child.error?.message ?? `loading it ended with ${child.signal ?? child.status}`;
  return child.stderr?.split("\n")[0]?.trim() || ended;
}

/** @types/node knows the report as a bare object. */
interface Report {
  header: { glibcVersionRuntime?: string };
}

function glibc(): string | undefined {
  return (process.report.getReport() as unknown as Report).header.glibcVersionRuntime;
}

/** The libstdc++ that this very process has mapped: an addon gets no other. */
function mappedLibstdcxx(): Buffer {
  const maps = readFileSync("/proc/self/maps", "latin1");
  const path = /\s(\/\S*\/libstdc\+\+\.so\.6\S*)$/m.exec(maps)?.[1];
  if (path === undefined) throw new Error("this node has no libstdc++.so.6 loaded");
  return readFileSync(path);
}

export function thisHost(): Host {
  let library: Buffer | undefined;
  return {
    platform: process.platform,
    arch: process.arch,
    glibc,
    hasCxxVersion: (name) => (library ??= mappedLibstdcxx()).includes(`${name}\0`, 0, "latin1"),
    probe,
  };
}
