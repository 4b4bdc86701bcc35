// SPDX-License-Identifier: GPL-2.0-only
// .ci/run with npm, npx and node played by stubs: what it counts, and when it fails.
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";

const STUB = `#!/bin/bash
cat
echo "$(basename "$0") $*"
[ "$1" = cit ] && printf ' Test Files  1 passed (1)\\n      Tests  %s\\n' "$TESTS"
case " \${FAIL:-nothing} " in *" $1 "*|*" $2 "*) exit 1;; esac
exit 0
`;
let root = "";

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "faultline-ci-"));
  mkdirSync(join(root, ".ci"));
  mkdirSync(join(root, "bin"));
  copyFileSync(join(dirname(import.meta.dirname), ".ci/run"), join(root, ".ci/run"));
  for (const name of ["npm", "npx", "node"]) {
    writeFileSync(join(root, "bin", name), STUB);
    chmodSync(join(root, "bin", name), 0o755);
  }
});

afterAll(() => rmSync(root, { recursive: true }));

function ci(tests: string, fail = ""): { status: number | null; lines: string[] } {
  const path = `${join(root, "bin")}:${process.env.PATH}`;
  const { status, stdout } = spawnSync(join(root, ".ci/run"), {
    encoding: "utf8", cwd: tmpdir(), env: { PATH: path, TESTS: tests, FAIL: fail },
    timeout: 20_000, input: "not for the steps\n",
  });
  return { status, lines: stdout.trimEnd().split("\n") };
}

it("runs the README's command and each check, and times them", () => {
  const { status, lines } = ci("152 passed (152)");
  expect(status).toBe(0);
  expect(lines.at(-1)).toBe("156 passed, 0 failed");
  for (const name of ["test", "tidy", "types", "replay", "canary"]) {
    expect(lines.filter((line) => line.startsWith(`== ${name}: ok in `))).toHaveLength(1);
  }
  expect(lines).toContain("npm cit");
  expect(lines).not.toContain("not for the steps");
});

it.each([
  ["a failing test", "1 failed | 151 passed (152)", "cit", "155 passed, 1 failed"],
  ["only failing tests", "3 failed (3)", "cit", "4 passed, 3 failed"],
  ["a suite that does not load", "5 passed (5)", "cit", "9 passed, 1 failed"],
  ["an install that fails", "", "cit", "4 passed, 1 failed"],
  ["no test at all", "", "", "4 passed, 1 failed"],
  ["an untidy tree", "5 passed (5)", "scripts/run.mjs", "8 passed, 1 failed"],
  ["a canary that was not found", "5 passed (5)", "canary", "8 passed, 1 failed"],
])("fails on %s", (_what, tests, fail, last) => {
  const { status, lines } = ci(tests, fail);
  expect(lines.at(-1)).toBe(last);
  expect(status).toBe(1);
});
