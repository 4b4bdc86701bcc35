// SPDX-License-Identifier: GPL-2.0-only
// Round robin: every task in turn, `quantum` points each.
import { assert } from "../../lib/assert.ts";
import { lowest } from "../../lib/bits.ts";
import { run } from "../point.ts";
import type { Strategy } from "./strategy.ts";

export class RoundRobin implements Strategy {
  readonly name = "round-robin";
  private last = -1;

  constructor(private readonly quantum: number = 1) {
    assert(quantum >= 1, "a quantum of no points");
  }

  begin(): void {
    this.last = -1;
    run.stopAt = this.quantum;
  }

  pick(runnable: number): number {
    const after = runnable & ~((2 << this.last) - 1);
    this.last = lowest(after !== 0 ? after : runnable);
    run.stopAt = run.step + this.quantum;
    return this.last;
  }
}
