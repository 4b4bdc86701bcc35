// SPDX-License-Identifier: GPL-2.0-only
// Minimisation on the toy kernel: case in, smallest case out; and its proof.
import { expect, test } from "vitest";
import type { Case } from "../program/case.ts";
import type { Execute } from "../outcome.ts";
import { Pct } from "../sched/strategies/pct.ts";
import { RandomWalk } from "../sched/strategies/random.ts";
import { printSchedule } from "../sched/schedule.ts";
import { minimise, proveMinimal } from "./minimise.ts";
import { toyCase, toyExecute, toyRuns } from "./toy.ts";
import { withTurns } from "./trial.ts";

/** `setup / run / schedule` of a case, in a line. */
function brief({ setup, run, teardown, schedule }: Case): string {
  const ops = (list: Case["setup"]): string =>
    list.map((op) => [`@${op.task}`, op.row.name, ...op.args].join(" ")).join(", ");
  const turns = schedule.type === "turns" ? printSchedule(schedule.turns) : "bytes";
  return [setup, run, teardown].map(ops).concat(turns).join(" / ");
}

interface Row {
  name: string;
  setup: string[];
  run: string[];
  schedule: string;
  minimal: string;
}

const TABLE: Row[] = [
  {
    name: "a lost update among noise",
    setup: ["nop 1", "flip 0", "nop 2"],
    run: ["@0 look 1", "@0 add 2", "@0 nop 3", "@1 flip 1", "@1 add 2", "@2 look 2", "@2 flip 3"],
    schedule: "2*1 0*1 1*2 0*1 1*2 2 1 0",
    minimal: " / @0 add 2, @1 add 2 /  / 0*1 1",
  },
  {
    name: "a bug that takes two preemptions",
    setup: ["nop 1"],
    run: ["@0 nop 7", "@0 look 2", "@0 watch 1", "@1 look 0", "@1 flip 1", "@1 nop 1"],
    schedule: "0*1 1*2 0*1 1",
    minimal: " / @0 watch 1, @1 flip 1 /  / 1*1 0*1 1",
  },
  {
    name: "a table lost under a huge entry",
    setup: ["nop 4", "flip 2"],
    run: ["@0 look 0", "@0 cow", "@0 look 0", "@1 flip 1", "@1 huge", "@1 look 1"],
    schedule: "0*1 1*3 0*7 1 0",
    minimal: " / @0 cow, @1 huge /  / 1*1",
  },
  {
    name: "a deadlock",
    setup: ["look 1"],
    run: ["@0 look 1", "@0 abba 0", "@3 abba 1", "@3 nop 5", "@5 look 0"],
    schedule: "5*1 0*2 3*1 0 3",
    minimal: " / @0 abba 0, @1 abba 1 /  / 0*1 1",
  },
];

test.each(TABLE)("$name", ({ setup, run, schedule, minimal }) => {
  const before = toyRuns.count;
  const result = minimise(toyCase(setup, run, schedule), toyExecute);
  expect(brief(result.case)).toBe(minimal);
  expect(toyRuns.count - before).toBeLessThan(400);
  expect(result.oneMinimal).toBe(true);
  expect(proveMinimal(result.case, toyExecute)).toMatchObject({ minimal: true, removable: null });
});

test("from any schedule that shows the bug, the same minimal case", () => {
  const noisy = toyCase([], ["@0 look 0", "@0 cow", "@0 flip 1", "@1 look 0", "@1 huge"], "");
  const seen = new Set<string>();
  for (let seed = 1; seed < 200; seed++) {
    const strategy = seed % 2 === 0 ? new RandomWalk(seed) : new Pct(seed, 3, 20);
    const outcome = toyExecute(noisy, { strategy });
    if (outcome.title === null) continue;
    const found = withTurns(noisy, outcome.schedule());
    seen.add(brief(minimise(found, toyExecute).case));
  }
  expect([...seen]).toEqual([" / @0 cow, @1 huge /  / 1*1"]);
});

test("an execution too many: the result is smaller, but not proved minimal", () => {
  const { setup, run, schedule } = TABLE[0];
  const result = minimise(toyCase(setup, run, schedule), toyExecute, 12);
  expect(result.oneMinimal).toBe(false);
  expect(result.tries).toBeLessThanOrEqual(14);
  expect(result.outcome.title).toBe("BUG: lost update val:1");
});

test("proveMinimal says what can go", () => {
  const extra = toyCase([], ["@0 cow", "@0 nop 1", "@1 huge"], "1*1");
  expect(proveMinimal(extra, toyExecute).removable).toBe("operation 2 of run");
  const twice = toyCase([], ["@0 cow", "@1 huge"], "1*1 0*2 1 0");
  expect(proveMinimal(twice, toyExecute).removable).toMatch(/^the preemption of task/);
});

test("a bug of another title is not followed", () => {
  // Without task 1's addition the case still has a bug, of another kind.
  const both: Execute = (c, options) => {
    const outcome = toyExecute(c, options);
    if (outcome.title !== null || c.run.length !== 2) return outcome;
    return { ...outcome, title: "BUG: something else" };
  };
  const result = minimise(toyCase([], ["@0 add 2", "@0 nop 1", "@1 add 2"], "0*1 1"), both);
  expect(result.signature.title).toBe("BUG: lost update val:N");
});

test("a sequential bug ends without tasks and turns", () => {
  const always: Execute = (c, options) => {
    const outcome = toyExecute(c, options);
    const flips = [...c.setup, ...c.run].filter((op) => op.row.name === "flip").length;
    return { ...outcome, title: flips > 1 ? "BUG: flipped twice" : null, kind: "bug" };
  };
  const result = minimise(toyCase([], ["@0 flip 0", "@1 nop 1", "@1 flip 5"], "0*1 1"), always);
  expect(brief(result.case)).toBe("@0 flip 0, @0 flip 0 /  /  / ");
});
