// SPDX-License-Identifier: GPL-2.0-only
// A sample of each mistake that tidy must catch, and near misses that it must let pass.
import { describe, expect, it } from "vitest";
import { check, summary } from "./tidy.ts";
import { treeOf } from "./tidy/tree.ts";

const SPDX = "// SPDX-License-Identifier: GPL-2.0-only";
const HEAD = `${SPDX}\n// A sample.\n`;

const COMPLETE: Record<string, string> = {
  "package.json": "", "tsconfig.json": "", "README.md": "", "corpus/README.md": "",
  "crashes/README.md": "", "fuzz/README.md": "", "scripts/README.md": "", "src/lib/README.md": "",
};

/** A tree that is complete but for the given files; a folder gets its README by itself. */
function tidy(files: Record<string, string>): string[] {
  const all = { ...COMPLETE, ...files };
  for (const path of Object.keys(files)) {
    const folder = /^src\/\w+(?=\/)/.exec(path)?.[0];
    if (folder !== undefined) all[`${folder}/README.md`] = "";
  }
  return check(treeOf(all)).map((p) => `${p.path}:${p.line}: ${p.rule}: ${p.message}`);
}

/** The rules that one file breaks; the header takes lines 1 and 2. */
function broken(path: string, body: string, others: Record<string, string> = {}): string[] {
  const problems = tidy({ ...others, [path]: HEAD + body });
  return problems.map((text) => text.slice(0, text.indexOf(":", path.length + 5)));
}

const KERNEL = {
  "src/kernel/mm/memory.ts": `${HEAD}// Fidelity: reduced.
import type { Preemptible } from "../../sched/point.ts";
export interface VmOps { fault(a: number): Preemptible<number>; name: () => string }
export function* do_fault(a: number): Preemptible<number> { return yield* do_cow(a); }
function* do_cow(a: number): Preemptible<number> { return a; }
export function do_wp(a: number): Preemptible<number> { return do_cow(a); }
export function plain(): number { return 1; }
`,
};

describe("imports", () => {
  it.each([
    ["src/lib/bits.ts", "../sched/point.ts"],
    ["src/lib/bits.ts", "node:fs"],
    ["src/lib/bits.ts", "seedrandom"],
    ["src/sched/task.ts", "../hw/tlb.ts"],
    ["src/hw/tlb.ts", "../kernel/bug.ts"],
    ["src/hw/tlb.ts", "../sched/scheduler.ts"],
    ["src/kernel/mm/memory.ts", "../../program/op.ts"],
    ["src/kernel/mm/memory.ts", "../../oracle/kasan.ts"],
    ["src/program/text.ts", "../kernel/mm/memory.ts"],
    ["src/program/text.ts", "../triage/title.ts"],
    ["src/oracle/kasan.ts", "../program/op.ts"],
    ["src/execute.ts", "./triage/title.ts"],
    ["src/triage/minimise.ts", "../execute.ts"],
    ["src/triage/minimise.ts", "../kernel/bug.ts"],
    ["src/explore/explore.ts", "../machine.ts"],
    ["fuzz/machine.ts", "../src/kernel/bug.ts"],
    ["fuzz/machine.ts", "../src/cli/main.ts"],
    ["fuzz/machine.ts", "@jazzer.js/core"],
    ["src/cli/fuzz.ts", "../../fuzz/machine.ts"],
    ["scripts/bench.ts", "../fuzz/machine.ts"],
    ["scripts/bench.ts", "../src/execute"],
  ])("%s may not import %s", (path, from) => {
    const rule = [`${path}:3: imports`];
    expect(broken(path, `import { a } from "${from}";\n`)).toEqual(rule);
    expect(broken(path, `export * from "${from}";\n`)).toEqual(rule);
    expect(broken(path, `export const a = import("${from}");\n`)).toEqual(rule);
  });

  it.each([
    ["src/lib/prng.ts", "seedrandom/lib/xor128.js"],
    ["src/sched/strategies/pct.ts", "../../lib/prng.ts"],
    ["src/hw/tlb.ts", "../sched/point.ts"],
    ["src/kernel/mm/memory.ts", "../../hw/pte.ts"],
    ["src/program/ops/fault.ts", "../../kernel/mm/memory.ts"],
    ["src/oracle/lockdep.ts", "../sched/trace.ts"],
    ["src/execute.ts", "./oracle/index.ts"],
    ["src/triage/store.ts", "node:fs"],
    ["fuzz/engine.ts", "@jazzer.js/core"],
    ["fuzz/machine.ts", "../src/execute.ts"],
    ["src/cli/run.ts", "../execute.ts"],
    ["src/kernel/mm/memory.test.ts", "../../execute.ts"],
    ["src/kernel/mm/memory.test.ts", "vitest"],
  ])("%s may import %s", (path, from) => {
    expect(broken(path, `import { a } from "${from}";\n`)).toEqual([]);
  });

  it("lets triage and explore import only types of execute", () => {
    const types = 'import type { Execute } from "../execute.ts";\n';
    expect(broken("src/triage/minimise.ts", types)).toEqual([]);
    expect(broken("src/lib/bits.ts", types)).toEqual(["src/lib/bits.ts:3: imports"]);
  });
});

