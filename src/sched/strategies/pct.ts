// SPDX-License-Identifier: GPL-2.0-only
// PCT (Burckhardt et al., ASPLOS 2010): random priorities and depth-1 priority change points.
// Deviation: the length of the run is a parameter and not measured before, so that a case decides
// its own schedule; a change point beyond the real end is wasted.
import { Prng } from "../../lib/prng.ts";
import { run, TASKS_MAX } from "../point.ts";
import type { Strategy } from "./strategy.ts";

export class Pct implements Strategy {
  readonly name = "pct";
  private readonly priority = new Int32Array(TASKS_MAX);
  private changes: number[] = [];

  /** `depth` >= 1: preemptions plus one; `length`: points of a run, an estimate. */
  constructor(
    private readonly seed: number,
    private readonly depth: number,
    private readonly length: number,
  ) {}

  begin(): void {
    const prng = new Prng(this.seed);
    // A random permutation above all the priorities that change points hand out.
    for (let t = 0; t < TASKS_MAX; t++) {
      const other = prng.below(t + 1);
      this.priority[t] = this.priority[other]!;
      this.priority[other] = this.depth + t;
    }
    this.changes = [];
    for (let i = 1; i < this.depth; i++) this.changes.push(prng.below(this.length));
    this.changes.sort((a, b) => a - b);
    run.stopAt = this.changes[0] ?? Infinity;
  }

  pick(runnable: number, from: number): number {
    while (this.changes.length > 0 && run.step >= this.changes[0]!) {
      this.changes.shift();
      // Later change points get lower priorities, as in the paper.
      if (from >= 0) this.priority[from] = this.changes.length;
    }
    run.stopAt = this.changes[0] ?? Infinity;
    let best = -1;
    for (let t = 0; runnable >> t !== 0; t++) {
      if ((runnable >> t) & 1 && (best < 0 || this.priority[t]! > this.priority[best]!)) best = t;
    }
    return best;
  }

  woken(): void {
    run.stopAt = Math.min(run.stopAt, run.step);
  }
}
