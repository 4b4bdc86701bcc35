// SPDX-License-Identifier: GPL-2.0-only
// The build step that tells kernel-land code where it is: call sites and branch counters, injected
// so that the modelled code itself stays as readable as the C file beside it. Calls of primitives
// are inlined on the way (inline.ts), which halves the time of an execution.
import { dirname, relative } from "node:path";
import MagicString from "magic-string";
import type { SourceMap } from "magic-string";
import { hashText, spread } from "../src/lib/hash.ts";
import type { SiteRow } from "../src/sched/site.ts";
import {
  bare, calleeName, child, field, functionName, isFunction, isGenerator, isTypeOnly, lineIndex,
  list, nameOf, parseModule, walk,
} from "./ast.ts";
import type { Node } from "./ast.ts";
import { callablesOf, extraImports, inlineCall, Scopes, splitPrimitive } from "./inline.ts";
import type { Callable } from "./inline.ts";
import { primitiveReader, primitivesOf } from "./primitives.ts";
import type { Primitive, PrimitivesIn } from "./primitives.ts";
import { repoRoot } from "./root.ts";

/** Each part can be switched off, for ablations. */
export interface InstrumentOptions {
  sites?: boolean;
  branches?: boolean;
  inline?: boolean;
}

type Parts = Required<InstrumentOptions>;

export interface Instrumented {
  code: string;
  map: SourceMap;
  sites: SiteRow[];
}

/** Modelled code: what runs under the scheduler and is worth feedback. */
export function isKernelLand(relPath: string): boolean {
  return /^src\/(kernel|hw)\/.*(?<!\.test|\.d)\.ts$/.test(relPath);
}

/**
 * A site's key depends on names only, never on lines, so that schedules and features survive edits
 * elsewhere in the file. 30 bits keep it a small integer in V8.
 */
export function siteKey(relPath: string, fn: string, callee: string, ordinal: number): number {
  const file = relPath.replace(/^src\/(kernel\/)?/, "");
  return spread(hashText(`${file}|${fn}|${callee}|${ordinal}`)) >>> 2 || 1;
}

/**
 * A primitive contains a bare yield. Its own calls are left alone: a point inside it belongs to the
 * site from which the primitive was called.
 */
function isPrimitive(fn: Node): boolean {
  let found = false;
  walk(child(fn, "body")!, {
    enter(node) {
      if (node.type === "YieldExpression" && field(node, "delegate") !== true) found = true;
      return !isFunction(node) && !found;
    },
  });
  return found;
}

interface Frame {
  fn: Node;
  name: string;
  /** Rewrite its calls? Not those of a primitive. */
  calls: boolean;
  /** Temporaries in use, and the most that ever were. */
  used: number;
  most: number;
}

/** One module being rewritten. Insertions at one offset keep the order in which they are made. */
class Rewriter {
  readonly out: MagicString;
  readonly rows: SiteRow[] = [];
  branches = 0;
  split = 0;
  private readonly relPath: string;
  private readonly options: Parts;
  private readonly lineOf: (offset: number) => number;
  private readonly primitives: Map<Node, Primitive>;
  private readonly callables: Map<string, Callable>;
  private readonly scopes: Scopes;
  private readonly frames: Frame[] = [];
  private readonly ordinals = new Map<string, number>();
  private readonly byKey = new Map<number, string>();
  /** Text due after a node: braces and parentheses opened before it. */
  private readonly closers = new Map<Node, string>();
  private readonly statementArms = new Set<Node>();
  private readonly expressionArms = new Set<Node>();
  /** How many temporaries a call holds until it is over. */
  private readonly temporaries = new Map<Node, number>();
  private readonly imported = new Set<Callable>();

  constructor(
    code: string, relPath: string, program: Node, options: Parts, primitivesIn: PrimitivesIn,
  ) {
    this.out = new MagicString(code);
    this.relPath = relPath;
    this.options = options;
    this.lineOf = lineIndex(code);
    const own = options.inline ? primitivesOf(program) : [];
    this.primitives = new Map(own.map((p) => [p.fn, p]));
    const known: PrimitivesIn = (path) => isKernelLand(path) ? primitivesIn(path) : new Map();
    this.callables = options.inline ? callablesOf(program, relPath, own, known) : new Map();
    this.scopes = new Scopes(program);
  }