describe("a forgotten yield*", () => {
  const path = "src/kernel/mm/mmap.ts";
  const star = 'import * as mm from "./memory.ts";\n';
  const body = (statement: string): string =>
    `import { do_fault, do_wp, plain } from "./memory.ts";\n// reduced\n` +
    `export function* f(vma: { ops: VmOps }) {\n  ${statement}\n}\n`;

  it.each([
    "do_fault(1);",
    "const gen = do_fault(1);",
    "return do_fault(1);",
    "if (do_fault(1)) plain();",
    "yield* other(do_fault(1));",
    "plain(() => { do_fault(1); });",
    "do_wp(1);",
    "vma.ops.fault(1);",
    "vma.ops.fault!(1);",
    "return yield* (do_fault(1) ? f(vma) : f(vma));",
    "(f)(vma); f(vma);",
  ])("is seen in %s", (statement) => {
    expect(broken(path, body(statement), KERNEL)).toEqual([`${path}:6: yield`]);
  });

  it.each([
    "yield* do_fault(1);",
    "return yield* (do_fault(1));",
    "const a = 1 + (yield* do_wp(1));",
    "yield* (plain() ? do_fault(1) : do_wp(1));",
    "yield* vma.ops.fault!(1);",
    "spawn(do_fault(1));",
    "scheduler.spawn(1, do_fault(1));",
    "plain(() => do_fault(1));",
    "plain(function () { return do_fault(1); });",
    "plain(); vma.ops.name();",
    "plain(do_fault);",
  ])("is not seen in %s", (statement) => {
    expect(broken(path, body(statement), KERNEL)).toEqual([]);
  });

  it("is seen through an alias, a namespace, and above the kernel", () => {
    const alias = 'import { do_fault as go } from "./memory.ts";\nexport const a = go(1);\n';
    expect(broken(path, alias, KERNEL)).toEqual([`${path}:4: yield`]);
    expect(broken(path, `${star}mm.do_fault(1); mm.plain();\n`, KERNEL)).toEqual([
      `${path}:4: yield`,
    ]);
    const op = 'import { do_fault } from "../../kernel/mm/memory.ts";\ndo_fault(1);\n';
    expect(broken("src/program/ops/a.ts", op, KERNEL)).toEqual(["src/program/ops/a.ts:4: yield"]);
    const local = "const do_fault = (a: number): number => a;\ndo_fault(1);\n";
    expect(broken("src/program/text.ts", local, KERNEL)).toEqual([]);
    expect(broken("src/kernel/mm/memory.test.ts", body("do_fault(1);"), KERNEL)).toEqual([]);
  });

  it("is not seen in the iterators of tool-land", () => {
    const own = "function* range(n: number): Generator<number> { yield n; }\n";
    expect(broken("src/triage/a.ts", `${own}for (const n of range(1)) plain(n);\n`)).toEqual([]);
    const task = "function* task(n: number): Preemptible<void> { yield; }\n";
    expect(broken("src/machine.ts", `${task}task(1);\n`)).toEqual(["src/machine.ts:4: yield"]);
  });

  it("needs names that mean one thing", () => {
    const twin = "// stub\nexport function do_fault() {}\nexport function plain() {}\n";
    expect(broken("src/hw/walk.ts", twin, KERNEL)).toHaveLength(2);
    expect(broken("src/program/walk.ts", twin, KERNEL)).toEqual([]);
  });
});

