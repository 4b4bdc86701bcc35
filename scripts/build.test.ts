// SPDX-License-Identifier: GPL-2.0-only
// The build and the `faultline` command, on a small tree in a temporary folder.
import { spawnSync } from "node:child_process";
import {
  copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { build, entriesOf, isStale } from "./build.ts";

const repo = dirname(import.meta.dirname);
let root = "";

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "faultline-build-"));
  put("package.json", '{ "name": "faultline", "type": "module" }');
  for (const file of ["site.ts", "feedback.ts"]) {
    mkdirSync(join(root, "src/sched"), { recursive: true });
    cpSync(join(repo, "src/sched", file), join(root, "src/sched", file));
  }
  for (const file of ["assert.ts", "hash.ts"]) {
    cpSync(join(repo, "src/lib", file), join(root, "src/lib", file));
  }
  put("src/kernel/mm/a.ts", `export function* inner(n: number): Generator<undefined, number> {
  if (n > 9) throw new Error("boom");
  return n + 1;
}
export function* outer(n: number): Generator<undefined, number> {
  return yield* inner(n);
}
`);
  put("src/cli/main.ts", `import { outer } from "../kernel/mm/a.ts";
import { allSites } from "../sched/site.ts";
export async function main(argv: string[]): Promise<number> {
  console.log(outer(Number(argv[0])).next().value, allSites()[0]?.line);
  return 3;
}
`);
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("build", () => {
  it("makes an entry of each program and of nothing else", () => {
    for (const name of ["engine", "machine", "worker", "machine.test"]) {
      put(`fuzz/${name}.ts`, "export {};");
    }
    put("scripts/bench-points.ts", "export {};");
    put("scripts/tidy.ts", "export {};");
    expect(Object.keys(entriesOf(root))).toEqual([
      "faultline", "fuzz/machine", "fuzz/worker", "scripts/bench-points",
    ]);
  });

  it("runs, instrumented, with chunks that programs share", async () => {
    put("fuzz/worker.ts", 'export { outer } from "../src/kernel/mm/a.ts";');
    const files = await build({ root });
    expect(files).toContain("faultline.js.map");
    expect(files.some((f) => f.startsWith("chunks/"))).toBe(true);
    const url = pathToFileURL(join(root, ".build/fuzz/worker.js")).href;
    const { outer } = (await import(/* @vite-ignore */ url)) as {
      outer(n: number): Generator<undefined, number>;
    };
    expect(outer(4).next()).toEqual({ value: 5, done: true });
    const chunk = files.find((f) => /^chunks\/.*\.js$/.test(f))!;
    expect(readFileSync(join(root, ".build", chunk), "utf8")).toMatch(/\[__b \+ 1\] = 1/);
  });

  it("is fresh until a source changes, appears or goes", async () => {
    expect(isStale(root)).toBe(true);
    await build({ root });
    expect(isStale(root)).toBe(false);
    put("src/kernel/mm/a.test.ts", "");
    expect(isStale(root)).toBe(false);
    put("src/new.ts", "");
    expect(isStale(root)).toBe(true);
    rmSync(join(root, "src/new.ts"));
    expect(isStale(root)).toBe(false);
    utimesSync(join(root, "src/cli/main.ts"), 1, 1);
    expect(isStale(root)).toBe(true);
  });

  it("leaves parts out for an ablation, which is never fresh", async () => {
    await build({ root, sites: false });
    const code = readFileSync(join(root, ".build/faultline.js"), "utf8");
    expect(code).toMatch(/\[__b \+ 1\] = 1/);
    expect(code).not.toContain("registerSites([");
    expect(isStale(root)).toBe(true);
    await build({ root, inline: false });
    expect(isStale(root)).toBe(true);
  });

  it("drops what is gone, and leaves alone what is not its own", async () => {
    put("fuzz/old.ts", "console.log(1);");
    put(".build/other/keep.txt", "");
    await build({ root });
    expect(existsSync(join(root, ".build/fuzz/old.js"))).toBe(true);
    rmSync(join(root, "fuzz/old.ts"));
    await build({ root });
    expect(existsSync(join(root, ".build/fuzz/old.js"))).toBe(false);
    expect(existsSync(join(root, ".build/other/keep.txt"))).toBe(true);
    expect(existsSync(join(root, `.build/tmp-${process.pid}`))).toBe(false);
  });

  it("keeps the last good tree, as stale, when a source does not parse", async () => {
    await build({ root });
    const before = readFileSync(join(root, ".build/faultline.js"), "utf8");
    put("src/kernel/mm/a.ts", "const = 1;");
    await expect(build({ root })).rejects.toThrow(/a.ts does not parse/);
    expect(readFileSync(join(root, ".build/faultline.js"), "utf8")).toBe(before);
    expect(isStale(root)).toBe(true);
  });

  it("says in one sentence that .build cannot be written", async () => {
    writeFileSync(join(root, ".build"), "a file in the way");
    await expect(build({ root })).rejects.toThrow(/^cannot write to .*\.build \(E[A-Z]+\): /);
  });
});

describe("the command", () => {
  function faultline(...argv: string[]): { status: number | null; stdout: string; stderr: string } {
    const args = [join(root, "scripts/faultline.mjs"), ...argv];
    return spawnSync(process.execPath, args, { encoding: "utf8", cwd: tmpdir() });
  }

  beforeEach(() => {
    mkdirSync(join(root, "scripts"));
    for (const file of ["faultline.mjs", "stale.mjs"]) {
      copyFileSync(join(repo, "scripts", file), join(root, "scripts", file));
    }
  });

  it("passes arguments and exit code, from any folder", async () => {
    await build({ root });
    expect(faultline("4")).toMatchObject({ status: 3, stdout: "5 6\n", stderr: "" });
  });

  it("rebuilds when stale, and ends with the build's sentence when that fails", async () => {
    put("scripts/run.mjs", 'console.error(`build: no, ${process.argv[2]}`); process.exit(1);');
    expect(faultline("4")).toMatchObject({ status: 1, stdout: "", stderr: "build: no, build\n" });
  });

  it("says that there is no command when the build made none", async () => {
    rmSync(join(root, "src/cli"), { recursive: true });
    await build({ root });
    const { status, stderr } = faultline();
    expect(status).toBe(1);
    expect(stderr).toMatch(/^faultline: src.cli.main.ts is missing/);
  });
});
