// SPDX-License-Identifier: GPL-2.0-only
// What must hold for every operation, every case and every byte string; laws.test.ts runs these
// over the whole registry, and fuzz/codec.ts over whatever it is given.
import { isDeepStrictEqual } from "node:util";
import { assert } from "../lib/assert.ts";
import { decode, encode, encodeRecords } from "./bytes.ts";
import type { Case } from "./case.ts";
import type { Op, OpRow } from "./op.ts";
import { simplifyArgs, weight } from "./simplify.ts";
import type { Target } from "./target.ts";
import { parseCase, parseOp, printCase, printOp } from "./text.ts";
import { validateCase, validateOp } from "./validate.ts";

function same(a: unknown, b: unknown, what: string): void {
  assert(isDeepStrictEqual(a, b), `${what}: not the same after a round trip`);
}

/** A row's text can be read back: nothing in it is ambiguous. */
export function rowIsSound(row: OpRow): void {
  const { args, name } = row;
  assert(/^[a-z_]+$/.test(name), `${name}: an operation's name is lower case`);
  const words = new Set<string>();
  for (const [i, arg] of args.entries()) {
    const optional = arg.optional !== undefined || arg.kind.type === "flags";
    const after = args[i + 1];
    const ends = after === undefined || after.optional !== undefined || after.kind.type === "flags";
    assert(!optional || ends, `${name}: ${after?.name} must be given, ${arg.name} before it not`);
    const inOne = arg.together !== true || (i > 0 && args[i - 1].optional !== undefined);
    assert(inOne && (arg.together !== true || optional), `${name}: ${arg.name} goes with nothing`);
    if (arg.kind.type !== "word" && arg.kind.type !== "flags") continue;
    for (const word of arg.kind.words) {
      assert(!words.has(word), `${name}: the word ${word} stands in two arguments`);
      words.add(word);
    }
  }
  const order = row.alsoOrder?.toSorted((a, b) => a - b) ?? args.map((_, i) => i);
  same(order, args.map((_, i) => i), `${name}: alsoOrder`);
}

export function opText(op: Op): void {
  validateOp(op);
  same(parseOp(printOp(op)), op, printOp(op));
}

/** Simplifying gives valid, lighter operations; so it ends, wherever the minimiser goes. */
export function opSimplifies(op: Op): void {
  let args = op.args;
  for (let left = weight(op.row, args); ; ) {
    const simpler = simplifyArgs(op.row, args);
    for (const candidate of simpler) {
      validateOp({ ...op, args: candidate });
      assert(weight(op.row, candidate) < left, `${printOp(op)}: ${candidate} is no simpler`);
    }
    if (simpler.length === 0) return;
    args = simpler[simpler.length - 1];
    left = weight(op.row, args);
  }
}

export function caseText(c: Case): void {
  validateCase(c);
  const text = printCase(c);
  same(parseCase(text, "law"), c, text);
}

export function caseBytes(c: Case, target: Target): void {
  same(decode(encode(c, target), target), c, printCase(c));
}

/** Any bytes are a valid case, which has records of its own and a text of its own. */
export function bytesAreTotal(data: Uint8Array, target: Target): void {
  const c = decode(data, target);
  caseText(c);
  caseBytes(c, target);
  const written = c.story.length > 0 || c.expect !== null || data[0] === 0x23;
  assert(written || encodeRecords(c, target) !== null, "a decoded case has no records");
}