describe("kernel-land", () => {
  const path = "src/hw/lock.ts";
  const body = (statements: string): string =>
    `export function* lock(a: number) {\n  ${statements}\n}\n`;

  it.each([
    ["a bare yield", "yield;", "kernel"],
    ["a yield that nobody asked for", "if (held(a)) yield;", "kernel"],
    ["a yield with a value", "if (preempt(1, a)) yield a;", "kernel"],
    ["a yield of the wrong arm", "if (preempt(1, a)) plain(); else yield;", "kernel"],
    ["a yield long after block()", "block(1, a); plain(); yield;", "kernel"],
    ["a used yield", "const x = yield;", "kernel"],
    ["try/finally", "try { plain(); } finally { plain(); }", "kernel"],
    ["async", "const f = async () => 1; plain(f);", "kernel"],
    ["a bigint", "const a = 1n;", "kernel"],
    ["an array of bigints", "const a = new BigUint64Array(1);", "kernel"],
    ["closures in an array", "const a = [() => 1];", "kernel"],
    ["closures pushed", "list.push(() => 1);", "kernel"],
    ["camelCase", "const notLinux = () => 1; notLinux();", "names"],
  ])("catches %s", (_what, statements, rule) => {
    expect(broken(path, body(statements))).toEqual([`${path}:4: ${rule}`]);
  });

  it.each([
    "if (preempt(LOCK, a)) yield;",
    "if (preempt(LOCK, a)) {\n yield;\n}",
    "while (held(a)) {\n block(LOCK, a);\n yield;\n}",
    "stall(LOCK, a); yield;",
    "try { plain(); } catch { plain(); }",
    "const a = [plain, 1]; list.push(plain);",
    "const __spin_unlock = () => 1; const VM_BUG_ON = () => 1; const __SetPageLocked = () => 1;",
  ])("lets pass: %s", (statements) => {
    expect(broken(path, body(statements))).toEqual([]);
  });

  it("asks for a word on fidelity", () => {
    const mm = "src/kernel/mm/gup.ts";
    const fn = "export function* pin() {}\n";
    expect(broken(mm, fn)).toEqual([`${mm}:3: fidelity`]);
    expect(broken(mm, `const a = 1; // faithful\n// far away\n\nplain(a);\n${fn}`)).toHaveLength(1);
    expect(broken(mm, `/** Faithful but for THP. */\n${fn}`)).toEqual([]);
    expect(broken(mm, `// A stub:\n// nothing.\n${fn}`)).toEqual([]);
    expect(broken(mm, `// Fidelity: reduced (no THP).\nplain();\n${fn}${fn}`)).not.toContain(
      `${mm}:5: fidelity`,
    );
    expect(broken(mm, "function* inside() {}\nexport function plain() {}\n")).toEqual([]);
    expect(broken("src/hw/gup.ts", fn)).toEqual([]);
  });

  it("leaves tool-land its own style", () => {
    const tool = "export async function readAll() { const x = [() => 1n]; return x; }\n";
    expect(broken("src/triage/store.ts", tool)).toEqual([]);
  });
});

describe("clock and chance", () => {
  it.each(["Math.random()", "new Date()", "Date.now()", "performance.now()"])(
    "%s is only for commands and chores", (call) => {
      const line = `export const a = ${call};\n`;
      for (const path of ["src/lib/a.ts", "src/triage/a.ts", "fuzz/machine.ts"]) {
        expect(broken(path, line)).toEqual([`${path}:3: clock`]);
      }
      for (const path of ["src/cli/a.ts", "scripts/a.ts", "fuzz/worker.ts"]) {
        expect(broken(path, line)).toEqual([]);
      }
    },
  );

  it("lets pass what only looks like it", () => {
    const names = "export const a = { Date: 1, random: x.Date + Math.floor(1) }; // Math.random\n";
    const types = 'export let b: Date | string = "Date.now()";\n';
    expect(broken("src/lib/a.ts", names + types)).toEqual([]);
  });
});

