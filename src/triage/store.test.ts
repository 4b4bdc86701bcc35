// SPDX-License-Identifier: GPL-2.0-only
// Buckets on disk: whole or absent, whatever happens while they are written.
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { afterEach, beforeEach, expect, test } from "vitest";
import { UserError } from "../lib/assert.ts";
import { loadBuckets, saveFinding } from "./store.ts";
import type { Finding } from "./store.ts";
import { toyCase } from "./toy.ts";

const FILES = [
  "command", "kernel", "original.bin", "report.txt", "repro.bin", "repro.case", "schedule",
  "target", "title.txt",
];

let dir = "";
beforeEach(() => {
  dir = fs.mkdtempSync(join(tmpdir(), "faultline-store-"));
});
afterEach(() => {
  fs.rmSync(dir, { recursive: true, force: true });
});

function finding(bucket: string): Finding {
  return {
    bucket,
    title: "BUG: non-zero nr_ptes on freeing mm: 1",
    report: "a report\n",
    case: toyCase([], ["@0 cow", "@1 huge"], "1*1"),
    reproBytes: Uint8Array.of(1, 2),
    originalBytes: Uint8Array.of(1, 2, 3),
    target: "dax",
    named: null,
  };
}

function text(bucket: string, file: string): string {
  return fs.readFileSync(join(dir, bucket, file), "utf8");
}

test("a new bug gets a folder with all its files", () => {
  const name = "non-zero-nr_ptes--pmd-1a2b3c4d";
  expect(saveFinding(dir, finding(name))).toEqual({ status: "new", bucket: name });
  expect(fs.readdirSync(dir)).toEqual([name]);
  expect(fs.readdirSync(join(dir, name)).sort()).toEqual(FILES);
  expect(text(name, "schedule")).toBe("s1 1*1\n");
  expect(text(name, "command")).toBe(`npx faultline replay ${join(dir, name)}\n`);
  expect(text(name, "repro.case")).toContain("  @1 huge\n");
  expect(loadBuckets(dir)).toEqual([
    { name, id: "1a2b3c4d", title: "BUG: non-zero nr_ptes on freeing mm: 1" },
  ]);
});

test("a known bug is left alone, also when it comes under another title", () => {
  saveFinding(dir, finding("one-1a2b3c4d"));
  const again = { ...finding("two-1a2b3c4d"), report: "another\n" };
  expect(saveFinding(dir, again)).toEqual({ status: "known", bucket: "one-1a2b3c4d" });
  expect(text("one-1a2b3c4d", "report.txt")).toBe("a report\n");
  expect(fs.readdirSync(dir)).toEqual(["one-1a2b3c4d"]);
});

test("what a killed process left is ignored, and gone after the next save", () => {
  // No process has this number: Linux stops at 2^22.
  const dead = join(dir, ".tmp-9999999-half-1a2b3c4d");
  const alive = join(dir, `.tmp-${process.ppid}-busy-99999999`);
  for (const folder of [dead, alive]) {
    fs.mkdirSync(folder);
    fs.writeFileSync(join(folder, "title.txt"), "BUG: hal");
  }
  expect(loadBuckets(dir)).toEqual([]);
  saveFinding(dir, finding("half-1a2b3c4d"));
  expect(fs.existsSync(dead)).toBe(false);
  expect(fs.existsSync(alive)).toBe(true);
  expect(loadBuckets(dir)).toHaveLength(1);
});

test("a folder that cannot be written is one clear sentence", () => {
  const file = join(dir, "file");
  fs.writeFileSync(file, "");
  expect(() => saveFinding(file, finding("x-1a2b3c4d"))).toThrow(
    new UserError(`cannot read ${file}: it is not a folder`),
  );
  expect(() => saveFinding("/proc/no/crashes", finding("x-1a2b3c4d"))).toThrow(
    new UserError("cannot save the finding in /proc/no/crashes: there is no such folder, and it " +
      "cannot be made"),
  );
});

test("a failure half-way leaves nothing behind", () => {
  // Content that cannot be written, after the first files have been.
  const bad = { ...finding("x-1a2b3c4d"), reproBytes: null as unknown as Uint8Array };
  expect(() => saveFinding(dir, bad)).toThrow();
  expect(fs.readdirSync(dir)).toEqual([]);
});

test("buckets of a missing folder: none", () => {
  expect(loadBuckets(join(dir, "nowhere"))).toEqual([]);
});

const CHILD = `
  import { saveFinding } from "./store.ts";
  import { DEFAULT_CONFIG } from "../program/case.ts";
  const c = { config: DEFAULT_CONFIG, story: [], expect: null, setup: [], run: [], teardown: [],
    schedule: { type: "turns", turns: [] } };
  const bytes = new Uint8Array(100000);
  for (let i = 0; ; i++) {
    const bucket = "x-" + i.toString(16).padStart(8, "0");
    saveFinding(process.argv[2], { bucket, title: "BUG", report: "r\\n", case: c,
      reproBytes: bytes, originalBytes: bytes, target: "t", named: null });
    if (i === 2) console.log("busy");
  }`;

test("SIGKILL while it writes: every bucket is whole", async () => {
  const entry = "\0child";
  const bundle = await rolldown({
    input: entry,
    platform: "node",
    plugins: [{
      name: "child",
      resolveId: (id, importer) => {
        if (id === entry) return id;
        return importer === entry ? join(import.meta.dirname, id) : null;
      },
      load: (id) => (id === entry ? { code: CHILD, moduleType: "ts" } : null),
    }],
  });
  const script = join(dir, "child.mjs");
  await bundle.write({ file: script, format: "esm" });
  const crashes = join(dir, "crashes");
  for (let round = 0; round < 3; round++) {
    fs.rmSync(crashes, { recursive: true, force: true });
    const child = spawn(process.execPath, [script, crashes], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout!, "data");
    child.kill("SIGKILL");
    await once(child, "exit");
    const buckets = loadBuckets(crashes);
    expect(buckets.length).toBeGreaterThan(2);
    for (const { name } of buckets) {
      expect(fs.readdirSync(join(crashes, name)).sort()).toEqual(FILES);
      expect(fs.statSync(join(crashes, name, "repro.bin")).size).toBe(100000);
    }
    saveFinding(crashes, finding("y-ffffffff"));
    expect(fs.readdirSync(crashes).filter((name) => name.startsWith("."))).toEqual([]);
  }
});
