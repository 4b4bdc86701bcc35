// SPDX-License-Identifier: GPL-2.0-only
// The fuzzer's schedules: a fixed block of bytes, read as point counts, as site visits or as a
// seed for PCT or a random walk (engine.md, section D: the last three are far denser in bugs).
import { assert } from "../../lib/assert.ts";
import { lowest, member, size } from "../../lib/bits.ts";
import { run } from "../point.ts";
import { here } from "../site.ts";
import { Pct } from "./pct.ts";
import { RandomWalk } from "./random.ts";
import type { Strategy } from "./strategy.ts";

/** Bytes of a schedule block: eight switches of two bytes. */
export const BLOCK_SIZE = 16;
export const BYTE_MODES = ["counts", "sites", "pct", "walk"] as const;
export type ByteMode = (typeof BYTE_MODES)[number];

/** Longest turn that one byte of a count can ask for, in points. */
const TURN_MAX = 96;

/**
 * counts: (points, target) pairs. sites: (low byte of a site, visit and target) pairs. pct: byte 0
 * is the depth, byte 1 the length, the seed is drawn from the rest. walk: a seed for a random walk,
 * which finds shallow races soonest (`npm run search`). Targets count runnable tasks
 * other than the current one, so that no preemption is wasted.
 */
export function fromBytes(mode: ByteMode, block: Uint8Array): Strategy {
  assert(block.length === BLOCK_SIZE, "a schedule block of another size");
  if (mode === "counts") return new Counts(block);
  if (mode === "sites") return new Sites(block);
  if (mode === "walk") return new RandomWalk(seedOf(block, 0));
  return new Pct(seedOf(block, 2), 2 + (block[0]! & 3), 16 << (block[1]! & 3));
}

/** A seed from the block's bytes at `from` and after. */
function seedOf(block: Uint8Array, from: number): number {
  let seed = 0;
  for (let i = from; i < BLOCK_SIZE; i++) seed = Math.imul(seed ^ block[i]!, 0x01000193) + i;
  return seed;
}

/** Another runnable task than `from`, chosen by `target`; `from` itself when it is alone. */
function other(runnable: number, from: number, target: number): number {
  const others = from < 0 ? runnable : runnable & ~(1 << from);
  return others === 0 ? from : member(others, target % size(others));
}

class Counts implements Strategy {
  readonly name = "counts";
  private next = 0;

  constructor(private readonly block: Uint8Array) {}

  begin(): void {
    this.next = 0;
    run.stopAt = this.turn();
  }

  private turn(): number {
    if (this.next >= BLOCK_SIZE) return Infinity;
    return run.step + 1 + (this.block[this.next]! % TURN_MAX);
  }

  pick(runnable: number, from: number): number {
    // A task that blocks or ends uses no entry: an edit of the operations must not shift them.
    if (from < 0) return this.next === 0 ? this.first(runnable) : lowest(runnable);
    const target = this.block[this.next + 1]!;
    this.next += 2;
    run.stopAt = this.turn();
    return other(runnable, from, target);
  }

  private first(runnable: number): number {
    return member(runnable, (this.block[1]! >> 4) % size(runnable));
  }
}

class Sites implements Strategy {
  readonly name = "sites";
  private readonly visits = new Uint8Array(256);
  private readonly targets = new Uint8Array(256);

  constructor(private readonly block: Uint8Array) {}

  begin(): void {
    run.stopAt = Infinity;
    for (let i = 0; i < BLOCK_SIZE; i += 2) {
      const low = this.block[i]!;
      run.watch[low] = 1;
      this.visits[low] = 1 + (this.block[i + 1]! & 3);
      this.targets[low] = this.block[i + 1]! >> 2;
    }
  }

  pick(runnable: number, from: number): number {
    if (from < 0) return member(runnable, (this.block[1]! >> 4) % size(runnable));
    const low = here.site & 255;
    this.visits[low] = this.visits[low]! - 1;
    if (this.visits[low] !== 0) return from;
    run.watch[low] = 0;
    return other(runnable, from, this.targets[low]!);
  }
}
