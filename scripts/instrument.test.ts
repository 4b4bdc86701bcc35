// SPDX-License-Identifier: GPL-2.0-only
// What the build injects into kernel-land: by sample, by running it, and through source maps.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { transformSync } from "rolldown/utils";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseModule } from "./ast.ts";
import { faultlineInstrument, instrument, isKernelLand, siteKey } from "./instrument.ts";
import type { InstrumentOptions } from "./instrument.ts";

const FILE = "src/kernel/mm/memory.ts";
const sitesOnly = { branches: false };
const branchesOnly = { sites: false };

function codeOf(code: string, options: InstrumentOptions): string {
  const result = instrument(code, FILE, options);
  if (result === null) return code;
  parseModule(FILE, result.code);
  // Without the header, which has tests of its own.
  const end = /^(import [^;]*; )*(const __b = [^;]*; )?(__registerSites\(\[.*?\]\]\); )?/;
  return result.code.replace(end, "");
}

const key = (fn: string, callee: string, ordinal = 0): number =>
  siteKey(FILE, fn, callee, ordinal);

describe("sites", () => {
  it("wraps a call with its key", () => {
    const k = key("f", "g");
    expect(codeOf("function* f() { const a = yield* g(1); }", sitesOnly)).toBe(
      `function* f() { const a = __left(${k}, yield* __at(${k}, g(1))); }`,
    );
  });

  it("wraps a call whose value nobody uses", () => {
    const k = key("f", "g");
    expect(codeOf("function* f() { yield* g(); }", sitesOnly)).toContain(
      `{ __left(${k}, yield* __at(${k}, g())); }`,
    );
  });

  it("nests", () => {
    const [outer, inner] = [key("f", "g"), key("f", "h")];
    expect(codeOf("function* f() { return yield* g(yield* h()); }", sitesOnly)).toContain(
      `return __left(${outer}, yield* __at(${outer}, g(__left(${inner}, ` +
        `yield* __at(${inner}, h())))));`,
    );
  });

  it("numbers the calls of one callee", () => {
    const out = codeOf("function* f() { yield* g(); yield* h(); yield* g(); }", sitesOnly);
    for (const k of [key("f", "g", 0), key("f", "g", 1), key("f", "h")]) {
      expect(out).toContain(`__at(${k}, `);
    }
  });

  it("names methods after their last part", () => {
    const out = codeOf("function* f() { yield* vma.vm_ops!.fault!(vmf); }", sitesOnly);
    expect(out).toContain(`__at(${key("f", "fault")}, vma.vm_ops!.fault!(vmf))`);
    expect(codeOf("function* f() { yield* table[i](); }", sitesOnly)).toContain(
      `__at(${key("f", "table[]")}, table[i]())`,
    );
  });

  it.each([
    ["a primitive", "function* f() { if (preempt(1, 2)) yield; yield* slow(); }"],
    ["a generator that is not called here", "function* f(gen) { yield* gen; }"],
    ["a choice of calls", "function* f() { yield* (a ? g() : h()); }"],
    ["an optional call", "function* f() { yield* ops.fault?.(vmf); }"],
    ["a module without generators", "export const a = 1;"],
  ])("leaves %s alone", (_what, code) => {
    expect(instrument(code, FILE, sitesOnly)).toBeNull();
  });

  it("does not take a nested primitive for its neighbour", () => {
    const code = "const o = { *p() { yield; }, *f() { yield* g(); } };";
    expect(codeOf(code, sitesOnly)).toContain(`__at(${key("f", "g")}, g())`);
  });

  it("keeps keys when lines move, and registers names and lines", () => {
    const code = "function* f() {\n  yield* g();\n}\n";
    const before = instrument(code, FILE)!;
    const after = instrument(`\n// moved\n${code}`, FILE)!;
    const k = key("f", "g");
    expect(before.sites).toEqual([[k, "f", "g", "kernel/mm/memory.ts", 2]]);
    expect(after.sites).toEqual([[k, "f", "g", "kernel/mm/memory.ts", 4]]);
    expect(before.code).toContain(`__registerSites([[${k},"f","g","kernel/mm/memory.ts",2]]); `);
    expect(before.code).toContain('from "../../sched/site.ts"');
    expect(k).toBeGreaterThan(0);
    expect(k).toBeLessThan(2 ** 30);
  });
});

