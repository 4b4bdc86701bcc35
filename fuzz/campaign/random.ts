// SPDX-License-Identifier: GPL-2.0-only
// The unguided half of a campaign: random operations, or those of a corpus input, under schedules
// of PCT or a random walk. Easy races fall to it sooner than to guidance (`npm run search`).
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { Prng } from "../../src/lib/prng.ts";
import { READINGS } from "../../src/program/bytes.ts";
import { BLOCK_AT, RECORDS_AT } from "../../src/program/target.ts";
import type { Target } from "../../src/program/target.ts";
import { StopFuzzing } from "../engine.ts";

const PCT = READINGS.indexOf("pct");
const WALK = READINGS.indexOf("walk");
/** Executions between two chances for signals, and between two looks at the corpus folder. */
const BATCH = 512;
const REFRESH_EVERY = 64 * BATCH;
const KEPT_MAX = 4096;
/** The first byte of a case that is kept as text: it has no records to draw from. */
const TEXT = 0x23;

/** Inputs of `target`: half of them new, half from the corpus that the guided workers fill. */
export class RandomInputs {
  private readonly prng: Prng;
  private readonly data: Uint8Array;
  private readonly names = new Set<string>();
  private kept: Uint8Array[] = [];

  constructor(
    private readonly target: Target,
    private readonly corpus: string,
    seed: number,
  ) {
    this.prng = new Prng(seed);
    this.data = new Uint8Array(target.size);
  }

  /** Valid until the next call. */
  next(): Uint8Array {
    const { data, prng } = this;
    for (let i = 0; i < data.length; i += 4) {
      const word = prng.next();
      for (let k = 0; k < 4 && i + k < data.length; k++) data[i + k] = word >>> (8 * k);
    }
    const choice = prng.next();
    if (this.kept.length > 0 && (choice & 1) === 1) {
      this.copy(this.kept[prng.below(this.kept.length)], (choice >>> 1) & 3);
    }
    data[0] = (choice & 8) === 0 ? PCT : WALK;
    return data;
  }

  /** Kernel and operations of `from`, `edits` bytes of them changed; the schedule stays random. */
  private copy(from: Uint8Array, edits: number): void {
    const { data, prng } = this;
    data.set(from.subarray(1, BLOCK_AT), 1);
    data.set(from.subarray(RECORDS_AT), RECORDS_AT);
    for (let i = 0; i < edits; i++) {
      data[RECORDS_AT + prng.below(data.length - RECORDS_AT)] = prng.next() & 255;
    }
  }

  /** Takes in what others have added to the corpus. */
  refresh(): void {
    for (const name of readdirSync(this.corpus)) {
      if (this.names.has(name) || this.kept.length >= KEPT_MAX) continue;
      this.names.add(name);
      const input = readIfThere(join(this.corpus, name));
      if (input === null || input.length < RECORDS_AT || input[0] === TEXT) continue;
      this.kept.push(input.subarray(0, this.target.size));
    }
  }

  /** Adds an input that showed something new, under the name that libFuzzer would give it. */
  keep(data: Uint8Array): void {
    const name = createHash("sha1").update(data).digest("hex");
    if (this.names.has(name)) return;
    this.names.add(name);
    if (this.kept.length < KEPT_MAX) this.kept.push(data.slice());
    try {
      writeFileSync(join(this.corpus, name), data);
    } catch {
      // A corpus that cannot grow is no reason to stop looking for bugs.
    }
  }
}

/** Null for folders, and for files that another process has just removed. */
function readIfThere(path: string): Uint8Array | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}

/** Until `run` throws StopFuzzing, or a signal asks to stop. */
export async function runRandom(
  inputs: RandomInputs, run: (data: Uint8Array) => boolean,
): Promise<void> {
  let stop = false;
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => (stop = true));
  try {
    for (let executions = 0; !stop; executions += BATCH) {
      if (executions % REFRESH_EVERY === 0) inputs.refresh();
      for (let i = 0; i < BATCH; i++) {
        const data = inputs.next();
        if (run(data)) inputs.keep(data);
      }
      await setImmediate();
    }
  } catch (error) {
    if (!(error instanceof StopFuzzing)) throw error;
  }
}
