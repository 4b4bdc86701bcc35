// SPDX-License-Identifier: GPL-2.0-only
// Runs candidates of the minimiser: does this smaller case still show the same bug?
import type { Execute, Outcome } from "../outcome.ts";
import type { Case } from "../program/case.ts";
import type { Op } from "../program/op.ts";
import { printSchedule } from "../sched/schedule.ts";
import type { Schedule } from "../sched/schedule.ts";
import { assert, UserError } from "../lib/assert.ts";
import { signatureOf } from "./bucket.ts";
import type { Signature } from "./bucket.ts";
import { counted } from "./edits.ts";
import { runPart } from "./timeline.ts";
import type { RunPart } from "./timeline.ts";
import { normaliseTitle } from "./title.ts";

/** A case that shows the bug, with what its traced run says. Its schedule has every turn. */
export interface Shown {
  case: Case;
  outcome: Outcome;
  part: RunPart;
  signature: Signature;
}

/** What must stay the same; without an identity the title alone decides. */
export interface Wanted {
  title: string;
  identity: string | null;
}

/** The three parts of a case, in the order in which they run. */
export const PARTS = ["setup", "run", "teardown"] as const;
export type PartName = (typeof PARTS)[number];

/** Two cases with one key run the same. */
export function caseKey(c: Case): string {
  const ops = (list: readonly Op[]): string =>
    list.map(({ task, row, args }) => `${task} ${row.name} ${args.join(" ")}`).join("\n");
  const { schedule } = c;
  const turns = schedule.type === "turns" ? printSchedule(schedule.turns) : "bytes";
  return [JSON.stringify(c.config), ...PARTS.map((part) => ops(c[part])), turns].join("\n--\n");
}

export function withTurns(c: Case, turns: Schedule): Case {
  return { ...c, schedule: { type: "turns", turns } };
}

export class Trial {
  tries = 0;
  exhausted = false;
  private readonly memo = new Map<string, Shown | null>();

  constructor(
    private readonly execute: Execute,
    readonly wanted: Wanted,
    private readonly budget: number,
  ) {}

  /** The candidate's run when it shows the bug, else null; a twin is not run again. */
  run(candidate: Case): Shown | null {
    const key = caseKey(candidate);
    const known = this.memo.get(key);
    if (known !== undefined) return known;
    if (this.tries >= this.budget) {
      this.exhausted = true;
      return null;
    }
    const shown = this.judge(candidate);
    this.memo.set(key, shown);
    return shown;
  }

  private judge(candidate: Case): Shown | null {
    const { title: wanted, identity } = this.wanted;
    this.tries++;
    const title = this.titleOf(candidate);
    if (title === null || normaliseTitle(title) !== wanted) return null;
    this.tries++;
    const shown = show(candidate, this.execute);
    if (shown === null || shown.signature.title !== wanted) return null;
    return identity === null || shown.signature.identity === identity ? shown : null;
  }

  /** Simpler arguments may ask for what is not modelled: no finding. */
  private titleOf(candidate: Case): string | null {
    try {
      return this.execute(candidate).title;
    } catch (error) {
      if (error instanceof UserError) return null;
      throw error;
    }
  }
}

/** Runs `c` traced; null when it is no finding. The result's schedule is the one really taken. */
export function show(c: Case, execute: Execute): Shown | null {
  const outcome = execute(c, { trace: true });
  if (outcome.title === null) return null;
  assert(outcome.trace !== null, "a traced run has a trace");
  const turns = outcome.schedule();
  const part = runPart(outcome.trace);
  // Turns that ended by themselves get no count, so that a shorter case cannot be cut short.
  const same = part.turns.length === turns.length;
  const exact = withTurns(c, same ? counted(part.turns) : turns);
  const signature = signatureOf(outcome.title, outcome.kind, outcome.trace);
  return { case: exact, outcome, part, signature };
}
