// SPDX-License-Identifier: GPL-2.0-only
// The fuzzer's bytes: every byte string is a case. Fixed places, no lengths, so that an edit of
// one byte edits one thing and operations and schedule never shift each other:
//   0 mode | 1 kernel | 2..5 pad seed | 6..21 schedule block | setup records | run records
// Bytes past the end of the input are made from the pad seed and their own position, and from
// nothing else: an edit or a cut elsewhere leaves them as they are (engine.md, section D).
// A case that no record can say is MAGIC and its text.
import { UserError } from "../lib/assert.ts";
import { spread } from "../lib/hash.ts";
import { BLOCK_SIZE } from "../sched/strategies/bytes.ts";
import type { Case, Config, ScheduleSpec } from "./case.ts";
import type { Op } from "./op.ts";
import { readTurns, writeTurns } from "./schedule-bytes.ts";
import { BLOCK_AT, RECORDS_AT, SEED_AT, SIZE_MAX } from "./target.ts";
import type { Target, TargetOp } from "./target.ts";
import { parseCase, printCase } from "./text.ts";

/** By mode: how the schedule block is read. Append only: stored bytes depend on the order. */
export const READINGS = ["counts", "sites", "pct", "turns", "walk"] as const;
const TURNS = READINGS.indexOf("turns");
const MAGIC = new TextEncoder().encode("#!faultline\n");
const NO_STORY: readonly string[] = [];

/** The input, padded; overwritten by every decode. */
const image = new Uint8Array(SIZE_MAX);

/**
 * The case that `data` is under `target`: total, and the same in every process. Operations of the
 * prologue and the config are shared between cases: a transformation copies what it changes.
 */
export function decode(data: Uint8Array, target: Target): Case {
  if (data[0] === MAGIC[0]) {
    const written = decodeText(data);
    if (written !== null) return written;
  }
  pad(data, target.size);
  const setup = target.prologue.slice();
  const run: Op[] = [];
  const middle = readRecords(setup, RECORDS_AT, target.setupRecords, target);
  readRecords(run, middle, target.runRecords, target);
  return {
    config: target.configs[image[1] % target.configs.length],
    story: NO_STORY, expect: null, setup, run, teardown: [],
    schedule: readSchedule(target.tasks),
  };
}

/**
 * Fills `image`. lib/prng draws in sequence and costs an object; a padding byte must not depend
 * on how many others are missing, so each is a hash of the seed and its position.
 */
function pad(data: Uint8Array, size: number): void {
  const have = Math.min(data.length, size);
  for (let i = 0; i < have; i++) image[i] = data[i];
  if (have === size) return;
  // Missing bytes of the seed itself are 0.
  for (let i = have; i < BLOCK_AT; i++) image[i] = 0;
  let seed = 0;
  for (let i = SEED_AT; i < BLOCK_AT; i++) seed = (seed << 8) | image[i];
  for (let i = have; i < size; i++) image[i] = spread(seed + Math.imul(i + 1, 0x9e3779b1));
}

/** All bytes of the case that `data` is, the missing ones written out. */
export function expand(data: Uint8Array, target: Target): Uint8Array {
  pad(data, target.size);
  return image.slice(0, target.size);
}

function readSchedule(tasks: number): ScheduleSpec {
  const mode = READINGS[image[0] % READINGS.length];
  if (mode === "turns") return { type: "turns", turns: readTurns(image, BLOCK_AT, tasks) };
  const block = image.slice(BLOCK_AT, BLOCK_AT + BLOCK_SIZE);
  return { type: "bytes", mode, block };
}

/** Appends the operations of `count` records from `at` on; returns where the last one ends. */
function readRecords(to: Op[], at: number, count: number, target: Target): number {
  const { table, tasks, recordSize } = target;
  for (let i = 0; i < count; i++, at += recordSize) {
    const entry = table[image[at]];
    if (entry === null) continue;
    const args: number[] = [];
    for (const { lookup, slot } of entry.args) args.push(lookup[image[at + slot]]);
    to.push({ task: image[at + 1] % tasks, row: entry.row, args });
  }
  return at;
}

