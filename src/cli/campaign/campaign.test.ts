// SPDX-License-Identifier: GPL-2.0-only
// Campaigns end to end, on the canary: finding, going on, stopping, failing.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { root } from "../root.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "faultline-campaign-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

function faultline(
  argv: string[], watch?: (out: string, child: ChildProcess) => void,
): Promise<Ended> {
  const args = [join(root, "scripts/faultline.mjs"), ...argv];
  const child = spawn(process.execPath, args, { cwd: dir, env: { ...process.env, NO_COLOR: "1" } });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
    watch?.(out, child);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, err }));
  });
}

/** A kernel in which the race is easy: found within some hundred executions. */
const EASY = ["fuzz", "--kernel", "v4.11", "--seed", "3", "--jobs", "2"];

function buckets(): string[] {
  return readdirSync(join(dir, "crashes")).filter((name) => /-[0-9a-f]{8}$/.test(name));
}

describe("a campaign", () => {
  test("finds the canary, minimises it to two preemptions and files it", async () => {
    const { code, out, err } = await faultline(["fuzz", "--target", "canary", "--seed", "5"]);
    expect(err).toBe("");
    expect(code).toBe(0);
    expect(out).toContain("4 operations, 2 preemptions");
    expect(out).toContain("canary: found, minimised to two preemptions, filed and replayed");
  });

  test("fails when the canary is not found", async () => {
    const { code, err } = await faultline(["fuzz", "--target", "canary", "--runs", "20"]);
    expect(code).toBe(1);
    expect(err).toMatch(/the canary failed: it was not found in 20 executions; see .*canary/);
  });

  test("stops at the first finding, prints its report, exits 2; the bucket replays", async () => {
    const { code, out } = await faultline([...EASY, "--time", "60"]);
    expect(code).toBe(2);
    expect(buckets().length).toBeGreaterThan(0);
    const bucket = join("crashes", buckets()[0]);
    expect(out).toContain(readFileSync(join(dir, bucket, "report.txt"), "utf8"));
    expect(out).toContain(bucket);
    expect((await faultline(["replay", bucket])).code).toBe(0);
  });

  test("goes on with --keep-going, and files each bug once", async () => {
    const argv = [...EASY, "--keep-going", "--runs", "3000"];
    const first = await faultline(argv);
    expect(first.code).toBe(2);
    expect(first.out).toMatch(/3,000 executions in .*: \d+ bugs?, \d+ new/);
    const filed = buckets();
    const ids = filed.map((name) => name.slice(-8));
    expect(new Set(ids).size).toBe(ids.length);
    const again = await faultline(argv);
    expect(again.code).toBe(2);
    for (const bucket of filed) expect(buckets()).toContain(bucket);
    expect(again.out).toContain("known, after");
  });

  test("keeps what it has when interrupted, and exits by it", async () => {
    let asked = false;
    const argv = [...EASY, "--keep-going", "--time", "120"];
    const { code, out, err } = await faultline(argv, (text, child) => {
      if (asked || !text.includes("minimised to")) return;
      asked = true;
      child.kill("SIGINT");
    });
    expect(err).toBe("");
    expect(code).toBe(2);
    expect(out).toContain("stopping");
    expect(buckets().length).toBeGreaterThan(0);
    expect(readdirSync(join(dir, "crashes")).filter((name) => name.startsWith(".tmp"))).toEqual([]);
  });

  test("finds nothing, exits 0", async () => {
    const argv = ["fuzz", "--kernel", "latest", "--seed", "1", "--runs", "300", "--no-seeds"];
    const { code, out } = await faultline(argv);
    expect(out).toMatch(/300 executions in .*: nothing found/);
    expect(code).toBe(0);
  });

  test("a corpus file that shows a bug is a finding", async () => {
    await faultline([...EASY, "--time", "60"]);
    const bucket = join(dir, "crashes", buckets()[0]);
    const input = readFileSync(join(bucket, "original.bin"));
    rmSync(join(dir, "crashes"), { recursive: true });
    rmSync(join(dir, ".faultline"), { recursive: true });
    await faultline(["fuzz", "--kernel", "latest", "--runs", "1", "--no-seeds"]);
    writeFileSync(join(dir, ".faultline/corpus/dax/planted"), input);
    const { code } = await faultline([
      ...EASY, "--jobs", "1", "--workers-pct", "0", "--no-seeds", "--runs", "4",
    ]);
    expect(code).toBe(2);
    expect(buckets().length).toBeGreaterThan(0);
  });

  test("a worker that dies is an error with its last lines, and ends the campaign", async () => {
    let asked = false;
    const argv = ["fuzz", "--kernel", "latest", "--time", "60", "--jobs", "1", "--crashes", "c"];
    const { code, err } = await faultline(argv, (_, child) => {
      if (asked) return;
      asked = true;
      killWorkerOf(child.pid ?? 0);
    });
    expect(code).toBe(1);
    expect(err).toMatch(/worker 1 \(seed \d+\) ended by SIGKILL; its last lines:/);
    expect(existsSync(join(dir, "c"))).toBe(true);
  });
});

/** The one child of `pid`, as soon as it is there. */
function killWorkerOf(pid: number): void {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  if (children === "") setTimeout(() => killWorkerOf(pid), 50);
  else process.kill(Number(children.split(" ")[0]), "SIGKILL");
}
