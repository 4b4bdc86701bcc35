// SPDX-License-Identifier: GPL-2.0-only
// A schedule is a value: segments "task*points" in order, printable, replayable.
import { assert, UserError } from "../lib/assert.ts";
import { TASKS_MAX } from "./point.ts";

/** Bumped when the meaning of a stored schedule changes (a point added in front of old ones). */
export const SCHEDULE_VERSION = "s1";

/**
 * One turn of `task`: `steps` points (Infinity: until it blocks or ends), or up to the `visit`-th
 * time that it is about to call `site` (`fn:callee`), which survives a change of point counts.
 */
export interface Segment {
  task: number;
  steps: number;
  site?: string;
  visit?: number;
}

export type Schedule = Segment[];

/** `0*14 1*30 0@insert_pfn_pmd:spin_lock#2 1`; the empty schedule prints as "". */
export function printSchedule(schedule: Schedule): string {
  return schedule
    .map(({ task, steps, site, visit }) => {
      if (site !== undefined) return `${task}@${site}${(visit ?? 1) === 1 ? "" : `#${visit}`}`;
      assert(steps >= 0, "a turn of a negative number of points");
      return steps === Infinity ? `${task}` : `${task}*${steps}`;
    })
    .join(" ");
}

const SEGMENT = /^(\d+)(?:\*(\d+)|@([A-Za-z_]\w*:[A-Za-z_]\w*)(?:#(\d+))?)?$/;

/** Reads what printSchedule wrote; an optional first token is the version. Throws UserError. */
export function parseSchedule(text: string): Schedule {
  const words = text.trim().split(/\s+/).filter((w) => w !== "");
  if (/^s\d+$/.test(words[0] ?? "")) {
    if (words[0] !== SCHEDULE_VERSION) {
      throw new UserError(`schedule version ${words[0]}: this build reads ${SCHEDULE_VERSION}`);
    }
    words.shift();
  }
  return words.map((word) => {
    const match = SEGMENT.exec(word);
    if (match === null) {
      throw new UserError(`"${word}" is no turn of a schedule: expected TASK*POINTS, e.g. 0*14`);
    }
    const task = Number(match[1]);
    if (task >= TASKS_MAX) {
      throw new UserError(`"${word}": tasks are numbered 0 to ${TASKS_MAX - 1}`);
    }
    if (match[4] !== undefined && Number(match[4]) === 0) {
      throw new UserError(`"${word}": visits are counted from 1`);
    }
    const turn: Segment = { task, steps: match[2] === undefined ? Infinity : Number(match[2]) };
    if (match[3] !== undefined) {
      turn.site = match[3];
      turn.visit = Number(match[4] ?? 1);
    }
    return turn;
  });
}

/** Joins neighbouring counted turns of one task. */
export function normaliseSchedule(schedule: Schedule): Schedule {
  const out: Schedule = [];
  for (const turn of schedule) {
    const last = out[out.length - 1];
    const joins = last?.task === turn.task && last.site === undefined && turn.site === undefined;
    if (joins) last.steps += turn.steps;
    else out.push({ ...turn });
  }
  return out;
}
