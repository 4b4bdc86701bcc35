// SPDX-License-Identifier: GPL-2.0-only
// What a fuzz target draws each argument from: tables with repeats, made so that operations meet
// on few pages and ranges coincide with huge pages.
import type { Geometry } from "./case.ts";
import type { Arg, OpRow } from "./op.ts";

/** The world that a target draws from. */
export interface Shape {
  /** Pages of the arena and of files. */
  pages: number;
  geometry: Geometry;
  /** Files 0 to files-1; likewise one userfaultfd, pipe and pin each. */
  files: number;
  tasks: number;
}

export function hugeOf(geometry: Geometry): number {
  return geometry === "small" ? 8 : 512;
}

const repeat = (times: number, values: readonly number[]) => Array(times).fill(values).flat();
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

/** First pages of the huge pages in the arena. */
function bases(shape: Shape): number[] {
  const huge = hugeOf(shape.geometry);
  return upTo(Math.ceil(shape.pages / huge)).map((i) => i * huge).slice(0, 8);
}

/** Every page of a small arena; of a large one the neighbours of the bases. */
function anyPage(shape: Shape): number[] {
  if (shape.pages <= 32) return upTo(shape.pages);
  const huge = hugeOf(shape.geometry);
  return bases(shape).flatMap((b) => [b, b + 1, b + huge / 2, b + huge - 1])
    .filter((page) => page < shape.pages);
}

/** One page: 0 and 1 are hot, and so is the start of every huge page. */
function onePage(shape: Shape): number[] {
  return [0, 0, 0, 1, 1, ...repeat(2, bases(shape)), ...anyPage(shape)];
}

/** The start of a range: five of six are aligned to huge pages. */
function rangeStart(shape: Shape): number[] {
  const any = anyPage(shape);
  const aligned = bases(shape);
  return [...repeat(Math.ceil((5 * any.length) / aligned.length), aligned), ...any];
}

/** The length of a range: a page or two, a huge page, or everything. */
function rangeLength(shape: Shape): number[] {
  const huge = hugeOf(shape.geometry);
  return [1, 1, 2, huge / 2, ...repeat(4, [huge, shape.pages])];
}

const RW = 3;

/** The table for one argument of `row`; an index drawn uniformly gives the value. */
export function domainOf(arg: Arg, row: OpRow, shape: Shape): readonly number[] {
  const { kind } = arg;
  const ranged = row.args.some((other) => other.kind.type === "pages");
  switch (kind.type) {
    case "page":
      return ranged ? rangeStart(shape) : onePage(shape);
    case "pages":
      return rangeLength(shape);
    case "value":
      return upTo(256);
    case "fd":
      return upTo(shape.files);
    case "slot":
      return [0];
    case "task":
      return upTo(shape.tasks);
    case "count":
      return arg.optional === undefined ? [0, 0, 1, 2] : [arg.optional, 1, 1, 2];
    case "number":
      return [...repeat(shape.pages, [-1]), ...rangeStart(shape)].slice(0, 256);
    case "word":
      if (arg.name === "PROT") return [RW, RW, RW, RW, 1, 1, 2, 0];
      return upTo(kind.words.length);
    case "flags":
      return flagMasks(kind.words.length);
  }
}

/** None most of the time, else one flag or two neighbours. */
function flagMasks(words: number): number[] {
  const bits = upTo(words);
  const pairs = bits.slice(1).map((bit) => (1 << bit) | (1 << (bit - 1)));
  return [...repeat(2 * words, [0]), ...bits.map((bit) => 1 << bit), ...pairs];
}
