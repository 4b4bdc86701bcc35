// SPDX-License-Identifier: GPL-2.0-only
// A fuzz target: which kernels, which operations with which arguments; and how a record of bytes
// names one of them. The codec in bytes.ts only looks things up here.
import { assert, UserError } from "../lib/assert.ts";
import { BLOCK_SIZE } from "../sched/strategies/bytes.ts";
import { DEFAULT_CONFIG } from "./case.ts";
import type { Config, Geometry } from "./case.ts";
import { domainOf } from "./domains.ts";
import type { Shape } from "./domains.ts";
import { fits } from "./kinds.ts";
import type { Op, OpRow } from "./op.ts";
import { opByName } from "./ops/index.ts";
import { parseOp } from "./text.ts";

/** Mode, kernel, four bytes of pad seed. */
export const SEED_AT = 2;
export const BLOCK_AT = 6;
export const RECORDS_AT = BLOCK_AT + BLOCK_SIZE;
/** Far above what libFuzzer mutates well. */
export const SIZE_MAX = 1024;

/** One argument: `values[floor(byte / divisor) % values.length]`, precomputed for each byte. */
export interface TargetArg {
  readonly values: readonly number[];
  /** Which byte of the record; several small arguments share one. */
  readonly slot: number;
  readonly divisor: number;
  readonly lookup: Int32Array;
}

export interface TargetOp {
  readonly row: OpRow;
  readonly args: readonly TargetArg[];
}

export interface Target {
  readonly name: string;
  readonly configs: readonly Config[];
  /** Always done first in setup, and not part of the bytes. */
  readonly prologue: readonly Op[];
  readonly setupRecords: number;
  readonly runRecords: number;
  readonly tasks: number;
  /** By the first byte of a record; null is no operation, and byte 0 always is. */
  readonly table: readonly (TargetOp | null)[];
  readonly recordSize: number;
  /** Bytes that a whole case has; more are ignored, fewer are padded. */
  readonly size: number;
}

/** A weight, or a weight and tables for arguments by name in place of those of domains.ts. */
export type OpWeight = number | { weight: number; args: Record<string, readonly number[]> };

export interface TargetSpec {
  name: string;
  kernels: readonly (string | Partial<Config>)[];
  geometry?: Geometry;
  prologue?: readonly string[];
  pages: number;
  files?: number;
  tasks?: number;
  setupRecords?: number;
  runRecords?: number;
  /** "munmap", or with fixed words "madvise dontneed", "mmap rw fpriv|fshared". */
  ops: Record<string, OpWeight>;
}

export function defineTarget(spec: TargetSpec): Target {
  const { geometry = "small", tasks = 2, setupRecords = 4, runRecords = 8 } = spec;
  const shape: Shape = { pages: spec.pages, geometry, files: spec.files ?? 1, tasks };
  const table: (TargetOp | null)[] = [];
  let recordSize = 2;
  for (const [name, given] of Object.entries(spec.ops)) {
    const { weight, args } = typeof given === "number" ? { weight: given, args: {} } : given;
    const op = defineOp(name, args, shape);
    for (let i = 0; i < weight; i++) table.push(op);
    for (const { slot } of op.args) recordSize = Math.max(recordSize, slot + 1);
  }
  // A fifth of all records are empty, so that cases also come short.
  const idle = Math.max(1, Math.ceil(table.length / 4));
  table.unshift(...Array<null>(idle).fill(null));
  assert(table.length <= 256, `target ${spec.name}: the weights sum to ${table.length}, not 256`);
  assert(tasks >= 1 && tasks <= 4, `target ${spec.name}: ${tasks} tasks`);
  const size = RECORDS_AT + recordSize * (setupRecords + runRecords);
  assert(size <= SIZE_MAX, `target ${spec.name}: ${size} bytes a case`);
  return {
    name: spec.name,
    configs: spec.kernels.map((kernel) => configOf(kernel, geometry)),
    prologue: (spec.prologue ?? []).map((text) => parseOp(text, `target ${spec.name}`)),
    setupRecords, runRecords, tasks, recordSize, size,
    table: Array.from({ length: 256 }, (_, byte) => table[byte % table.length]),
  };
}

function configOf(kernel: string | Partial<Config>, geometry: Geometry): Config {
  const given = typeof kernel === "string" ? { kernel } : kernel;
  return { ...DEFAULT_CONFIG, geometry, ...given };
}

/** Byte 1 of a record has the task in front; the arguments fill it up and then the next ones. */
function defineOp(name: string, args: Record<string, readonly number[]>, shape: Shape): TargetOp {
  const [rowName, ...words] = name.split(" ");
  const row = opByName.get(rowName);
  if (row === undefined) throw new UserError(`target: expected an operation, got "${rowName}"`);
  const fixed = fixedWords(row, words);
  let slot = 1;
  let divisor = shape.tasks;
  const placed = row.args.map((arg, i): TargetArg => {
    const values = args[arg.name] ?? fixed.get(i) ?? domainOf(arg, row, shape);
    const { length } = values;
    assert(length > 0 && length <= 256, `target: ${rowName} ${arg.name} has ${length} values`);
    if (divisor * length > 256) {
      slot++;
      divisor = 1;
    }
    const at = divisor;
    divisor *= length;
    const value = (_: unknown, byte: number) => values[Math.floor(byte / at) % length];
    return { values, slot, divisor: at, lookup: Int32Array.from({ length: 256 }, value) };
  });
  return { row, args: placed };
}

/** The words of "mmap rw fpriv|fshared" as tables by the index of their argument. */
function fixedWords(row: OpRow, words: readonly string[]): Map<number, number[]> {
  const fixed = new Map<number, number[]>();
  for (const word of words) {
    const options = word.split("|");
    const i = row.args.findIndex((arg, at) => !fixed.has(at) && fits(arg.kind, options[0]));
    const kind = row.args[i]?.kind;
    if (kind?.type !== "word" && kind?.type !== "flags") {
      throw new UserError(`target: "${word}" is no word of ${row.name}`);
    }
    const indexes = options.map((option) => kind.words.indexOf(option));
    if (indexes.includes(-1)) throw new UserError(`target: bad word in "${word}" of ${row.name}`);
    fixed.set(i, kind.type === "word" ? indexes : indexes.map((bit) => 1 << bit));
  }
  return fixed;
}
