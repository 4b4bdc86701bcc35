// SPDX-License-Identifier: GPL-2.0-only
// The commands as a user meets them: exit codes, sentences, and the JSON of a run.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { encode } from "../program/bytes.ts";
import { dax } from "../program/targets.ts";
import { parseCase } from "../program/text.ts";
import { main } from "./main.ts";
import { root } from "./root.ts";

const R2 = join(root, "corpus/zoo/D-R2.case");
const CLEAN = "kernel: v4.13\nexpect: clean\n\n" +
  "dax 0 16\nmmap 0 16 rw fpriv 0 0\nstore 3 7\nload 3\n";
let dir = "";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "faultline-cli-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
  vi.restoreAllMocks();
});

/** Writes a file of the test's folder; returns its path. */
function put(name: string, content: string | Uint8Array): string {
  const path = join(dir, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, content);
  return path;
}

async function faultline(...argv: string[]) {
  let out = "";
  let err = "";
  const to = (add: (text: string) => void) => (text: unknown) => (add(String(text)), true);
  vi.spyOn(process.stdout, "write").mockImplementation(to((text) => (out += text)));
  vi.spyOn(process.stderr, "write").mockImplementation(to((text) => (err += text)));
  vi.spyOn(console, "log").mockImplementation(to((text) => (out += `${text}\n`)));
  vi.spyOn(console, "error").mockImplementation(to((text) => (err += `${text}\n`)));
  const code = await main(argv);
  vi.restoreAllMocks();
  return { code, out, err };
}

describe("help", () => {
  test("every command has one, with an example", async () => {
    const commands = "fuzz run replay minimise report corpus kernels ops bench".split(" ");
    for (const command of commands) {
      const { code, out } = await faultline(command, "--help");
      expect(code).toBe(0);
      expect(out).toContain(`\n  $ npx faultline ${command}`);
    }
    expect((await faultline()).out).toContain("Exit codes");
  });
});

describe("bad input is one sentence and exit code 1", () => {
  const wrong: [string, string[], string][] = [
    ["a command", ["frob"], "unknown command 'frob'"],
    ["an option", ["fuzz", "--frob"], "unknown option '--frob'"],
    ["a number", ["fuzz", "--runs", "x"], "Expected a whole number of at least 1."],
    ["a time", ["fuzz", "--time", "1y"], "Expected a time"],
    ["a target", ["fuzz", "--target", "x"], "there is no target \"x\"; there are: "],
    ["a kernel", ["fuzz", "--kernel", "v9"], "unknown kernel \"v9\"; expected one of: v4.11"],
    ["a patch", ["run", R2, "--revert", "x"], "unknown patch \"x\""],
    ["a signal", ["fuzz", "--signals", "x"], "unknown signal \"x\"; expected branches"],
    ["a missing file", ["run", "no.case"], "cannot read no.case: there is no such file or folder"],
    ["a missing folder", ["replay", "no"], "cannot read no: there is no such file or folder"],
    ["a schedule", ["run", R2, "--schedule", "x"], "--schedule:1:1: expected a turn"],
    ["an operation", ["ops", "x"], "there is no operation \"x\""],
    ["a benchmark", ["bench", "x"], "there is no benchmark \"x\""],
  ];
  test.each(wrong)("%s", async (_, argv, sentence) => {
    const { code, out, err } = await faultline(...argv);
    expect(err).toContain(sentence);
    expect(err.trim().split("\n").length).toBeLessThanOrEqual(2);
    expect({ code, out }).toEqual({ code: 1, out: "" });
  });

  test("a malformed case has file, line and column", async () => {
    const path = put("x.case", "kernel: v4.11\nstore 1 frob\n");
    const { code, err } = await faultline("run", path);
    expect(code).toBe(1);
    expect(err).toMatch(/x\.case:2:9: expected v, .*, got "frob"/);
  });

  test("an empty, a truncated and a foreign .bin", async () => {
    const said = async (size: number): Promise<string> =>
      (await faultline("run", put("x.bin", new Uint8Array(size)))).err;
    expect(await said(0)).toContain("x.bin is empty");
    expect(await said(9)).toContain("is cut off before its first operation: it has 9 bytes");
    expect(await said(5000)).toContain("is no input of ours: it has 5000 bytes");
  });

  test("folders that cannot be written, and empty ones", async () => {
    const file = put("file", "");
    const fuzz = await faultline("fuzz", "--crashes", file, "--corpus", join(dir, "c"));
    expect(fuzz).toMatchObject({ code: 1, out: "" });
    expect(fuzz.err).toContain(`cannot write to ${file}: it is not a folder`);
    mkdirSync(join(dir, "empty"));
    const { code, err } = await faultline("replay", join(dir, "empty"));
    expect(code).toBe(1);
    expect(err).toContain("there is nothing to replay in");
  });
});