function decodeText(data: Uint8Array): Case | null {
  for (let i = 0; i < MAGIC.length; i++) if (data[i] !== MAGIC[i]) return null;
  try {
    return parseCase(new TextDecoder().decode(data.subarray(MAGIC.length)), "bytes");
  } catch (error) {
    // A mutated text: its bytes are still records.
    if (error instanceof UserError) return null;
    throw error;
  }
}

/** Bytes that decode to exactly `c` under `target`: records when they can say it, else text. */
export function encode(c: Case, target: Target): Uint8Array {
  const plain = c.story.length === 0 && c.expect === null;
  return (plain ? encodeRecords(c, target) : null) ?? encodeText(c);
}

/**
 * `c` without story and promise as records, the form that mutates well; null: they cannot say it.
 * This is how a hand-written case becomes a seed of a corpus.
 */
export function encodeRecords(c: Case, target: Target): Uint8Array | null {
  const { prologue, setupRecords, runRecords, recordSize } = target;
  const out = new Uint8Array(target.size);
  const kernel = target.configs.findIndex((config) => sameConfig(config, c.config));
  const begins = prologue.every((op, i) => sameOp(op, c.setup[i]));
  if (kernel < 0 || kernel > 255 || !begins || c.teardown.length > 0) return null;
  out[1] = kernel;
  if (!writeSchedule(c.schedule, out, target.tasks)) return null;
  const setup = c.setup.slice(prologue.length);
  if (setup.length > setupRecords || c.run.length > runRecords) return null;
  const middle = RECORDS_AT + setupRecords * recordSize;
  const fits = setup.every((op, i) => writeRecord(op, out, RECORDS_AT + i * recordSize, target)) &&
    c.run.every((op, i) => writeRecord(op, out, middle + i * recordSize, target));
  return fits ? out : null;
}

function encodeText(c: Case): Uint8Array {
  const text = new TextEncoder().encode(printCase(c));
  const out = new Uint8Array(MAGIC.length + text.length);
  out.set(MAGIC);
  out.set(text, MAGIC.length);
  return out;
}

function writeSchedule(spec: ScheduleSpec, out: Uint8Array, tasks: number): boolean {
  if (spec.type === "turns") {
    out[0] = TURNS;
    return writeTurns(spec.turns, out, BLOCK_AT, tasks);
  }
  out[0] = READINGS.indexOf(spec.mode);
  out.set(spec.block, BLOCK_AT);
  return true;
}

function writeRecord(op: Op, out: Uint8Array, at: number, target: Target): boolean {
  if (op.task >= target.tasks) return false;
  // One row may stand in the table several times, each with other words fixed.
  for (const entry of new Set(target.table)) {
    if (entry === null || entry.row !== op.row || !writeArgs(op, entry, out, at)) continue;
    out[at] = target.table.indexOf(entry);
    out[at + 1] += op.task;
    return true;
  }
  return false;
}

function writeArgs(op: Op, entry: TargetOp, out: Uint8Array, at: number): boolean {
  const indexes = entry.args.map(({ values }, i) => values.indexOf(op.args[i]));
  if (indexes.includes(-1)) return false;
  for (const [i, { slot, divisor }] of entry.args.entries()) {
    out[at + slot] += indexes[i] * divisor;
  }
  return true;
}

function sameOp(a: Op, b: Op | undefined): boolean {
  return b !== undefined && a.task === b.task && a.row === b.row &&
    a.args.length === b.args.length && a.args.every((value, i) => value === b.args[i]);
}

function sameConfig(a: Config, b: Config): boolean {
  const same = (x: readonly string[], y: readonly string[]) => x.join() === y.join();
  return a.kernel === b.kernel && same(a.revert, b.revert) && same(a.apply, b.apply) &&
    a.geometry === b.geometry && a.locks === b.locks && a.frames === b.frames;
}
