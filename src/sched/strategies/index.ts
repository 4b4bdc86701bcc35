// SPDX-License-Identifier: GPL-2.0-only
// The registry of strategies: one line each; strategyLaws.test.ts runs over it.
import { Pct } from "./pct.ts";
import { RandomWalk } from "./random.ts";
import { RoundRobin } from "./round-robin.ts";
import type { Strategy } from "./strategy.ts";

export interface StrategyOptions {
  seed: number;
  /** PCT's depth, preemptions plus one. */
  depth: number;
  /** Points that a run is expected to have. */
  length: number;
}

/** Strategies that need nothing but a seed; replay and bytes are made from their own values. */
export const strategies: Record<string, (o: StrategyOptions) => Strategy> = {
  "round-robin": () => new RoundRobin(),
  random: (o) => new RandomWalk(o.seed),
  pct: (o) => new Pct(o.seed, o.depth, o.length),
};
