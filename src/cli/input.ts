// SPDX-License-Identifier: GPL-2.0-only
// Cases from the user's files: text, the fuzzer's bytes, or the folder of a bug.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { UserError } from "../lib/assert.ts";
import { decode } from "../program/bytes.ts";
import type { Case } from "../program/case.ts";
import { RECORDS_AT } from "../program/target.ts";
import type { Target } from "../program/target.ts";
import * as targets from "../program/targets.ts";
import { parseCase } from "../program/text.ts";
import { attempt } from "./command.ts";

/** The planted bug of fuzz/canary.ts: no kernel, so nothing but its own campaign can run it. */
export const CANARY = "canary";
const BYTES = /\.bin$|^[0-9a-f]{40}$|^(crash|timeout|oom)-[0-9a-f]{40}$/;
const TEXT_MAGIC = "#!faultline\n";

export interface Input {
  path: string;
  case: Case;
  /** The title that it promises, "clean", or null. */
  promise: string | null;
  /** What the user should know about the file. */
  note: string | null;
}

function isTarget(value: unknown): value is Target {
  return typeof value === "object" && value !== null && "recordSize" in value;
}

/** The targets on the modelled kernel. */
export function allTargets(): Target[] {
  return Object.values<unknown>(targets).filter(isTarget);
}

export function targetNamed(name: string): Target {
  const target = allTargets().find((one) => one.name === name);
  if (target !== undefined) return target;
  if (name === CANARY) {
    throw new UserError("the canary is a toy and no kernel: only `npm run canary` can run it");
  }
  const known = allTargets().map((one) => one.name).join(", ");
  throw new UserError(`there is no target "${name}"; there are: ${known}, ${CANARY}`);
}

function readText(path: string): string {
  return attempt("read", path, () => readFileSync(path, "utf8"));
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** A bucket says which target its bytes belong to; a fuzzer's corpus is called like its target. */
function guessTarget(path: string): Target {
  const beside = join(dirname(path), "target");
  if (isFile(beside)) return targetNamed(readText(beside).trim());
  const folder = basename(dirname(path));
  return allTargets().find(({ name }) => name === folder) ?? targetNamed("dax");
}

/** Any bytes decode to something; what cannot be meant as an input of `target` is refused. */
function readBytes(path: string, target: Target): Input {
  const data = attempt("read", path, () => readFileSync(path));
  if (data.length === 0) throw new UserError(`${path} is empty: there is no case in it`);
  if (data.subarray(0, TEXT_MAGIC.length).toString("latin1") === TEXT_MAGIC) {
    const text = data.subarray(TEXT_MAGIC.length).toString("utf8");
    return { path, case: parseCase(text, path), promise: null, note: null };
  }
  const sizes = `${data.length} bytes, and a case of target ${target.name} has ${target.size}`;
  if (data.length > target.size) {
    throw new UserError(`${path} is no input of ours: it has ${sizes} (is --target right?)`);
  }
  if (data.length < RECORDS_AT) {
    throw new UserError(`${path} is cut off before its first operation: it has ${sizes}`);
  }
  const short = `it has ${sizes}: the missing ones are made up from its seed`;
  const note = data.length < target.size ? short : null;
  return { path, case: decode(data, target), promise: null, note };
}

/** crashes/<bucket>/: the minimised case, which promises its title. */
function readBucket(folder: string): Input {
  const target = join(folder, "target");
  if (isFile(target)) targetNamed(readText(target).trim());
  const path = join(folder, "repro.case");
  const promise = readText(join(folder, "title.txt")).trim();
  return { path, case: parseCase(readText(path), path), promise, note: null };
}

export function isBucket(path: string): boolean {
  return isFile(join(path, "repro.case"));
}

/** Reads a .case file, an input of a fuzz target, or the folder of a bug. Throws UserError. */
export function readInput(path: string, target?: string): Input {
  const stat = attempt("read", path, () => statSync(path));
  if (stat.isDirectory()) {
    if (isBucket(path)) return readBucket(path);
    throw new UserError(`${path} is a folder without a repro.case: expected a file`);
  }
  if (path.endsWith(".case")) {
    const c = parseCase(readText(path), path);
    return { path, case: c, promise: c.expect, note: null };
  }
  if (BYTES.test(basename(path))) {
    return readBytes(path, target === undefined ? guessTarget(path) : targetNamed(target));
  }
  throw new UserError(`${path}: expected a .case file, a .bin file or the folder of a bug`);
}

/** Files and buckets under `path`, sorted; what is neither (a README) is passed over. */
export function findInputs(path: string): string[] {
  const stat = attempt("read", path, () => statSync(path));
  if (!stat.isDirectory() || isBucket(path)) return [path];
  const entries = attempt("read", path, () => readdirSync(path, { withFileTypes: true }));
  const sorted = entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  return sorted.flatMap((entry) => {
    const child = join(path, entry.name);
    // A name with a dot in front is a finding that is just being saved.
    if (entry.isDirectory()) return entry.name.startsWith(".") ? [] : findInputs(child);
    return entry.name.endsWith(".case") || BYTES.test(entry.name) ? [child] : [];
  });
}