  run(program: Node): void {
    walk(program, {
      enter: (node, ancestors) => {
        if (isTypeOnly(node)) return false;
        if (isFunction(node)) this.enterFunction(node, ancestors);
        if (this.options.branches) this.branch(node);
        if (node.type === "YieldExpression") this.call(node);
        return true;
      },
      leave: (node) => {
        const closer = this.closers.get(node);
        if (closer !== undefined) this.out.appendLeft(node.end, closer);
        const frame = this.frames.at(-1);
        if (frame === undefined) return;
        frame.used -= this.temporaries.get(node) ?? 0;
        if (frame.fn === node) this.leaveFunction(frame);
      },
    });
    for (const [local, callable] of this.callables) {
      if (callable.specifier === null || !this.imported.has(callable)) continue;
      this.out.appendLeft(callable.specifier.end, extraImports(local, callable));
    }
  }

  private enterFunction(fn: Node, ancestors: readonly Node[]): void {
    const calls = isGenerator(fn) && !isPrimitive(fn);
    this.frames.push({ fn, name: functionName(fn, ancestors), calls, used: 0, most: 0 });
    const primitive = this.primitives.get(fn);
    if (primitive === undefined) return;
    this.split++;
    const onEntry = this.options.sites ? "if (__site !== 0) __at(__site, 0); " : "";
    splitPrimitive(this.out, primitive, onEntry, (node, text) => this.closeFirst(node, text));
  }

  private leaveFunction({ fn, most }: Frame): void {
    this.frames.pop();
    if (most === 0) return;
    const names = Array.from({ length: most }, (_, i) => `__t${i}`);
    this.out.appendLeft(child(fn, "body")!.start + 1, ` let ${names.join(", ")};`);
  }

  private call(node: Node): void {
    const frame = this.frames.at(-1);
    const operand = child(node, "argument");
    if (frame?.calls !== true || field(node, "delegate") !== true || operand === null) return;
    const call = bare(operand);
    const callee = call.type === "CallExpression" ? calleeName(call) : "";
    if (callee === "") return;
    const key = this.options.sites ? this.site(frame, call, callee) : 0;
    if (operand === call && this.inlined(node, call, frame, key)) return;
    if (key === 0) return;
    this.out.appendLeft(node.start, `__left(${key}, `);
    this.out.appendLeft(operand.start, `__at(${key}, `);
    this.closeFirst(node, "))");
  }

