// SPDX-License-Identifier: GPL-2.0-only
// A worker process as its campaign sees it: messages, last words, and how it ends.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { built } from "../root.ts";
import { parseMessage } from "./messages.ts";
import type { Message, StatsMessage, WorkerOptions } from "../../triage/messages.ts";

/** After a request to stop, for minimising and saving what was just found. */
const GRACE_MS = 20_000;
/** Longer than libFuzzer's own limit for one input: a worker this quiet hangs in an execution. */
const SILENCE_MS = 180_000;
const LAST_WORDS = 12;
const PIPE = 3;

export class Worker {
  stats: StatsMessage = { type: "stats", executions: 0, coverage: 0, pairs: 0, titles: {} };
  /** Why it ended badly, in a sentence; null: it did not. */
  failure: string | null = null;
  /** The failure came after it had been asked to stop. */
  get stopping(): boolean {
    return this.grace !== null;
  }
  readonly ended: Promise<void>;
  private readonly child: ChildProcess;
  private readonly words: string[] = [];
  private grace: NodeJS.Timeout | null = null;
  private silence: NodeJS.Timeout;
  /** It has said itself what went wrong. */
  private explained = false;
  private gone = false;

  constructor(
    readonly number: number,
    readonly options: WorkerOptions,
    private readonly hear: (worker: Worker, message: Message) => void,
  ) {
    // A group of its own: Ctrl-C reaches the campaign only, which then asks once. libFuzzer dies
    // at a second SIGINT.
    this.child = spawn(process.execPath, [built("fuzz/worker.js"), JSON.stringify(options)], {
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      detached: true,
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream !== null) createInterface(stream).on("line", (line) => this.remember(line));
    }
    this.silence = setTimeout(() => this.hangs(), SILENCE_MS);
    const pipe = this.child.stdio[PIPE] as Readable;
    createInterface(pipe).on("line", (line) => this.read(line));
    this.ended = new Promise((resolve) => {
      this.child.on("error", (error) => {
        this.failure = `worker ${number} does not start: ${error.message}`;
        this.gone = true;
        clearTimeout(this.silence);
        resolve();
      });
      this.child.on("close", (code, signal) => {
        this.gone = true;
        if (this.grace !== null) clearTimeout(this.grace);
        clearTimeout(this.silence);
        this.failure ??= this.judge(code, signal);
        resolve();
      });
    });
  }

  /** Asks it to stop after what it is doing. */
  stop(): void {
    if (this.grace !== null || this.gone) return;
    this.child.kill("SIGINT");
    this.grace = setTimeout(() => {
      this.failure = `worker ${this.number} did not stop in ${GRACE_MS / 1000} s and was killed`;
      this.kill();
    }, GRACE_MS);
  }

  kill(): void {
    this.child.kill("SIGKILL");
  }

  private hangs(): void {
    const { number, options } = this;
    const { target, seed } = options;
    this.failure = `worker ${number} (${target}, ${options.mode}, seed ${seed}) gave no sign ` +
      `of life for ${SILENCE_MS / 1000} s: an execution does not end; it was killed`;
    this.kill();
  }

  private read(line: string): void {
    this.silence.refresh();
    const message = parseMessage(line);
    if (message === null) return;
    if (message.type === "stats") this.stats = message;
    if (message.type === "internal" || message.type === "error") this.explained = true;
    this.hear(this, message);
  }

  private remember(line: string): void {
    this.words.push(line);
    if (this.words.length > LAST_WORDS) this.words.shift();
  }

  private judge(code: number | null, signal: NodeJS.Signals | null): string | null {
    if (code === 0 || this.explained) return null;
    // Asked to stop before it could listen.
    if (signal === "SIGINT" && this.grace !== null) return null;
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    const known: Record<number, string> = { 70: "one input took too long", 71: "out of memory" };
    const why = code !== null && code in known ? ` (${known[code]})` : "";
    const words = this.words.map((line) => `\n  | ${line}`).join("");
    return `worker ${this.number} (seed ${this.options.seed}) ended ${how}${why}; ` +
      `its last lines:${words}`;
  }
}