describe("branches", () => {
  const hit = (i: number): string => `__branches[__b + ${i}] = 1`;

  it.each([
    ["a function", "function f() { g(); }", `function f() { ${hit(0)}; g(); }`],
    ["an if", "if (a) b(); else c();", `if (a) { ${hit(0)}; b(); } else { ${hit(1)}; c(); }`],
    ["an if without else", "if (a) { b(); }", `if (a) { ${hit(0)}; b(); }`],
    ["an else if", "if (a) b(); else if (c) d();",
      `if (a) { ${hit(0)}; b(); } else if (c) { ${hit(1)}; d(); }`],
    ["a loop", "for (;;) b();", `for (;;) { ${hit(0)}; b(); }`],
    ["an empty loop", "while (a) ;", `while (a) { ${hit(0)}; ; }`],
    ["do while", "do b(); while (a)", `do { ${hit(0)}; b(); } while (a)`],
    ["?:", "x = a ? b : (c, d);", `x = a ? (${hit(0)}, b) : (${hit(1)}, (c, d));`],
    ["nested ?:", "x = a ? b : c ? d : e;",
      `x = a ? (${hit(0)}, b) : (${hit(1)}, c ? (${hit(2)}, d) : (${hit(3)}, e));`],
    ["switch", "switch (a) { case 1: case 2: b(); default: { c(); } }",
      `switch (a) { case 1: ${hit(0)};  case 2:  ${hit(1)}; b(); default:  ${hit(2)}; { c(); } }`],
    ["an if in an if", "if (a) if (b) c();",
      `if (a) { ${hit(0)}; if (b) { ${hit(1)}; c(); } }`],
  ])("counts %s", (_what, code, expected) => {
    expect(codeOf(code, branchesOnly)).toBe(expected);
  });

  it.each([
    ["types", "type A<T> = T extends string ? 1 : 2; interface B { f(): void }"],
    ["declarations", "declare function f(): void; declare module 'm' { function g(): void }"],
    ["short arrows", "export const f = (a: number) => a + 1;"],
  ])("skips %s", (_what, code) => {
    expect(instrument(code, FILE)).toBeNull();
  });

  it("skips overloads but not their implementation", () => {
    const code = "function f(a: string): void;\nfunction f(a: unknown): void { g(a); }";
    const out = codeOf(code, branchesOnly);
    expect(out).toContain(`string): void;\nfunction f(a: unknown): void { ${hit(0)};`);
  });

  it("closes an arm that is a call site in the right order", () => {
    const k = key("f", "g");
    expect(codeOf("function* f() { return a ? yield* g() : 0; }", {})).toContain(
      `a ? (${hit(1)}, __left(${k}, yield* __at(${k}, g()))) : (${hit(2)}, 0);`,
    );
  });

  it("allocates its counters before anything else of the module", () => {
    const { code } = instrument("// header\nimport { a } from './a.ts';\nif (a) a();", FILE)!;
    expect(code.startsWith("import { branches as __branches")).toBe(true);
    expect(code).toContain(`const __b = __alloc(1, "${FILE}"); // header\nimport { a }`);
  });
});

describe("the plugin", () => {
  it("takes kernel-land and nothing else", () => {
    expect(isKernelLand("src/kernel/mm/memory.ts")).toBe(true);
    expect(isKernelLand("src/hw/tlb.ts")).toBe(true);
    for (const path of ["src/sched/point.ts", "src/hw/tlb.test.ts", "src/kernel/x.d.ts"]) {
      expect(isKernelLand(path)).toBe(false);
    }
    const { handler } = faultlineInstrument({ root: "/repo" }).transform;
    const code = "export function f() { g(); }";
    expect(handler(code, "/repo/src/hw/tlb.ts")?.code).toContain("__alloc(1");
    expect(handler(code, "/repo/src/hw/tlb.ts?v=1")?.code).toContain("__alloc(1");
    expect(handler(code, "/repo/src/program/op.ts")).toBeNull();
    expect(handler(code, "/elsewhere/src/hw/tlb.ts")).toBeNull();
  });

  it("says so in one sentence when a file does not parse", () => {
    expect(() => instrument("const = 1;", FILE)).toThrow(/^src\/kernel\/mm\/memory.ts does not/);
  });
});

