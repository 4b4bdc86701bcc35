// SPDX-License-Identifier: GPL-2.0-only
// How much of the modelled kernel a worker has reached so far: counted by itself, because libFuzzer
// prints its figure only now and then, and random workers have no libFuzzer.
import { branches, seen, sites } from "../../src/sched/feedback.ts";

/** A look costs some microseconds; new sites and pairs call for one at once. */
const EVERY = 64;

export class Coverage {
  /** Counters of branches and sites that were ever set. */
  cells = 0;
  private readonly known = new Uint8Array(branches.length + sites.length);
  private features = 0;
  private left = EVERY;

  /** After each execution; true when it passed a new site or racing pair. */
  look(): boolean {
    const features = seen.pairs + seen.sites;
    const isNew = features !== this.features;
    this.left--;
    if (isNew || this.left === 0) {
      this.features = features;
      this.left = EVERY;
      this.collect(branches, 0);
      this.collect(sites, branches.length);
    }
    return isNew;
  }

  private collect(counters: Uint8Array, from: number): void {
    for (let i = 0; i < counters.length; i++) {
      if (counters[i] === 0 || this.known[from + i] !== 0) continue;
      this.known[from + i] = 1;
      this.cells++;
    }
  }
}