describe("sizes", () => {
  const lines = (n: number): string => "a();\n".repeat(n);

  it("counts columns, functions and files", () => {
    const wide = (n: number): string => `// ${"x".repeat(n - 3)}\n`;
    expect(broken("src/lib/a.ts", wide(100))).toEqual([]);
    expect(broken("src/lib/a.ts", wide(101))).toEqual(["src/lib/a.ts:3: size"]);
    expect(broken("src/lib/a.ts", `function f() {\n${lines(68)}}\n`)).toEqual([]);
    expect(broken("src/lib/a.ts", `function f() {\n${lines(69)}}\n`)).toHaveLength(1);
    expect(broken("src/lib/a.ts", lines(348))).toEqual([]);
    expect(broken("src/lib/a.ts", lines(349))).toEqual(["src/lib/a.ts:351: size"]);
    expect(broken("src/kernel/mm/a.ts", lines(698))).toEqual([]);
    expect(broken("src/kernel/mm/a.ts", lines(699))).toHaveLength(1);
  });

  it("takes a describe() for a chapter, and an it() for a function", () => {
    const path = "src/lib/a.test.ts";
    expect(broken(path, `describe("a", () => {\n${lines(99)}});\n`)).toEqual([]);
    expect(broken(path, `describe.each([1])("a", () => {\n${lines(99)}});\n`)).toEqual([]);
    expect(broken(path, `it("a", () => {\n${lines(99)}});\n`)).toHaveLength(1);
  });

  it("sums up", () => {
    const files = { "src/a.ts": lines(10), "src/b.ts": lines(20), "src/c.ts": lines(60) };
    expect(summary(treeOf(files))).toBe(
      "sizes: 90 lines; files: median 20, p90 20, max 60 lines; functions over 70 lines: 0",
    );
  });
});

describe("headers, comments, types and tests", () => {
  it("wants the licence first, then a sentence", () => {
    const path = "src/lib/a.ts";
    expect(tidy({ [path]: "// A sample.\na();\n" })[0]).toMatch(/^src.lib.a.ts:1: header/);
    expect(tidy({ [path]: `${SPDX}\na();\n` })[0]).toMatch(/^src.lib.a.ts:2: header/);
    expect(tidy({ [path]: "" })).toHaveLength(1);
    expect(tidy({ "scripts/a.mjs": `#!/usr/bin/env node\n${HEAD}a();\n` })).toEqual([]);
  });

  it.each([
    ["// TODO later", "comment"],
    ["// TODO(ada):", "comment"],
    ["/* FIXME(ada): now */", "comment"],
    ["// @ts-ignore", "comment"],
    ["let a: any;", "any"],
    ["let a: Map<string, any[]>;", "any"],
    ["type A = { b(c: any): void };", "any"],
    ["it.skip('a', f);", "test"],
    ["describe.only.each([1])('a', f);", "test"],
    ["let a: = 1;", "syntax"],
  ])("catches %s", (line, rule) => {
    const at = rule === "syntax" ? 1 : 3;
    expect(broken("src/lib/a.ts", `${line}\n`)).toEqual([`src/lib/a.ts:${at}: ${rule}`]);
  });

  it.each([
    "// TODO(ada): when Linux 7.0 is out",
    "// We need no @ts-ignore, and any comment may say so.",
    "// @ts-expect-error: the type is too narrow",
    "const a = 'TODO FIXME any .skip( .only(';",
    "cursor.skip(4); list.only(1); const any = 1;",
    "it.each([1])('a', f); it('only', f);",
  ])("lets pass: %s", (line) => {
    expect(broken("src/lib/a.ts", `${line}\n`)).toEqual([]);
  });
});

describe("layout", () => {
  it("knows the top level", () => {
    expect(tidy({})).toEqual([]);
    const fine = { ".ci/run": "", ".gitignore": "", LICENSE: "", "package-lock.json": "" };
    expect(tidy(fine)).toEqual([]);
    expect(tidy({ "docs/a.md": "" })).toEqual([
      "docs:1: layout: does not belong at the top level",
    ]);
    const { "tsconfig.json": _gone, ...rest } = COMPLETE;
    expect(check(treeOf(rest)).map((p) => p.path)).toEqual(["tsconfig.json"]);
  });

  it("wants a README in each folder", () => {
    const tree = treeOf({ ...COMPLETE, "src/hw/tlb.ts": HEAD, "src/machine.ts": HEAD });
    expect(check(tree).map((p) => p.path)).toEqual(["src/hw/README.md"]);
  });
});
