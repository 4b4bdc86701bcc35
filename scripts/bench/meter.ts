// SPDX-License-Identifier: GPL-2.0-only
// Counts executions and points per second after a warm-up, the same way in a plain loop and
// inside libFuzzer.

export interface Rate {
  perSecond: number;
  pointsPerSecond: number;
  /** CPU time of the process over elapsed time: far below 1, the machine was busy elsewhere. */
  cpu: number;
}

/** Between two looks at the clock. */
const CHECK_EVERY = 16;

export class Meter {
  rate: Rate | null = null;
  private count = 0;
  private points = 0;
  private warm = false;
  private from = performance.now();
  private cpuFrom = process.cpuUsage();

  constructor(
    private readonly warmMs: number,
    private readonly measureMs: number,
  ) {}

  /** After each execution; true when the time is over and `rate` is known. */
  tick(points: number): boolean {
    this.points += points;
    if (++this.count % CHECK_EVERY !== 0) return false;
    const now = performance.now();
    const ms = now - this.from;
    if (!this.warm) {
      if (ms >= this.warmMs) this.start(now);
      return false;
    }
    if (ms < this.measureMs) return false;
    const { user, system } = process.cpuUsage(this.cpuFrom);
    const perSecond = (count: number) => count * 1000 / ms;
    this.rate = {
      perSecond: perSecond(this.count),
      pointsPerSecond: perSecond(this.points),
      cpu: (user + system) / 1000 / ms,
    };
    return true;
  }

  private start(now: number): void {
    this.warm = true;
    this.from = now;
    this.cpuFrom = process.cpuUsage();
    this.count = 0;
    this.points = 0;
  }
}
