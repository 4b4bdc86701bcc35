// SPDX-License-Identifier: GPL-2.0-only
// A case as text (design/cases.md): strict to read, and parse(print(c)) equals c.
import { DEFAULT_CONFIG } from "./case.ts";
import type { Case, Config } from "./case.ts";
import { HEADERS } from "./header-text.ts";
import type { HeaderKey } from "./header-text.ts";
import { OPS_MAX } from "./kinds.ts";
import { Line } from "./lexer.ts";
import type { Op } from "./op.ts";
import { printOp, readOp } from "./op-text.ts";
import { printSpec } from "./schedule-text.ts";

export { parseOp, printOp, usage } from "./op-text.ts";

type Part = "setup" | "run" | "teardown";
const PARTS: readonly Part[] = ["setup", "run", "teardown"];

/** What is known while a file is read; `story` and `config` are still open. */
interface Draft extends Case {
  config: Config;
  story: string[];
}

class Reader {
  private readonly draft: Draft = {
    config: { ...DEFAULT_CONFIG }, story: [], expect: null,
    setup: [], run: [], teardown: [], schedule: { type: "turns", turns: [] },
  };
  private part: Part = "setup";
  private inHeader = true;
  private readonly seen = new Set<string>();

  constructor(private readonly file: string) {}

  read(text: string): Case {
    const lines = text.split(/\r?\n/);
    for (let i = 0; i < lines.length; i++) this.line(lines[i], i + 1);
    return this.draft;
  }

  private line(text: string, number: number): void {
    const comment = /^[ \t]*#(.*)$/su.exec(text);
    if (comment !== null) {
      // Comments between operations belong to a hand, not to the case.
      if (this.inHeader) this.draft.story.push(comment[1].replace(/^ /, "").trimEnd());
      return;
    }
    const key = /^[ \t]*([A-Za-z_-]+):/.exec(text);
    const line = Line.of(this.file, number, text, key === null ? 0 : key[0].length);
    if (key === null) {
      if (line.peek() !== undefined) this.operation(line);
      return;
    }
    const column = key[0].length - key[1].length;
    const part = PARTS.find((name) => name === key[1]);
    if (part !== undefined) this.heading(part, line, column);
    else this.header(key[1], line, text.slice(key[0].length), column);
  }

  private heading(part: Part, line: Line, column: number): void {
    if (PARTS.indexOf(part) < PARTS.indexOf(this.part) || this.seen.has(part)) {
      line.failAt(column, `expected the parts setup:, run:, teardown: once each and in this ` +
        `order, got "${part}:"`);
    }
    if (part === "setup" && this.draft.setup.length > 0) {
      line.failAt(column, `expected setup: before all operations, got "setup:"`);
    }
    this.seen.add(part);
    this.inHeader = false;
    this.part = part;
    line.end();
  }

  private header(key: string, line: Line, rest: string, column: number): void {
    if (!Object.hasOwn(HEADERS, key)) {
      const keys = [...Object.keys(HEADERS), ...PARTS].join(", ");
      line.failAt(column, `expected a header or a part (${keys}), got "${key}"`);
    }
    if (this.seen.has(key)) line.failAt(column, `expected ${key}: only once, got "${key}:" again`);
    if (!this.inHeader && key !== "schedule") {
      line.failAt(column, `expected headers before the operations, got "${key}:"`);
    }
    this.seen.add(key);
    HEADERS[key as HeaderKey](this.draft, line, rest.trim());
  }

  private operation(line: Line): void {
    this.inHeader = false;
    const { [this.part]: ops } = this.draft;
    if (ops.length === OPS_MAX) line.fail(`at most ${OPS_MAX} operations in a part`);
    ops.push(readOp(line));
  }
}

/** Reads a case file. Throws UserError `file:line:column: expected ..., got ...`. */
export function parseCase(text: string, fileName: string): Case {
  return new Reader(fileName).read(text);
}

/** The canonical text of a case, with a line feed at the end. */
export function printCase(c: Case): string {
  const { config } = c;
  const out = c.story.map((line) => (line === "" ? "#" : `# ${line}`));
  const say = (key: string, value: string, silent: boolean) => {
    if (!silent) out.push(`${key}: ${value}`);
  };
  say("kernel", config.kernel, false);
  say("revert", config.revert.join(", "), config.revert.length === 0);
  say("apply", config.apply.join(", "), config.apply.length === 0);
  say("geometry", config.geometry, config.geometry === DEFAULT_CONFIG.geometry);
  say("locks", config.locks, config.locks === DEFAULT_CONFIG.locks);
  say("frames", String(config.frames), config.frames === DEFAULT_CONFIG.frames);
  say("expect", c.expect ?? "", c.expect === null);
  out.push("");
  if (c.run.length === 0 && c.teardown.length === 0) out.push(...c.setup.map(printOp));
  else for (const part of PARTS) out.push(...printPart(part, c[part]));
  const schedule = printSpec(c.schedule);
  say("schedule", schedule, schedule === "");
  return `${out.join("\n")}\n`;
}

function printPart(part: Part, ops: readonly Op[]): string[] {
  if (ops.length === 0) return [];
  // Who does what is the whole point of the run part, so task 0 is named there too.
  const prefix = (op: Op) => (part === "run" && op.task === 0 ? "@0 " : "");
  return [`${part}:`, ...ops.map((op) => `  ${prefix(op)}${printOp(op)}`)];
}
