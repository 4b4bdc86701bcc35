// SPDX-License-Identifier: GPL-2.0-only
// Coverage that can be trusted: c8's lines are those of the .ts files, and only code counts.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { statementLines } from "./coverage/lines.ts";
import { measure } from "./coverage/measure.ts";
import type { FileCoverage } from "./coverage/measure.ts";
import { summariseFile } from "./coverage/summary.ts";
import { repoRoot } from "./root.ts";

it("counts the lines of statements in functions, and no comments, types or constants", () => {
  const code = [
    "// a comment", "const table = [1, 2];", "interface A {", "  b: number;", "}",
    "export function f(a: A): number {", "  // why", "  const x =", "    a.b;", "",
    "  if (x > 1) {", "    return 1;", "  }", "  return table[0];", "}",
  ].join("\n");
  expect([...statementLines("f.ts", code)].sort((a, b) => a - b)).toEqual([8, 11, 12, 14]);
});

function lineOf(path: string, text: string): number {
  return readFileSync(path, "utf8").split("\n").findIndex((line) => line.includes(text)) + 1;
}

function hits(file: FileCoverage, line: number): number {
  const key = Object.keys(file.statementMap)
    .find((one) => file.statementMap[one].start.line === line);
  return file.s[key!];
}

it("knows which lines of the kernel a case has run", async () => {
  const folder = mkdtempSync(join(tmpdir(), "faultline-coverage-"));
  try {
    const [corpus, reports] = [join(folder, "corpus"), join(folder, "report")];
    mkdirSync(corpus);
    writeFileSync(join(corpus, "a.case"), "mmap 0 8 rw anon\nmunmap 0 8\n");
    const root = repoRoot();
    const { files, executions } = await measure(root, corpus, 0, reports, false);
    expect(executions).toBe(1);
    const find = (path: string) => files.find((file) => file.path === join(root, path))!;
    const [mmap, memory] = [find("src/kernel/mm/mmap.ts"), find("src/kernel/mm/memory.ts")];
    expect(hits(mmap, lineOf(mmap.path, "function* vm_munmap(") + 1)).toBeGreaterThan(0);
    expect(hits(memory, lineOf(memory.path, "function* do_anonymous_page(") + 1)).toBe(0);
    const { uncovered, functions } = summariseFile(root, memory);
    expect(uncovered.map(({ name }) => name)).toContain("do_anonymous_page");
    expect(functions.hit + uncovered.length).toBe(functions.all);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
