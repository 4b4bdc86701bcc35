// SPDX-License-Identifier: GPL-2.0-only
// Lines of a case file as words with their places, and the one way to say that one is wrong.
import { UserError } from "../lib/assert.ts";

export interface Word {
  text: string;
  /** 1-based, in UTF-16 units. */
  column: number;
}

/** The words of `text` up to a comment: a `#` at the start or after a blank. */
export function wordsOf(text: string, from = 0): Word[] {
  const out: Word[] = [];
  const pattern = /[^ \t]+/g;
  pattern.lastIndex = from;
  for (let m = pattern.exec(text); m !== null && m[0][0] !== "#"; m = pattern.exec(text)) {
    out.push({ text: m[0], column: m.index + 1 });
  }
  return out;
}

/** Reads the words of one line in order. */
export class Line {
  private next = 0;

  constructor(
    readonly file: string,
    readonly number: number,
    private readonly words: readonly Word[],
    /** Where the end of the line is said to be. */
    private readonly endColumn: number,
  ) {}

  static of(file: string, number: number, text: string, from = 0): Line {
    const words = wordsOf(text, from);
    const last = words[words.length - 1];
    const end = last === undefined ? from + 1 : last.column + last.text.length;
    return new Line(file, number, words, end);
  }

  peek(): string | undefined {
    return this.words[this.next]?.text;
  }

  /** The word `ahead` places further, without taking any. */
  peekAt(ahead: number): string | undefined {
    return this.words[this.next + ahead]?.text;
  }

  take(): string | undefined {
    return this.words[this.next++]?.text;
  }

  /** The next word is not what it should be. */
  fail(expected: string): never {
    const word = this.words[this.next];
    const got = word === undefined ? "the end of the line" : JSON.stringify(word.text);
    this.failAt(word?.column ?? this.endColumn, `expected ${expected}, got ${got}`);
  }

  failAt(column: number, message: string): never {
    throw new UserError(`${this.file}:${this.number}:${column}: ${message}`);
  }

  /** Where the next word starts. */
  get column(): number {
    return this.words[this.next]?.column ?? this.endColumn;
  }

  end(): void {
    if (this.next < this.words.length) this.fail("the end of the line");
  }
}
