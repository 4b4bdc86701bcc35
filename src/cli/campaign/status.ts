// SPDX-License-Identifier: GPL-2.0-only
// The status of a campaign: a block that rewrites itself on a terminal, a line now and then else.
import { createLogUpdate } from "log-update";
import color from "picocolors";

export interface Progress {
  target: string;
  /** Of the campaign; null: no limit. */
  seconds: number;
  limit: number | null;
  executions: number;
  perSecond: number;
  coverage: number;
  pairs: number;
  corpus: number;
  /** Findings by normalised title, and the buckets that they went to. */
  titles: ReadonlyMap<string, number>;
  buckets: number;
}

const TERMINAL_MS = 200;
const PIPE_MS = 5000;

export function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  const two = (n: number): string => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return hours === 0 ? rest : `${hours}:${rest}`;
}

export function grouped(n: number): string {
  return Math.round(n).toLocaleString("en-US");
}

/** One line, for a pipe or a log file. */
export function statusLine(p: Progress): string {
  const found = [...p.titles.values()].reduce((sum, n) => sum + n, 0);
  return [
    clock(p.seconds), `${grouped(p.executions)} executions`, `${grouped(p.perSecond)}/s`,
    `coverage ${p.coverage}`, `interleavings ${p.pairs}`, `corpus ${p.corpus}`,
    `findings ${grouped(found)} in ${p.buckets} bucket${p.buckets === 1 ? "" : "s"}`,
  ].join("  ");
}

/** Several lines, for a terminal. */
export function statusBlock(p: Progress, columns: number): string {
  const of = p.limit === null ? "" : color.dim(` of ${clock(p.limit)}`);
  const line = (name: string, value: string): string => `${color.dim(name.padEnd(14))}${value}`;
  const rows = [
    line("target", color.bold(p.target)),
    line("elapsed", `${clock(p.seconds)}${of}`),
    line("executions", `${grouped(p.executions)}  (${color.bold(grouped(p.perSecond))}/s)`),
    line("coverage", `${grouped(p.coverage)} branches and call sites`),
    line("interleavings", `${grouped(p.pairs)} racing pairs`),
    line("corpus", `${grouped(p.corpus)} inputs`),
  ];
  const titles = [...p.titles].sort((a, b) => b[1] - a[1]);
  rows.push(line("findings", titles.length === 0 ? "none yet" : `in ${p.buckets} buckets`));
  for (const [title, count] of titles) {
    const text = `${grouped(count).padStart(9)} x `;
    rows.push(color.red(text + title.slice(0, Math.max(20, columns - text.length - 1))));
  }
  return rows.join("\n");
}

/** Shows progress on `stream` until stop(); messages in between go through say(). */
export class Status {
  private readonly terminal: boolean;
  private readonly update: ReturnType<typeof createLogUpdate> | null;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly progress: () => Progress,
    private readonly stream: NodeJS.WriteStream,
  ) {
    this.terminal = stream.isTTY === true;
    this.update = this.terminal ? createLogUpdate(stream, { showCursor: true }) : null;
    this.timer = setInterval(() => this.show(), this.terminal ? TERMINAL_MS : PIPE_MS);
  }

  /** A line that stays. */
  say(text: string): void {
    this.update?.clear();
    this.stream.write(`${text}\n`);
    if (this.terminal) this.show();
  }

  /** Leaves the last state on the screen. */
  stop(): void {
    clearInterval(this.timer);
    this.show();
    this.update?.done();
  }

  private show(): void {
    const progress = this.progress();
    if (this.update === null) this.stream.write(`${statusLine(progress)}\n`);
    else this.update(statusBlock(progress, this.stream.columns ?? 80));
  }
}