describe("run", () => {
  test("--json is the contract of cases.md", async () => {
    const { code, out } = await faultline("run", R2, "--json");
    expect(code).toBe(2);
    const run = JSON.parse(out) as Record<string, unknown>;
    expect(Object.keys(run)).toEqual([
      "version", "title", "kind", "bucket", "steps", "schedule", "points", "switches",
      "preemptions", "hash",
    ]);
    expect(run).toMatchObject({ version: 1, kind: "bug", title: expect.stringMatching(/^BUG: /) });
    expect(run["hash"]).toMatch(/^[0-9a-f]{8}$/);
    expect(run["bucket"]).toMatch(/-[0-9a-f]{8}$/);
    expect(run["schedule"]).toMatch(/^\d+\*\d+ /);
  });

  test("a clean case: steps in order, r is 0 or an errno's name", async () => {
    const path = put("x.case", `${CLEAN}load 40\n`);
    const { code, out } = await faultline("run", path, "--json");
    expect(code).toBe(0);
    const { steps, title, bucket } = JSON.parse(out) as Record<string, unknown>;
    expect({ title, bucket }).toEqual({ title: null, bucket: null });
    expect(steps).toEqual([
      { op: "dax 0 16", r: 0 }, { op: "mmap 0 16 rw fpriv 0 0", r: 0 }, { op: "store 3 7", r: 0 },
      { op: "load 3", r: 0, v: [7] },
      { op: "load 40", r: "EFAULT", sig: "SEGV_MAPERR", sigpage: 40, v: [] },
    ]);
  });

  test("--kernel and --schedule override the file, and an unmet promise is said", async () => {
    const fixed = await faultline("run", R2, "--kernel", "latest");
    expect(fixed.code).toBe(0);
    expect(fixed.err).toContain(`${R2} expects: BUG: `);
    expect(fixed.out).toContain("clean");
    expect((await faultline("run", R2, "--schedule", "0 1")).code).toBe(0);
  });

  test.each(["random", "pct", "round-robin"])("--strategy %s is repeatable", async (name) => {
    const argv = ["run", R2, "--json", "--strategy", name, "--seed", "7"];
    const { out } = await faultline(...argv);
    expect((await faultline(...argv)).out).toBe(out);
  });

  test("--trace draws the CPUs", async () => {
    expect((await faultline("run", R2, "--trace")).out).toMatch(/CPU 0 +CPU 1/);
  });
});

describe("replay", () => {
  test("every promise kept: 0; one broken: 1, and the others still run", async () => {
    const good = put("a.case", CLEAN);
    const first = await faultline("replay", good, R2);
    expect(first.code).toBe(0);
    expect(first.out).toContain("2 replayed 2 times: 2 as promised, 0 promise nothing, 0 failed");
    put("b.case", CLEAN.replace("expect: clean", "expect: BUG: x"));
    put("c.case", "frob\n");
    const { code, out } = await faultline("replay", dir);
    expect(code).toBe(1);
    expect(out).toMatch(/FAIL .*b\.case: clean \(promised: BUG: x\)/);
    expect(out).toMatch(/FAIL .*c\.case: .*c\.case:1:1: expected an operation/);
    expect(out).toContain("1 as promised, 0 promise nothing, 2 failed");
  });

  test("inputs of a fuzz target, also when they are short", async () => {
    const c = parseCase(CLEAN, "x");
    put("x.bin", encode({ ...c, expect: null }, dax));
    put("y.bin", new Uint8Array(30));
    const { code, out } = await faultline("replay", dir, "--times", "3");
    expect(code).toBe(0);
    expect(out).toContain("the missing ones are made up from its seed");
    expect(out).toContain("2 replayed 3 times: 0 as promised, 2 promise nothing");
  });

  test("the folder of a bug promises its title", async () => {
    put("bug-12345678/repro.case", CLEAN);
    put("bug-12345678/title.txt", "BUG: gone\n");
    const { code, out } = await faultline("replay", dir);
    expect(code).toBe(1);
    expect(out).toContain("clean (promised: BUG: gone)");
  });
});

describe("the rest", () => {
  test("minimise prints a case that still shows the bug; a clean one is refused", async () => {
    const { code, out, err } = await faultline("minimise", R2);
    expect(code).toBe(0);
    expect(err).toMatch(/\d+ operations -> \d+, \d preemptions, \d+ executions in \d+ ms; minimal/);
    expect((await faultline("replay", put("small.case", out))).code).toBe(0);
    const clean = await faultline("minimise", put("clean.case", CLEAN));
    expect(clean).toMatchObject({ code: 1, err: expect.stringContaining("shows no bug") });
  });

  test("report draws a case, or prints what a bucket has", async () => {
    expect((await faultline("report", R2)).out).toContain("How it happens");
    put("bug-12345678/repro.case", CLEAN);
    put("bug-12345678/report.txt", "as stored\n");
    const argv = ["report", "bug-12345678", "--crashes", dir];
    expect(await faultline(...argv)).toEqual({ code: 0, out: "as stored\n", err: "" });
  });

  test("corpus list, stats and expand", async () => {
    put("x.case", CLEAN);
    expect((await faultline("corpus", "list", dir)).out).toContain("v4.13");
    expect((await faultline("corpus", "stats", dir)).out).toMatch(/operations +.*store 1/);
    const bin = put("y.bin", new Uint8Array(40));
    const { out } = await faultline("corpus", "expand", bin);
    expect(parseCase(out, "y").config.kernel).toBe("v4.11");
  });

  test("kernels and ops list what there is", async () => {
    expect((await faultline("kernels")).out).toContain("dax-recheck-pmd");
    expect((await faultline("ops", "store")).out).toContain("store P v [N]");
  });
});