const RUNTIME = `export let branches = new Uint8Array(64);
export const log = [];
let used = 0;
export const allocBranches = (n) => (used += n) - n;
export const at = (site, gen) => (log.push(["at", site]), gen);
export const left = (site, value) => (log.push(["left", site, value]), value);
export const registerSites = (rows) => log.push(["rows", rows.length]);
`;

const MODULE = `export function* inner(a: number): Generator<undefined, number> {
  if (a > 9) throw new Error("boom");
  yield undefined;
  return a + 1;
}
export function* outer(a: number): Generator<undefined, number> {
  const b = a > 5
    ? yield* inner(yield* inner(a))
    : 0;
  return b;
}
`;

describe("an instrumented module", () => {
  let folder = "";
  interface Runtime {
    log: unknown[][];
    branches: Uint8Array;
  }
  interface Kernel {
    outer(a: number): Generator<undefined, number>;
  }

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "faultline-instrument-"));
    writeFileSync(join(folder, "runtime.mjs"), RUNTIME);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function load(name: string, source: string): Promise<{ run: Runtime; kernel: Kernel }> {
    const { code } = instrument(source, FILE)!;
    const js = transformSync(`${name}.ts`, code).code.replaceAll(
      /"[./]*\/sched\/(site|feedback)\.ts"/g, '"./runtime.mjs"',
    );
    writeFileSync(join(folder, `${name}.mjs`), js);
    const url = (file: string): string => pathToFileURL(join(folder, file)).href;
    const kernel = (await import(/* @vite-ignore */ url(`${name}.mjs`))) as Kernel;
    return { run: (await import(/* @vite-ignore */ url("runtime.mjs"))) as Runtime, kernel };
  }

  it("computes the same, and tells sites in order of execution", async () => {
    const { run, kernel } = await load("same", MODULE);
    const [outer, argument] = [key("outer", "inner", 0), key("outer", "inner", 1)];
    expect(run.log.splice(0)).toEqual([["rows", 2]]);
    const gen = kernel.outer(6);
    let result = gen.next();
    for (; result.done !== true; result = gen.next()) expect(result.value).toBeUndefined();
    expect(result.value).toBe(8);
    expect(run.log).toEqual([
      ["at", argument], ["left", argument, 7], ["at", outer], ["left", outer, 8],
    ]);
    // Entered: inner, outer, the first arm. Not: the throw and the second arm.
    expect([...run.branches.slice(0, 5)]).toEqual([1, 0, 1, 1, 0]);
  });

  it("maps a throw back to its line", async () => {
    const { code, map } = instrument(MODULE, FILE)!;
    const at = code.slice(0, code.indexOf('new Error("boom")')).split("\n");
    const payload = JSON.parse(map.toString()) as ConstructorParameters<typeof SourceMap>[0];
    const entry = new SourceMap(payload).findEntry(at.length - 1, at.at(-1)!.length);
    expect(entry).toMatchObject({ originalSource: FILE, originalLine: 1 });
    const column = MODULE.split("\n")[1]!.indexOf("new Error");
    expect("originalColumn" in entry && entry.originalColumn).toBe(column);
    expect(payload.sourcesContent).toEqual([MODULE]);
  });

  it("finds the shipped runtime under the names it imports", () => {
    const sched = join(import.meta.dirname, "../src/sched");
    const site = readFileSync(join(sched, "site.ts"), "utf8");
    const feedback = readFileSync(join(sched, "feedback.ts"), "utf8");
    for (const name of ["at", "left", "registerSites"]) {
      expect(site).toMatch(new RegExp(`export function ${name}\\b`));
    }
    expect(feedback).toMatch(/export let branches\b/);
    expect(feedback).toMatch(/export function allocBranches\b/);
  });
});
