// SPDX-License-Identifier: GPL-2.0-only
// Primitives without generators: which functions are split, what call sites become, and that an
// inlined program does the same under every schedule.
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { transformSync } from "rolldown/utils";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseModule } from "./ast.ts";
import { instrument, siteKey } from "./instrument.ts";
import type { InstrumentOptions } from "./instrument.ts";
import { primitiveReader, primitivesOf } from "./primitives.ts";
import type { Form } from "./primitives.ts";
import { repoRoot } from "./root.ts";

const LIB = "src/kernel/include/lib.ts";
const FILE = "src/kernel/mm/memory.ts";
const FORMS = new Map<string, Form>([["get", "now"], ["set", "now"], ["lock", "slow"]]);
const IMPORT = 'import { get, set, lock } from "../include/lib.ts"; ';

const primitivesIn = (path: string): ReadonlyMap<string, Form> =>
  path === LIB ? FORMS : new Map<string, Form>();
const key = (fn: string, callee: string, ordinal = 0): number =>
  siteKey(FILE, fn, callee, ordinal);

function codeOf(code: string, options: InstrumentOptions = { branches: false }): string {
  const result = instrument(code, FILE, options, primitivesIn);
  if (result === null) return code;
  parseModule(FILE, result.code);
  return result.code.replace(/^import \{ at as [^;]*; (__registerSites\(.*?\]\]\); )?/, "");
}

/** What the body of `function* f(a, b)` becomes, without its imports. */
function bodyOf(body: string, options?: InstrumentOptions): string {
  const out = codeOf(`${IMPORT}function* f(a, b) { ${body} }`, options);
  return /function\* f\(a, b\) \{(.*) \}$/s.exec(out)![1]!.trim();
}

const formOf = (code: string): Form | undefined =>
  primitivesOf(parseModule(FILE, code).program)[0]?.form;

describe("a primitive", () => {
  it.each<[string, string, Form]>([
    ["a point and plain steps", "if (preempt(K, a)) yield; return m[a];", "now"],
    ["a point alone", "if (preempt(K, a)) { yield; }", "now"],
    ["an uncontended lock", "if (preempt(K, a)) yield; if (!take(a)) yield* wait(a);", "slow"],
    ["a step before the lock",
      "if (preempt(K, a)) yield; n++; if (held(a)) { yield* wait(a, me()); }", "slow"],
  ])("is %s", (_what, body, form) => {
    expect(formOf(`export function* f(a: number) { ${body} }`)).toBe(form);
  });

  it.each([
    ["a second point", "if (preempt(K, a)) yield; if (preempt(K, a)) yield;"],
    ["a wait", "if (preempt(K, a)) yield; block(K, a); yield;"],
    ["steps before the point", "n++; if (preempt(K, a)) yield;"],
    ["an else", "if (preempt(K, a)) yield; else n++;"],
    ["something else to ask", "if (prevent(K, a)) yield; return 1;"],
    ["a slow path with a value", "if (preempt(K, a)) yield; return yield* wait(a);"],
    ["steps after the slow path", "if (preempt(K, a)) yield; if (b) yield* wait(a); n++;"],
    ["variables before it", "if (preempt(K, a)) yield; const b = 1; if (b) yield* wait(b);"],
    ["a way out before it", "if (preempt(K, a)) yield; if (n) return; if (b) yield* wait(a);"],
    ["a parameter that changes", "if (preempt(K, a)) yield; a++; if (b) yield* wait(a);"],
    ["a receiver", "if (preempt(K, a)) yield; this.n++;"],
  ])("has not %s", (_what, body) => {
    expect(formOf(`export function* f(a: number) { ${body} }`)).toBeUndefined();
  });

  it("has plain parameters and no type parameters", () => {
    const body = "{ if (preempt(K, a)) yield; }";
    expect(formOf(`export function* f(a = 1) ${body}`)).toBeUndefined();
    expect(formOf(`export function* f(...a: number[]) ${body}`)).toBeUndefined();
    expect(formOf(`export function* f<T>(a: T) ${body}`)).toBeUndefined();
    expect(formOf(`export function* f(b?: number) ${body}`)).toBe("now");
  });

  it("is split where it stands, into steps and the generator that it was", () => {
    const out = codeOf("export function* g(a: A, b: B): P<C> {\n  if (preempt(K, a)) yield;\n" +
      "  return a.x;\n}\n");
    expect(out.split("\n")).toEqual([
      "export function g$point(__site, a: A, b: B): boolean {",
      "  if (__site !== 0) __at(__site, 0); if (preempt(K, a)) return true; return false; } " +
        "export function g$now(a, b) {",
      "  return a.x;",
      "} export function* g(a, b) { if (g$point(0, a, b)) yield; return g$now(a, b); }",
      "",
    ]);
  });

  it("keeps its slow path apart, with the branch counters of both", () => {
    const code = "function* l(): P<void> { if (preempt(K, 0)) yield; if (!t()) yield* w(); }";
    const out = codeOf(code, { sites: false });
    const hit = (i: number): string => `__branches[__b + ${i}] = 1;`;
    expect(out).toContain(
      `function l$point(__site): boolean { ${hit(0)} if (preempt(K, 0)) { ${hit(1)} ` +
        `return true; } return false; } function l$busy() { return (!t()); } ` +
        `function l$slow() { { ${hit(2)} return (w()); } } ` +
        `function* l() { if (l$point(0)) yield; if (l$busy()) yield* l$slow(); }`,
    );
  });

  it("stays whole when that is switched off", () => {
    const code = "export function* g(a) { if (preempt(K, a)) yield; }";
    expect(codeOf(code, { branches: false, inline: false })).toBe(code);
  });
});

