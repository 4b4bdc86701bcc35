// SPDX-License-Identifier: GPL-2.0-only
// crashes/<bucket>/: a folder for each bug, there as a whole or not at all.
import {
  closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync,
  rmSync, writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../lib/assert.ts";
import type { Case } from "../program/case.ts";
import { printCase } from "../program/text.ts";
import { printSchedule, SCHEDULE_VERSION } from "../sched/schedule.ts";
import type { Schedule } from "../sched/schedule.ts";
import { bucketId } from "./bucket.ts";
import { kernelLine } from "./report.ts";
import { withTurns } from "./trial.ts";

export interface Finding {
  bucket: string;
  title: string;
  report: string;
  /** Minimised, with explicit turns. */
  case: Case;
  /** The same schedule by names of sites, which repro.case keeps; null: it has to count points. */
  named: Schedule | null;
  /** The minimised case and the fuzzer's input as bytes of `target`. */
  reproBytes: Uint8Array;
  originalBytes: Uint8Array;
  target: string;
}

export interface Bucket {
  name: string;
  /** The part of the name that is its identity. */
  id: string;
  title: string;
}

export interface Saved {
  status: "new" | "known";
  /** The bucket's name; an older one when the same bug was first seen under another title. */
  bucket: string;
}

const TEMPORARY = /^\.tmp-(\d+)-/;

/** The one line that replays a bucket. */
export function replayCommand(dir: string, bucket: string): string {
  return `npx faultline replay ${join(dir, bucket)}`;
}

/** All buckets of `dir`, by name; none when there is no such folder. */
export function loadBuckets(dir: string): Bucket[] {
  return attempt(dir, "read", () => {
    const names = readdirSync(dir, { withFileTypes: true });
    return names
      .filter((entry) => entry.isDirectory())
      .flatMap(({ name }) => {
        const id = bucketId(name);
        return id === null ? [] : [{ name, id, title: titleOf(join(dir, name)) }];
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }) ?? [];
}

function titleOf(folder: string): string {
  return attempt(folder, "read", () => {
    return readFileSync(join(folder, "title.txt"), "utf8").trimEnd();
  }) ?? "";
}

/** Saves a finding whose bug has no folder yet; never touches a folder that is there. */
export function saveFinding(dir: string, finding: Finding): Saved {
  const known = loadBuckets(dir).find(({ id }) => id === bucketId(finding.bucket));
  if (known !== undefined) return { status: "known", bucket: known.name };
  const temporary = join(dir, `.tmp-${process.pid}-${finding.bucket}`);
  try {
    makeFolder(dir);
    removeLeftovers(dir);
    mkdirSync(temporary);
    for (const [name, content] of Object.entries(filesOf(dir, finding))) {
      writeDurably(join(temporary, name), content);
    }
    flushFolder(temporary);
    renameSync(temporary, join(dir, finding.bucket));
    flushFolder(dir);
  } catch (error) {
    removeQuietly(temporary);
    const code = codeOf(error);
    // Another process was faster with the same bug.
    if (code === "ENOTEMPTY" || code === "EEXIST") {
      return { status: "known", bucket: finding.bucket };
    }
    throw refused(dir, "save the finding in", error);
  }
  return { status: "new", bucket: finding.bucket };
}

/** Not mkdir's own recursion: in Node 20 that never returns where a folder refuses to be made. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process made it meanwhile.
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

function filesOf(dir: string, finding: Finding): Record<string, string | Uint8Array> {
  const { named } = finding;
  const { schedule, config } = finding.case;
  const turns = schedule.type === "turns" ? printSchedule(schedule.turns) : "";
  return {
    "title.txt": `${finding.title}\n`,
    "report.txt": finding.report,
    "repro.case": printCase(named === null ? finding.case : withTurns(finding.case, named)),
    "repro.bin": finding.reproBytes,
    "original.bin": finding.originalBytes,
    schedule: `${SCHEDULE_VERSION} ${turns}`.trimEnd() + "\n",
    kernel: `${kernelLine(config)}\n`,
    target: `${finding.target}\n`,
    command: `${replayCommand(dir, finding.bucket)}\n`,
  };
}

function writeDurably(path: string, content: string | Uint8Array): void {
  const file = openSync(path, "wx");
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function flushFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Folders that a killed process left half-written; those of a living process are its own. */
function removeLeftovers(dir: string): void {
  for (const name of readdirSync(dir)) {
    const pid = TEMPORARY.exec(name)?.[1];
    if (pid === undefined) continue;
    if (Number(pid) === process.pid || !isAlive(Number(pid))) removeQuietly(join(dir, name));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // Nobody reads it: the next run tries again.
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** `read()`, or null when the path does not exist; UserError when it cannot be read. */
function attempt<T>(path: string, verb: string, read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw refused(path, verb, error);
  }
}

const REASONS: Record<string, string> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EROFS: "the file system is read-only",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOENT: "there is no such folder, and it cannot be made",
  ENOTDIR: "it is not a folder",
  EEXIST: "it is not a folder",
};

/** What the file system refused, in a sentence; anything else is passed on as it is. */
function refused(path: string, verb: string, error: unknown): unknown {
  const code = codeOf(error);
  if (code === "") return error;
  return new UserError(`cannot ${verb} ${path}: ${REASONS[code] ?? code}`);
}
