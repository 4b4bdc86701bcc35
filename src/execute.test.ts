// SPDX-License-Identifier: GPL-2.0-only
// execute() is a pure function: same case, same Outcome; and what a case's parts promise.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { execute } from "./execute.ts";
import { Prng } from "./lib/prng.ts";
import { decode } from "./program/bytes.ts";
import { dax } from "./program/targets.ts";
import { parseCase } from "./program/text.ts";
import { Distrust } from "./sched/strategies/distrust.ts";
import { fromBytes } from "./sched/strategies/bytes.ts";
import { run } from "./testing/machine.ts";

const repo = join(import.meta.dirname, "..");
const race = parseCase(readFileSync(join(repo, "corpus/zoo/D-R2.case"), "utf8"), "D-R2.case");

describe("determinism", () => {
  test("a thousand replays have one hash, traced or not", () => {
    const { hash } = execute(race, { trace: true });
    for (let i = 0; i < 1000; i++) expect(execute(race).hash).toBe(hash);
  });

  test("what ran before leaves no trace: findings, other kernels, other geometries", () => {
    const { hash } = execute(race);
    execute({ ...race, config: { ...race.config, geometry: "x86-64" } });
    execute({ ...race, config: { ...race.config, kernel: "latest", revert: [], locks: "none" } });
    expect(execute(race).hash).toBe(hash);
  });

  test("random cases: recorded turns replay to the same events, decisions are repeatable", () => {
    const prng = new Prng(4);
    for (let i = 0; i < 300; i++) {
      const bytes = Uint8Array.from({ length: dax.size }, () => prng.below(256));
      const c = decode(bytes, dax);
      const first = execute(c);
      const again = execute({ ...c, schedule: { type: "turns", turns: first.schedule() } });
      expect(again.hash).toBe(first.hash);
      if (c.schedule.type !== "bytes") continue;
      const distrust = new Distrust(fromBytes(c.schedule.mode, c.schedule.block));
      execute(c, { strategy: distrust });
      expect(execute(c, { strategy: distrust }).hash).toBe(first.hash);
    }
  });

  test("another process gets the same hash", () => {
    const args = ["scripts/faultline.mjs", "run", "corpus/zoo/D-R2.case", "--json"];
    const child = spawnSync(process.execPath, args, { cwd: repo, encoding: "utf8" });
    const json = JSON.parse(child.stdout) as { hash: string };
    expect(Number.parseInt(json.hash, 16)).toBe(execute(race).hash);
  });
});

describe("parts of a case", () => {
  test("a task that nobody created is a thread of task 0", () => {
    const outcome = run(
      "setup:\n  mmap 0 1 rw anon\nrun:\n  @0 store 0 5\n  @1 load 0\nschedule: 0 1\n",
    );
    expect(outcome.results.at(-1)).toEqual({ r: 0, v: [5] });
  });

  test("a task that the run part creates waits for its birth", () => {
    const outcome = run(
      "setup:\n  mmap 0 1 rw anon\nrun:\n  @0 store 0 5\n  @0 thread 1\n  @1 load 0\n" +
        "schedule: 1 0 1\n",
    );
    expect(outcome.results.at(-1)).toEqual({ r: 0, v: [5] });
  });

  test("a task that is never born leaves the run blocked, which is no finding", () => {
    const outcome = run("run:\n  @0 exit\n  @0 thread 1\n  @1 load 0\n");
    expect(outcome.kind).toBe("blocked");
    expect(outcome.title).toBeNull();
  });

  test("an operation that is not modelled is refused by name", () => {
    expect(() => run("mmap 0 1 rw anon\nmlock 0 1\n")).toThrow("`mlock` is not modelled yet");
  });

  test("the kernel is chosen by name, and an unknown one is refused", () => {
    expect(() => run("kernel: v9.99\nload 0\n")).toThrow(/unknown kernel "v9.99"/);
    expect(() => run("revert: no-such-fix\nload 0\n")).toThrow(/unknown patch "no-such-fix"/);
  });

  test.each(["split", "pte-only", "none"])("locks %s: the race is there", (locks) => {
    const c = { ...race, config: { ...race.config, locks: locks as "split" } };
    expect(execute(c).title).toMatch(/^BUG: Bad rss-counter state/);
  });

  test("geometry x86-64 shows it too, with 512 pages a huge page", () => {
    const outcome = run(
      "kernel: v4.12\nrevert: dax-recheck-pmd\ngeometry: x86-64\nsetup:\n  dax 0 64\n" +
        "  mmap 0 64 rw fpriv 0 0\nrun:\n  @0 store 0 1\n  @1 load 1\n",
    );
    expect(outcome.kind).toBe("clean");
  });
});
