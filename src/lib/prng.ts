// SPDX-License-Identifier: GPL-2.0-only
// The one source of randomness: seedrandom's xor128 behind an integer-only interface.
// xor128 and not the default ARC4, because a fuzz execution seeds one per run (0.5 us, not 30).
import xor128 from "seedrandom/lib/xor128.js";

export class Prng {
  private readonly source: { int32(): number };

  /** Same `seed` (any 32-bit integer), same sequence, on every Node. */
  constructor(seed: number) {
    // From 0, and from 0 only, xor128 draws nothing but zeros.
    this.source = xor128((seed | 0) || 0x5eed);
  }

  /** Uniform unsigned 32-bit integer. */
  next(): number {
    return this.source.int32() >>> 0;
  }

  /** Uniform in [0, bound); bound is at least 1 and far below 2^32, so modulo bias is ignored. */
  below(bound: number): number {
    return this.next() % bound;
  }
}
