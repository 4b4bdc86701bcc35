// SPDX-License-Identifier: GPL-2.0-only
// A strategy that distrusts the program: it records a run, replays it, and compares what happened
// and who could run at every decision (the idea is shuttle's uncontrolled_nondeterminism).
import { InternalError } from "../../lib/assert.ts";
import { run } from "../point.ts";
import type { Strategy } from "./strategy.ts";

interface Decision {
  runnable: number;
  from: number;
  step: number;
  /** Of all accesses so far. */
  hash: number;
  choice: number;
}

export class Distrust implements Strategy {
  readonly name = "distrust";
  private decisions: Decision[] = [];
  private next = -1;

  constructor(private readonly inner: Strategy) {}

  /** The first run records; every later one must take the same decisions. */
  begin(tasks: number): void {
    this.next = this.decisions.length === 0 ? -1 : 0;
    if (this.next < 0) this.inner.begin(tasks);
    else this.awaitNext();
  }

  /** Stops where the next recorded stop was; a task that blocks or ends asks by itself. */
  private awaitNext(): void {
    const then = this.decisions[this.next];
    run.stopAt = then !== undefined && then.from >= 0 ? then.step : Infinity;
  }

  pick(runnable: number, from: number): number {
    if (this.next < 0) {
      const choice = this.inner.pick(runnable, from);
      const { step, hash } = run;
      this.decisions.push({ runnable, from, step, hash, choice });
      return choice;
    }
    const then = this.decisions[this.next++];
    const same =
      then !== undefined &&
      then.runnable === runnable &&
      then.from === from &&
      then.step === run.step &&
      then.hash === run.hash;
    if (!same) {
      throw new InternalError(
        `the model is not deterministic: decision ${this.next} had tasks ` +
          `${then?.runnable.toString(2)} at point ${then?.step}, now ` +
          `${runnable.toString(2)} at point ${run.step}`,
      );
    }
    this.awaitNext();
    return then.choice;
  }

  woken(tasks: number): void {
    if (this.next < 0) this.inner.woken?.(tasks);
  }
}