  private site(frame: Frame, call: Node, callee: string): number {
    const key = this.newKey(frame.name, callee);
    const file = this.relPath.replace(/^src\//, "");
    this.rows.push([key, frame.name, callee, file, this.lineOf(call.start)]);
    return key;
  }

  /** Rewrites the call of a primitive so that no generator is made; false: not such a call. */
  private inlined(node: Node, call: Node, frame: Frame, key: number): boolean {
    const name = nameOf(child(call, "callee"));
    const callable = this.callables.get(name);
    if (callable === undefined) return false;
    if (this.frames.some(({ fn }) => this.scopes.boundIn(fn).has(name))) return false;
    const steady = this.scopes.steadyIn(frame.fn);
    const done = inlineCall(this.out, node, callable.form, { site: key, steady, used: frame.used });
    if (done === null) return false;
    this.imported.add(callable);
    this.temporaries.set(node, done.temporaries);
    frame.used += done.temporaries;
    frame.most = Math.max(frame.most, frame.used);
    this.closeFirst(node, done.close);
    return true;
  }

  /** What was opened last closes first. */
  private closeFirst(node: Node, text: string): void {
    this.closers.set(node, text + (this.closers.get(node) ?? ""));
  }

  private newKey(fn: string, callee: string): number {
    const pair = `${fn}|${callee}`;
    const ordinal = this.ordinals.get(pair) ?? 0;
    this.ordinals.set(pair, ordinal + 1);
    const key = siteKey(this.relPath, fn, callee, ordinal);
    const taken = this.byKey.get(key);
    if (taken !== undefined) throw collision(key, taken, `${pair} in ${this.relPath}`);
    this.byKey.set(key, `${pair} in ${this.relPath}`);
    return key;
  }

  private hit(): string {
    return `__branches[__b + ${this.branches++}] = 1`;
  }

  private branch(node: Node): void {
    if (this.statementArms.has(node)) this.enterStatement(node);
    else if (this.expressionArms.has(node)) {
      this.out.appendLeft(node.start, `(${this.hit()}, `);
      this.closeFirst(node, ")");
    }
    if (node.type === "SwitchCase") {
      const at = list(node, "consequent")[0]?.start ?? node.end;
      this.out.appendLeft(at, ` ${this.hit()}; `);
    }
    this.markArms(node);
  }

  private enterStatement(node: Node): void {
    if (node.type === "BlockStatement") {
      this.out.appendLeft(node.start + 1, ` ${this.hit()};`);
    } else {
      this.out.appendLeft(node.start, `{ ${this.hit()}; `);
      this.closeFirst(node, " }");
    }
  }

  /** Notes which children of `node` count when they are entered. */
  private markArms(node: Node): void {
    const arm = (key: string): void => {
      const target = child(node, key);
      if (target !== null) this.statementArms.add(target);
    };
    if (node.type === "IfStatement") {
      arm("consequent");
      // `else if` counts in its own arms; a missing else costs more than it tells.
      if (child(node, "alternate")?.type !== "IfStatement") arm("alternate");
    } else if (/^(For|ForIn|ForOf|While|DoWhile)Statement$/.test(node.type)) {
      arm("body");
    } else if (node.type === "ConditionalExpression") {
      this.expressionArms.add(child(node, "consequent")!);
      this.expressionArms.add(child(node, "alternate")!);
    } else if (isFunction(node) && child(node, "body")!.type === "BlockStatement") {
      arm("body");
    }
  }
}

function collision(key: number, first: string, second: string): Error {
  return new Error(
    `site key ${key} is shared by ${first} and ${second}: rename one of the functions`,
  );
}

/** Imports come first, so that counters exist before any hoisted function can run. */
function header(relPath: string, rewriter: Rewriter, sites: boolean): string {
  const toSrc = relative(dirname(relPath), "src").replaceAll("\\", "/") || ".";
  let text = "";
  if (rewriter.rows.length > 0 || (sites && rewriter.split > 0)) {
    const names = "at as __at, left as __left, registerSites as __registerSites";
    text += `import { ${names} } from "${toSrc}/sched/site.ts"; `;
  }
  if (rewriter.branches > 0) {
    const names = "branches as __branches, allocBranches as __alloc";
    text += `import { ${names} } from "${toSrc}/sched/feedback.ts"; `;
    text += `const __b = __alloc(${rewriter.branches}, ${JSON.stringify(relPath)}); `;
  }
  if (rewriter.rows.length > 0) text += `__registerSites(${JSON.stringify(rewriter.rows)}); `;
  return text;
}

/**
 * Injects sites and branch counters into one TypeScript module; `relPath` is relative to the
 * repository, and so are the paths that `primitivesIn` is asked for. Null: nothing to inject.
 */
export function instrument(
  code: string,
  relPath: string,
  options: InstrumentOptions = {},
  primitivesIn: PrimitivesIn = () => new Map(),
): Instrumented | null {
  const { sites = true, branches = true, inline = true } = options;
  const { program } = parseModule(relPath, code);
  const parts = { sites, branches, inline };
  const rewriter = new Rewriter(code, relPath, program, parts, primitivesIn);
  rewriter.run(program);
  if (!rewriter.out.hasChanged()) return null;
  // Everything goes on the first line, which keeps line numbers even where maps are ignored.
  rewriter.out.prepend(header(relPath, rewriter, sites));
  const map = rewriter.out.generateMap({ source: relPath, includeContent: true, hires: true });
  return { code: rewriter.out.toString(), map, sites: rewriter.rows };
}

/** Fits rolldown and vite alike; `enforce` is for vite, which would strip the types before us. */
export interface InstrumentPlugin {
  name: string;
  enforce: "pre";
  transform: {
    filter: { id: RegExp };
    handler(code: string, id: string): { code: string; map: string } | null;
  };
}

/** The plugin; it also sees to it that no two modules share a site key. */
export function faultlineInstrument(
  options: InstrumentOptions & { root?: string } = {},
): InstrumentPlugin {
  const root = options.root ?? repoRoot();
  const owners = new Map<number, string>();
  const primitivesIn = primitiveReader(root);
  return {
    name: "faultline-instrument",
    enforce: "pre",
    transform: {
      filter: { id: /\/src\/(kernel|hw)\/.*\.ts(\?|$)/ },
      handler(code, id) {
        const relPath = relative(root, id.replace(/\?.*$/, "")).replaceAll("\\", "/");
        if (!isKernelLand(relPath)) return null;
        const result = instrument(code, relPath, options, primitivesIn);
        if (result === null) return null;
        for (const [key, fn, callee, file] of result.sites) {
          const name = `${fn}|${callee} in ${file}`;
          const owner = owners.get(key);
          if (owner !== undefined && owner !== name) throw collision(key, owner, name);
          owners.set(key, name);
        }
        return { code: result.code, map: result.map.toString() };
      },
    },
  };
}
