// SPDX-License-Identifier: GPL-2.0-only
// PCT (Burckhardt et al., ASPLOS 2010): random priorities and depth-1 priority change points.
// Deviations: the length of the run is a parameter and not measured before, so that a case decides
// its own schedule; a change point beyond the real end is wasted. Later change points always give
// lower priorities (the paper draws the order): with two tasks every one of them then switches,
// while some bugs of three tasks need a depth of one more.
import { assert } from "../../lib/assert.ts";
import { Prng } from "../../lib/prng.ts";
import { run, TASKS_MAX } from "../point.ts";
import type { Strategy } from "./strategy.ts";

export class Pct implements Strategy {
  readonly name = "pct";
  private readonly priority = new Int32Array(TASKS_MAX);
  /** Change points to come: steps, in order. */
  private changes: number[] = [];

  /** `depth` >= 1: preemptions plus one; `length`: points of a run, an estimate. */
  constructor(
    private readonly seed: number,
    private readonly depth: number,
    private readonly length: number,
  ) {
    assert(depth >= 1, "PCT of no depth: 1 is no preemption");
    assert(length >= 1, "PCT over a run of no points");
  }

  begin(): void {
    const prng = new Prng(this.seed);
    // A random permutation above all the priorities that change points hand out.
    for (let t = 0; t < TASKS_MAX; t++) {
      const other = prng.below(t + 1);
      this.priority[t] = this.priority[other]!;
      this.priority[other] = this.depth + t;
    }
    this.changes = [];
    for (let i = 1; i < this.depth; i++) this.changes.push(run.step + prng.below(this.length));
    this.changes.sort((a, b) => a - b);
    run.stopAt = this.changes[0] ?? Infinity;
  }

  pick(runnable: number): number {
    // Whoever is about to take the step is lowered, also when a task has just blocked or ended.
    let top = this.highest(runnable);
    while (this.changes.length > 0 && run.step >= this.changes[0]!) {
      this.changes.shift();
      this.priority[top] = this.changes.length;
      top = this.highest(runnable);
    }
    run.stopAt = this.changes[0] ?? Infinity;
    return top;
  }

  private highest(runnable: number): number {
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