describe("a call", () => {
  const [k, k1] = [key("f", "get"), key("f", "set")];

  it("evaluates arguments once, before the point", () => {
    expect(bodyOf("return yield* get(a.x, 7, b);")).toBe(
      `let __t0; return __left(${k}, (get$point(${k}, __t0 = a.x, 7, b) && (yield), ` +
        "get$now(__t0, 7, b)));",
    );
  });

  it("runs the slow path as a generator, and has no value", () => {
    const l = key("f", "lock");
    expect(bodyOf("yield* lock(a);")).toBe(
      `__left(${l}, (lock$point(${l}, a) && (yield), lock$busy(a) && ` +
        "(yield* lock$slow(a)), undefined));",
    );
  });

  it("nests, with variables of its own while the outer call needs its", () => {
    expect(bodyOf("yield* set(a.x, yield* get(a.y)); yield* get(b.y);")).toBe(
      `let __t0, __t1, __t2; __left(${k1}, (set$point(${k1}, __t0 = a.x, __t1 = ` +
        `__left(${k}, (get$point(${k}, __t2 = a.y) && (yield), get$now(__t2)))) && (yield), ` +
        `set$now(__t0, __t1))); __left(${key("f", "get", 1)}, (get$point(` +
        `${key("f", "get", 1)}, __t0 = b.y) && (yield), get$now(__t0)));`,
    );
  });

  it.each([
    ["a condition", "while ((yield* get(a)) !== 0) b++;", "while ((__left("],
    ["a negation", "if (!(yield* get(a))) return;", "if (!(__left("],
    ["a pattern", "const [x, y] = yield* get(a); return x + y;", "const [x, y] = __left("],
    ["an arm", "return a ? yield* get(a) : 0;", "return a ? __left("],
  ])("is one expression in %s", (_what, body, start) => {
    expect(bodyOf(body).startsWith(start)).toBe(true);
    expect(bodyOf(body)).not.toContain("yield* ");
  });

  it.each([
    ["a variable of the module", "let v = 1; function* f(a, b) { yield* get(v); }"],
    ["an import", "import { v } from './v.ts'; function* f(a, b) { yield* get(v); }"],
    ["a variable that a closure sets",
      "function* f(a, b) { let v = 1; use(() => { v = 2; }); yield* get(v); }"],
    ["a variable of the function around",
      "function o(v) { return { *f(a, b) { yield* get(v); } }; }"],
    ["one that a later argument sets", "function* f(v, b) { yield* get(v, v = 2); }"],
  ])("does not read %s a second time", (_what, code) => {
    expect(codeOf(IMPORT + code)).toMatch(/get\$now\(__t0/);
  });

  it("counts an arm around it in the right order", () => {
    expect(bodyOf("return a ? yield* get(a) : 0;", { sites: false })).toContain(
      "a ? (__branches[__b + 1] = 1, (get$point(0, a) && (yield), get$now(a))) : (",
    );
  });

  it("imports the steps beside the name, whatever it is called here", () => {
    const code = 'import { get as read, type X } from "../include/lib.ts";\n' +
      "function* f(a) { yield* read(a); }";
    const out = codeOf(code);
    expect(out).toContain(
      "import { get as read, get$point as read$point, get$now as read$now, type X } from",
    );
    expect(out).toContain("read$point(");
    expect(codeOf(`${IMPORT}export { get };`)).toBe(`${IMPORT}export { get };`);
  });

  it("finds the primitives of its own module", () => {
    const own = "function* p() { if (preempt(K, 0)) yield; }";
    const out = codeOf(`function* f() { yield* p(); }\n${own}`);
    const site = key("f", "p");
    expect(out).toContain(`__left(${site}, (p$point(${site}) && (yield), p$now()));`);
  });

  it.each([
    ["spread arguments", `${IMPORT}function* f(a) { yield* get(...a); }`],
    ["another function of that name", `${IMPORT}function* f(get) { yield* get(1); }`],
    ["a method of that name", `${IMPORT}function* f(a) { yield* a.get(1); }`],
    ["a name from elsewhere",
      'import { get } from "../include/other.ts"; function* f() { yield* get(); }'],
    ["a type", 'import type { get } from "../include/lib.ts"; function* f() { yield* get(); }'],
  ])("is left alone with %s", (_what, code) => {
    expect(codeOf(code)).toContain("yield* __at(");
    expect(codeOf(code)).not.toContain("$point");
  });

  it("is left alone within a primitive", () => {
    const code = `${IMPORT}function* f(a) { block(K, a); yield; yield* get(a); }`;
    expect(codeOf(code)).toContain("yield; yield* get(a);");
  });
});

describe("the reader of primitives", () => {
  it("reads a module again when it has changed", () => {
    const root = mkdtempSync(join(tmpdir(), "faultline-primitives-"));
    const path = join(root, "a.ts");
    const read = primitiveReader(root);
    writeFileSync(path, "export function* a() { if (preempt(K, 0)) yield; }\n" +
      "function* own() { if (preempt(K, 0)) yield; }");
    expect([...read("a.ts")]).toEqual([["a", "now"]]);
    expect(read("a.ts")).toBe(read("a.ts"));
    writeFileSync(path, "export function* b() { if (preempt(K, 0)) yield; }");
    utimesSync(path, 1, 1);
    expect([...read("a.ts").keys()]).toEqual(["b"]);
    expect(read("missing.ts").size).toBe(0);
    rmSync(root, { recursive: true });
  });

  it.each<[string, string, Form]>([
    ["src/kernel/locking/spinlock.ts", "spin_lock", "slow"],
    ["src/kernel/locking/rwsem.ts", "down_read", "slow"],
    ["src/kernel/locking/rwsem.ts", "down_write", "slow"],
    ["src/kernel/locking/pagelock.ts", "lock_page", "slow"],
    ["src/kernel/include/pgtable.ts", "pmdp_get", "now"],
    ["src/kernel/include/pgtable.ts", "set_pte_at", "now"],
  ])("knows the hot ones of %s: %s", (path, name, form) => {
    expect(primitiveReader(repoRoot())(path).get(name)).toBe(form);
  });
});

const RUNTIME = `export const state = { log: [], stops: 0, n: 0, held: 0 };
const say = (...what) => void state.log.push(what.join(" "));
export const branches = new Uint8Array(64);
let used = 0;
export const allocBranches = (n) => (used += n) - n;
export const at = (site, gen) => (state.site = site, say("at", site), gen);
export const left = (site, value) => (say("left", site, value), value);
export const registerSites = () => {};
export const preempt = (kind, o) => {
  say("point", kind, o, state.site);
  return ((state.stops >> state.n++) & 1) === 1;
};
export const act = (what) => (say(what), what.length);
`;
const PRIMITIVES = `import { act, preempt, state } from "./point.ts";
export function* get(o: { v: number }, extra?: number): Generator<undefined, number> {
  if (preempt("get", o.v)) yield;
  if (o.v > 90) throw new Error("boom");
  return o.v++ + (extra ?? 10) + act("got");
}
export function* lock(o: { v: number }): Generator<undefined, void> {
  if (preempt("lock", o.v)) yield;
  act("try");
  if (state.held++ % 2 === 0) yield* wait(o, act("late"));
}
function* wait(o: { v: number }, n: number): Generator<undefined, void> {
  act("wait " + (o.v + n));
  yield;
}
`;
const PROGRAM = `import { act, state } from "../../sched/point.ts";
import { get, lock } from "../include/lib.ts";
function* helper(o: { v: number }): Generator<undefined, number> {
  const nothing: unknown = yield* lock(o);
  return (yield* get(o, yield* get({ v: act("inner") }))) + (nothing === undefined ? 1 : 2);
}
export function* main(o: { v: number }): Generator<undefined, string> {
  const { v } = o;
  let text = "";
  while ((yield* get(o)) < 18 + v) text += yield* helper(o);
  const [a] = [yield* get({ v: o.v + 1 }, (o = { v: 3 }).v), act("last")];
  yield* lock(o);
  return text + a + state.held;
}
`;

describe("an inlined program", () => {
  let folder = "";
  interface Log {
    state: { log: string[]; stops: number; n: number; held: number; site: number };
    branches: Uint8Array;
  }

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "faultline-inline-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Builds both modules into files of their own, and returns one run as lines. */
  async function build(name: string, inline: boolean): Promise<(stops: number) => string[]> {
    const url = (file: string): string => pathToFileURL(join(folder, file)).href;
    const forms = primitivesOf(parseModule(LIB, PRIMITIVES).program);
    const known = new Map(forms.map((p) => [p.name, p.form]));
    const put = (file: string, path: string, source: string): void => {
      const { code } = instrument(source, path, { inline }, (p) =>
        p === LIB ? known : new Map<string, Form>())!;
      expect(code.includes("$now")).toBe(inline);
      const js = transformSync(file.replace(".mjs", ".ts"), code).code
        .replaceAll(/"[./]*\/(site|feedback|point)\.ts"|"[./]*\/sched\/\w+\.ts"/g,
          `"./${name}-runtime.mjs"`)
        .replaceAll('"../include/lib.ts"', `"./${name}-lib.mjs"`);
      writeFileSync(join(folder, file), js);
    };
    writeFileSync(join(folder, `${name}-runtime.mjs`), RUNTIME);
    put(`${name}-lib.mjs`, LIB, PRIMITIVES);
    put(`${name}-main.mjs`, FILE, PROGRAM);
    const run = (await import(/* @vite-ignore */ url(`${name}-runtime.mjs`))) as Log;
    const { main } = (await import(/* @vite-ignore */ url(`${name}-main.mjs`))) as {
      main(o: { v: number }): Generator<undefined, string>;
    };
    return (stops) => {
      Object.assign(run.state, { log: [], stops, n: 0, held: stops & 1, site: 0 });
      run.branches.fill(0);
      const gen = main({ v: 5 });
      let result = gen.next();
      for (; result.done !== true; result = gen.next()) run.state.log.push("yielded");
      return [...run.state.log, result.value, run.branches.join("")];
    };
  }

  it("does the same as with generators, under every schedule", async () => {
    const [plain, inlined] = [await build("plain", false), await build("inlined", true)];
    expect(plain(0).filter((line) => line.startsWith("point")).length).toBeGreaterThan(9);
    expect(plain(1)).not.toEqual(plain(2));
    for (let stops = 0; stops < 4096; stops++) expect(inlined(stops)).toEqual(plain(stops));
  });

  it("maps a throw of a primitive, and lines of calls, back to the source", () => {
    for (const [source, text] of [[PRIMITIVES, 'new Error("boom")'], [PROGRAM, "act(\"last\")"]]) {
      const { code, map } = instrument(source!, LIB, {}, primitivesIn)!;
      const payload = JSON.parse(map.toString()) as ConstructorParameters<typeof SourceMap>[0];
      const before = code.slice(0, code.indexOf(text!)).split("\n");
      const lines = source!.slice(0, source!.indexOf(text!)).split("\n");
      const entry = new SourceMap(payload).findEntry(before.length - 1, before.at(-1)!.length);
      expect(entry).toMatchObject({ originalLine: lines.length - 1 });
      expect("originalColumn" in entry && entry.originalColumn).toBe(lines.at(-1)!.length);
      expect(before.length).toBe(lines.length);
    }
  });
});
