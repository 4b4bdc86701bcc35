// SPDX-License-Identifier: GPL-2.0-only
// Jazzer under our options, each claim in a process of its own, as campaigns run it.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startEngine } from "./engine.ts";
import type { EngineOptions } from "./engine.ts";

/** Inside the repository, so that the bundle finds node_modules. */
const CACHE = join(dirname(import.meta.dirname), "node_modules/.cache/faultline");
let folder = "";

beforeAll(async () => {
  mkdirSync(CACHE, { recursive: true });
  folder = mkdtempSync(join(CACHE, "engine-test-"));
  const bundler = await rolldown({
    input: join(import.meta.dirname, "engine.fixture.ts"),
    platform: "node",
    external: /^(node:|[@a-z])/,
  });
  await bundler.write({ file: join(folder, "fixture.mjs"), format: "esm" });
  await bundler.close();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** Runs a target of the fixture; `onError` sees stderr as it grows. */
function run(
  target: string, options: Partial<EngineOptions>,
  onError?: (stderr: string, kill: (signal: NodeJS.Signals) => void) => void,
): Promise<Ended> {
  const all = { seed: 7, corpus: [], maxLen: 96, artifactPrefix: `${folder}/`, ...options };
  const child = spawn(process.execPath, [join(folder, "fixture.mjs"), target, JSON.stringify(all)]);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    onError?.(stderr, (signal) => child.kill(signal));
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

function executionsOf({ stderr }: Ended): number {
  return Number(/Done (\d+) runs/.exec(stderr)?.[1]);
}

describe.concurrent("startEngine", () => {
  it("does as many runs as asked for, with one region of 16 Ki counters of ours", async () => {
    const ended = await run("empty", { runs: 10_000 });
    expect(ended).toMatchObject({ code: 0, stdout: "the engine returned\nexit handlers ran\n" });
    expect(executionsOf(ended)).toBe(10_000);
    expect(ended.stderr).toContain(" 16384 [");
  });

  it("is guided by the counters and by nothing else", async () => {
    const guided = await run("guided", { runs: 60_000 });
    expect(guided.code).toBe(0);
    expect(guided.stdout).toMatch(/^opened after \d+$/m);
    const unguided = await run("unguided", { runs: 60_000 });
    expect(unguided.stdout).not.toContain("opened");
    expect(executionsOf(unguided)).toBe(60_000);
  });

  it("gives the same corpus for the same seed", async () => {
    const [one, two, other] = await Promise.all([["one", 7], ["two", 7], ["other", 8]].map(
      async ([name, seed]) => {
        const corpus = join(folder, `corpus-${name}`);
        const options = { corpus: [corpus], reload: false, runs: 5000, seed: Number(seed) };
        const ended = await run("guided", options);
        return { executions: executionsOf(ended), files: readdirSync(corpus).sort() };
      },
    ));
    expect(one!.files.length).toBeGreaterThan(3);
    expect(two).toEqual(one);
    expect(other!.files).not.toEqual(one!.files);
  });

  it("returns 77 and saves the input when the target throws", async () => {
    const artifactPrefix = join(folder, "findings/");
    const ended = await run("throws", { artifactPrefix, runs: 10_000 });
    expect(ended.code).toBe(77);
    expect(ended.stdout).toContain("the engine returned");
    expect(ended.stderr).toContain("planted");
    expect(readdirSync(artifactPrefix)).toEqual([expect.stringMatching(/^crash-[0-9a-f]{40}$/)]);
  });

  it("stops without a finding when the target says so, or on SIGINT", async () => {
    const artifactPrefix = join(folder, "none-");
    for (const target of ["stops", "interrupts"]) {
      const ended = await run(target, { artifactPrefix, runs: 1_000_000 });
      expect(ended).toMatchObject({ code: 0, stdout: "the engine returned\nexit handlers ran\n" });
      expect(ended.stderr).not.toContain("Uncaught");
      expect(executionsOf(ended)).toBeLessThanOrEqual(502);
    }
    expect(readdirSync(folder).filter((name) => name.startsWith("none-"))).toEqual([]);
  });

  it.each(["SIGTERM", "SIGHUP", "SIGQUIT"] as const)("is ended by %s", async (name) => {
    const ended = await run("empty", { maxTotalSeconds: 5 }, (stderr, kill) => {
      if (stderr.includes("INITED")) kill(name);
    });
    expect(ended).toMatchObject({ code: null, signal: name });
    // At once, and not by a listener that had to wait for the end of the run.
    expect(ended.stderr).not.toContain("Done");
  });

  it("refuses a target that returns a promise", async () => {
    const ended = await run("promises", { artifactPrefix: join(folder, "promise-"), runs: 100 });
    expect(ended.code).toBe(77);
    expect(ended.stderr).toContain("[faultline] a target must not return anything");
  });

  it("refuses bad options before anything is loaded", async () => {
    const options = { corpus: [], maxLen: 96, artifactPrefix: "", seed: 0 };
    await expect(startEngine(options, () => () => {})).rejects.toThrow(/^the seed must be /);
    await expect(startEngine({ ...options, seed: 1, maxLen: 0.5 }, () => () => {}))
      .rejects.toThrow(/^the longest input must be /);
  });
});
