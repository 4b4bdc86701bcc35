// SPDX-License-Identifier: GPL-2.0-only
// What a scheduling strategy is: asked at the stops that it sets itself, and whenever a task
// blocks or ends.

export interface Strategy {
  readonly name: string;
  /** A run begins; `tasks` is the mask of all its tasks. Sets run.stopAt and run.watch. */
  begin(tasks: number): void;
  /**
   * Who runs next: a member of `runnable`. `from` is the task that stands at a point and could go
   * on, -1 when it blocked or ended. Sets run.stopAt for its next stop.
   */
  pick(runnable: number, from: number): number;
  /** Tasks that were blocked may run again; a strategy with priorities asks for a stop. */
  woken?(tasks: number): void;
}
