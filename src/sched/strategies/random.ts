// SPDX-License-Identifier: GPL-2.0-only
// Random walk: at every point, each runnable task is as likely as any other.
import { Prng } from "../../lib/prng.ts";
import { member, size } from "../../lib/bits.ts";
import { run } from "../point.ts";
import type { Strategy } from "./strategy.ts";

export class RandomWalk implements Strategy {
  readonly name = "random";
  private prng: Prng;

  constructor(private readonly seed: number) {
    this.prng = new Prng(seed);
  }

  begin(): void {
    this.prng = new Prng(this.seed);
    run.stopAt = 0;
  }

  pick(runnable: number): number {
    run.stopAt = run.step + 1;
    return member(runnable, this.prng.below(size(runnable)));
  }
}
