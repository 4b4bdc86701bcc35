// SPDX-License-Identifier: GPL-2.0-only
// Replay: follows a schedule turn by turn; after its end tasks run to completion, lowest first.
import { lowest } from "../../lib/bits.ts";
import { run } from "../point.ts";
import type { Schedule, Segment } from "../schedule.ts";
import { allSites, here, siteName } from "../site.ts";
import type { Strategy } from "./strategy.ts";

export class Replay implements Strategy {
  readonly name = "replay";
  private next = 0;
  private turn: Segment | null = null;
  private visits = 0;

  constructor(private readonly schedule: Schedule) {}

  begin(): void {
    this.next = 0;
    this.turn = null;
    run.stopAt = Infinity;
  }

  /** Turns of tasks that cannot run are skipped: a shortened schedule stays a schedule. */
  pick(runnable: number, from: number): number {
    if (from >= 0 && this.turn?.site !== undefined && !this.reached(this.turn)) return from;
    run.watch.fill(0);
    while (this.next < this.schedule.length) {
      const turn = this.schedule[this.next++]!;
      if (((runnable >> turn.task) & 1) === 0) continue;
      this.start(turn);
      return turn.task;
    }
    this.turn = null;
    run.stopAt = Infinity;
    return lowest(runnable);
  }

  private start(turn: Segment): void {
    this.turn = turn;
    this.visits = 0;
    if (turn.site === undefined) {
      run.stopAt = run.step + turn.steps;
      return;
    }
    run.stopAt = Infinity;
    for (const { key } of allSites()) if (siteName(key) === turn.site) run.watch[key & 255] = 1;
  }

  private reached(turn: Segment): boolean {
    if (siteName(here.site) !== turn.site) return false;
    this.visits++;
    return this.visits === (turn.visit ?? 1);
  }
}
