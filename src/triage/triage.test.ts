// SPDX-License-Identifier: GPL-2.0-only
// The pipeline on the toy kernel: new, known by its raw look, known after minimising.
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { toyCase, toyExecute, toyRuns } from "./toy.ts";
import { knownBugs, triageFinding } from "./triage.ts";
import type { Known, Triaged, TriageOptions } from "./triage.ts";

let dir = "";
beforeEach(() => {
  dir = fs.mkdtempSync(join(tmpdir(), "faultline-triage-"));
});
afterEach(() => {
  fs.rmSync(dir, { recursive: true, force: true });
});

function file(known: Known, run: string[], schedule: string, more?: Partial<TriageOptions>):
  Triaged {
  const options = { dir, target: "dax", encode: () => Uint8Array.of(7), ...more };
  return triageFinding(toyCase([], run, schedule), Uint8Array.of(1), toyExecute, known, options);
}

test("one bug, one folder, however it is found", () => {
  const known = knownBugs(dir);
  const first = file(known, ["@0 cow", "@0 nop 1", "@1 huge"], "1*1 0");
  expect(first.isNew).toBe(true);
  const before = toyRuns.count;
  const second = file(known, ["@0 cow", "@1 flip 1", "@1 huge"], "1*3 0");
  expect(second).toMatchObject({ bucket: first.bucket, isNew: false, minimised: null });
  expect(toyRuns.count - before).toBe(1);
  expect(fs.readdirSync(dir)).toEqual([first.bucket]);
});

test("a new campaign knows the bugs of the old one", () => {
  const { bucket } = file(new Map(), ["@0 cow", "@1 huge"], "1*1 0");
  expect(file(knownBugs(dir), ["@0 cow", "@1 huge"], "0*2 1 0")).toMatchObject({
    bucket, isNew: false, minimised: null,
  });
  // Also when nobody told it: the folder is there.
  expect(file(new Map(), ["@0 cow", "@1 huge"], "1*1 0")).toMatchObject({ bucket, isNew: false });
});

test("another race is another folder", () => {
  const known: Known = new Map();
  file(known, ["@0 cow", "@1 huge"], "1*1 0");
  file(known, ["@0 add 2", "@1 add 2"], "0*1 1");
  expect(fs.readdirSync(dir)).toHaveLength(2);
});

test("the saved case replays, and the report says so", () => {
  const { bucket, title } = file(new Map(), ["@0 look 1", "@0 cow", "@1 huge"], "1*1 0", {
    bisect: { versions: ["v4.11"], patches: [{ id: "dax-recheck-pmd", label: "the fix" }] },
  });
  const report = fs.readFileSync(join(dir, bucket, "report.txt"), "utf8");
  expect(report).toContain("Goes away with any of: the fix.");
  expect(report).toContain(`Replay: npx faultline replay ${join(dir, bucket)}`);
  expect(fs.readFileSync(join(dir, bucket, "repro.case"), "utf8")).toContain(`expect: ${title}`);
});

test("without budget: filed all the same, and not called minimal", () => {
  const { bucket } = file(new Map(), ["@0 look 1", "@0 cow", "@1 huge"], "1*1 0", { budget: 3 });
  const report = fs.readFileSync(join(dir, bucket, "report.txt"), "utf8");
  expect(report).toContain("Not proved minimal: the budget of executions ran out.");
});
