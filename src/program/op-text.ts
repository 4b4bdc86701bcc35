// SPDX-License-Identifier: GPL-2.0-only
// One operation as text, `[@TASK] op args`, driven by the rows of ops/index.ts.
import { describeKind, fits, highestOf, isNumeric, lowestOf, TASK_MAX } from "./kinds.ts";
import { Line } from "./lexer.ts";
import type { Arg, Op, OpRow } from "./op.ts";
import { opByName } from "./ops/index.ts";

/** Reads one operation and nothing else. Throws UserError. */
export function parseOp(text: string, file = "operation"): Op {
  return readOp(Line.of(file, 1, text));
}

/** Reads an operation from the rest of a line. */
export function readOp(line: Line): Op {
  const task = readTask(line);
  const row = opByName.get(line.peek() ?? "");
  if (row === undefined) line.fail("an operation");
  line.take();
  const order = orderOf(row, line);
  const args = row.args.map((arg) => arg.optional ?? 0);
  let given = true;
  for (const index of order) {
    const arg = row.args[index];
    const value = readArg(line, arg, arg.together === true && given);
    given = value !== undefined;
    if (value !== undefined) args[index] = value;
  }
  line.end();
  return { task, row, args };
}

function readTask(line: Line): number {
  const word = line.peek();
  if (word === undefined || word[0] !== "@") return 0;
  const task = /^@\d{1,2}$/.test(word) ? Number(word.slice(1)) : Infinity;
  if (task > TASK_MAX) line.fail(`@TASK with a task 0..${TASK_MAX}`);
  line.take();
  return task;
}

/** The row's own order, unless only its other order fits the word where the two differ. */
function orderOf(row: OpRow, line: Line): readonly number[] {
  const own = row.args.map((_, index) => index);
  const other = row.alsoOrder;
  if (other === undefined) return own;
  const differs = own.findIndex((index) => other[index] !== index);
  const word = line.peekAt(differs);
  const fitsOwn = fits(row.args[differs].kind, word);
  return !fitsOwn && fits(row.args[other[differs]].kind, word) ? other : own;
}

/** The value, or undefined when the argument was left out. `must`: it may not be, here. */
function readArg(line: Line, arg: Arg, must: boolean): number | undefined {
  const { kind } = arg;
  if (kind.type === "flags") return readFlags(line, kind.words);
  const word = line.peek();
  const optional = arg.optional !== undefined && !must;
  if (optional && (arg.together === true || !fits(kind, word))) return undefined;
  const value = kind.type === "word" ? kind.words.indexOf(word ?? "") : Number(word);
  if (!fits(kind, word) || value < lowestOf(kind) || value > highestOf(kind)) {
    line.fail(`${arg.name}, ${describeKind(kind)}`);
  }
  line.take();
  return value;
}

function readFlags(line: Line, words: readonly string[]): number {
  let mask = 0;
  for (;;) {
    const index = words.indexOf(line.peek() ?? "");
    if (index < 0) return mask;
    if (((mask >> index) & 1) !== 0) line.fail(`${words[index]} only once`);
    mask |= 1 << index;
    line.take();
  }
}

/** The text of an operation; task 0 has no prefix. */
export function printOp(op: Op): string {
  const { row, args } = op;
  const words = op.task === 0 ? [row.name] : [`@${op.task}`, row.name];
  for (let i = 0; i < args.length; i++) {
    const { kind } = row.args[i];
    if (kind.type === "flags") words.push(...kind.words.filter((_, bit) => (args[i] >> bit) & 1));
    else if (!leftOut(row, args, i)) {
      words.push(kind.type === "word" ? kind.words[args[i]] : String(args[i]));
    }
  }
  return words.join(" ");
}

/** An optional argument is not printed when it and those that go together with it are default. */
function leftOut(row: OpRow, args: readonly number[], index: number): boolean {
  if (row.args[index].optional === undefined) return false;
  let i = index;
  while (row.args[i].together === true) i--;
  do {
    if (args[i] !== row.args[i].optional) return false;
    i++;
  } while (row.args[i]?.together === true);
  return true;
}

/** `mmap P N PROT KIND [FD OFF] [populate|locked|...]`, for `faultline ops` and messages. */
export function usage(row: OpRow): string {
  const words = [row.name];
  for (const [i, arg] of row.args.entries()) {
    const name = isNumeric(arg.kind) || isProt(arg) ? arg.name : describeKind(arg.kind);
    const opens = arg.kind.type === "flags" || (arg.optional !== undefined && !arg.together);
    const closes = arg.kind.type === "flags" ||
      (arg.optional !== undefined && row.args[i + 1]?.together !== true);
    words.push(`${opens ? "[" : ""}${name}${closes ? "]" : ""}`);
  }
  return words.join(" ");
}

/** PROT has too many words to spell out each time. */
function isProt(arg: Arg): boolean {
  return arg.name === "PROT";
}
