// SPDX-License-Identifier: GPL-2.0-only
// One worker without its process: limits, statistics, findings, faults of our own.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { UserError } from "../../src/lib/assert.ts";
import type { Execute } from "../../src/outcome.ts";
import { ALL_SIGNALS } from "../../src/sched/feedback.ts";
import { StopFuzzing } from "../engine.ts";
import { canaryExecute, canaryTarget } from "./canary-model.ts";
import type { Message, WorkerOptions } from "../../src/triage/messages.ts";
import { RandomInputs } from "./random.ts";
import { Session } from "./session.ts";

let dir = "";
let sent: Message[] = [];
let time = 0;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "faultline-session-"));
  sent = [];
  time = 0;
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function session(more: Partial<WorkerOptions> = {}, execute: Execute = canaryExecute): Session {
  const options: WorkerOptions = {
    target: "canary", mode: "pct", seed: 1, runs: null, seconds: null, corpus: dir,
    crashes: join(dir, "crashes"), scratch: dir, keepGoing: true, signals: ALL_SIGNALS, configs: [],
    bisect: { versions: [], patches: [] }, ...more,
  };
  const send = (message: Message) => void sent.push(message);
  return new Session({ options, target: canaryTarget, execute, send, now: () => time });
}

/** Random inputs until it stops; the number of executions. */
function drive(one: Session): number {
  const inputs = new RandomInputs(canaryTarget, dir, 7);
  expect(() => {
    for (;;) one.run(inputs.next());
  }).toThrow(StopFuzzing);
  return one.executions;
}


test("stops after exactly its runs, or after its time", () => {
  expect(drive(session({ runs: 700 }))).toBe(700);
  const late = session({ seconds: 2 });
  time = 2000;
  expect(drive(late)).toBe(256);
});

test("the planted bug is announced once, minimised to two preemptions, and counted", () => {
  const one = session({ runs: 150_000 });
  drive(one);
  one.report();
  const findings = sent.filter((message) => message.type === "finding");
  expect(findings).toHaveLength(1);
  expect(findings[0]).toMatchObject({
    isNew: true, minimised: { operations: 4, preemptions: 2, proved: true, replays: true },
  });
  const last = sent.at(-1);
  expect(last).toMatchObject({ type: "stats", executions: 150_000 });
  const titles = last?.type === "stats" ? Object.values(last.titles) : [];
  expect(titles[0]).toBeGreaterThan(1);
});

test("without --keep-going the first finding is the end", () => {
  const executions = drive(session({ keepGoing: false }));
  expect(sent.at(-1)).toMatchObject({ type: "finding", executions });
});

test("a fault of ours keeps its input, is no finding, and fails the worker", () => {
  const broken: Execute = () => {
    throw new TypeError("planted");
  };
  const one = session({ keepGoing: false }, broken);
  expect(drive(one)).toBe(1);
  expect(one.failed).toBe(true);
  expect(sent).toMatchObject([{ type: "internal", message: "TypeError: planted" }]);
  const saved = sent[0]?.type === "internal" ? sent[0].saved ?? "" : "";
  expect(readFileSync(saved).length).toBe(canaryTarget.size);
  expect(existsSync(join(dir, "crashes"))).toBe(false);
});

test("what is not modelled is no fault", () => {
  const one = session({ runs: 300 }, () => {
    throw new UserError("`x` is not modelled yet");
  });
  expect(drive(one)).toBe(300);
  expect(one.failed).toBe(false);
});

test("a finding that cannot be saved ends the worker, and its case is printed", () => {
  const one = session({ crashes: "/proc/faultline" });
  drive(one);
  expect(one.failed).toBe(true);
  expect(sent.at(-1)).toMatchObject({
    type: "error",
    message: expect.stringMatching(/^cannot save the finding in \/proc\/faultline: /),
    unsaved: expect.stringContaining("store"),
  });
});
