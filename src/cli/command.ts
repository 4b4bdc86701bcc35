// SPDX-License-Identifier: GPL-2.0-only
// What every command of `faultline` is made of: how it is added, and how it ends.
import { InvalidArgumentError } from "commander";
import type { Command } from "commander";
import { UserError } from "../lib/assert.ts";

/** The exit code: 0 clean, 2 a bug was found, 1 the user or we did something wrong. */
export interface Exit {
  code: number;
}

/** Adds one command to the program; its action sets the exit code. */
export type AddCommand = (program: Command, exit: Exit) => void;

/** An `--option N` that is a whole number of at least `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (value >= least) return value;
    throw new InvalidArgumentError(`Expected a whole number of at least ${least}.`);
  };
}

/** An `--option NAME` that may be given several times, also with commas. */
export function names(text: string, before: string[] | undefined): string[] {
  const list = text.split(",").map((name) => name.trim()).filter((name) => name !== "");
  if (list.length === 0) throw new InvalidArgumentError("Expected a name.");
  return [...(before ?? []), ...list];
}

/** Seconds from "90", "90s", "15m" or "2h". */
export function duration(text: string): number {
  const match = /^(\d{1,9}(?:\.\d+)?)(s|m|h)?$/.exec(text);
  const seconds = Number(match?.[1]) * { s: 1, m: 60, h: 3600 }[match?.[2] ?? "s"]!;
  if (seconds > 0) return seconds;
  throw new InvalidArgumentError("Expected a time, e.g. 60, 90s, 15m or 2h.");
}

/** The examples at the end of a command's --help. */
export function examples(...lines: string[]): string {
  const heading = lines.length === 1 ? "Example" : "Examples";
  return `\n${heading}:\n${lines.map((line) => `  $ ${line}\n`).join("")}`;
}

const REASONS: Record<string, string> = {
  ENOENT: "there is no such file or folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  ENOTDIR: "it is not a folder",
  EEXIST: "it is not a folder",
  EISDIR: "it is a folder",
};

/** `act()`, with what the file system refuses as a UserError in one sentence. */
export function attempt<T>(verb: string, path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : null;
    if (code === null) throw error;
    throw new UserError(`cannot ${verb} ${path}: ${REASONS[code] ?? code}`);
  }
}
