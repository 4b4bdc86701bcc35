// SPDX-License-Identifier: GPL-2.0-only
// The build step that tells kernel-land code where it is: call sites and branch counters, injected
// so that the modelled code itself stays as readable as the C file beside it.
import { dirname, relative } from "node:path";
import MagicString from "magic-string";
import type { SourceMap } from "magic-string";
import { hashText, spread } from "../src/lib/hash.ts";
import type { SiteRow } from "../src/sched/site.ts";
import {
  bare, calleeName, child, field, functionName, isFunction, isGenerator, isTypeOnly, lineIndex,
  list, parseModule, walk,
} from "./ast.ts";
import type { Node } from "./ast.ts";
import { repoRoot } from "./root.ts";

/** Each part can be switched off, for ablations. */
export interface InstrumentOptions {
  sites?: boolean;
  branches?: boolean;
}

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
  sites: boolean;
}

/** One module being rewritten. Insertions at one offset keep the order in which they are made. */
class Rewriter {
  readonly out: MagicString;
  readonly rows: SiteRow[] = [];
  branches = 0;
  private readonly relPath: string;
  private readonly options: Required<InstrumentOptions>;
  private readonly lineOf: (offset: number) => number;
  private readonly frames: Frame[] = [];
  private readonly ordinals = new Map<string, number>();
  private readonly byKey = new Map<number, string>();
  /** Text due after a node: braces and parentheses opened before it. */
  private readonly closers = new Map<Node, string>();
  private readonly statementArms = new Set<Node>();
  private readonly expressionArms = new Set<Node>();

  constructor(code: string, relPath: string, options: Required<InstrumentOptions>) {
    this.out = new MagicString(code);
    this.relPath = relPath;
    this.options = options;
    this.lineOf = lineIndex(code);
  }

  run(program: Node): void {
    walk(program, {
      enter: (node, ancestors) => {
        if (isTypeOnly(node)) return false;
        if (isFunction(node)) this.frames.push(this.frameOf(node, ancestors));
        if (this.options.branches) this.branch(node);
        if (node.type === "YieldExpression") this.site(node);
        return true;
      },
      leave: (node) => {
        const closer = this.closers.get(node);
        if (closer !== undefined) this.out.appendLeft(node.end, closer);
        if (this.frames.at(-1)?.fn === node) this.frames.pop();
      },
    });
  }

  private frameOf(fn: Node, ancestors: readonly Node[]): Frame {
    const sites = this.options.sites && isGenerator(fn) && !isPrimitive(fn);
    return { fn, name: functionName(fn, ancestors), sites };
  }

  private site(node: Node): void {
    const frame = this.frames.at(-1);
    const operand = child(node, "argument");
    if (frame?.sites !== true || field(node, "delegate") !== true || operand === null) return;
    const call = bare(operand);
    if (call.type !== "CallExpression") return;
    const callee = calleeName(call);
    if (callee === "") return;
    const key = this.newKey(frame.name, callee);
    const file = this.relPath.replace(/^src\//, "");
    this.rows.push([key, frame.name, callee, file, this.lineOf(call.start)]);
    this.out.appendLeft(node.start, `__left(${key}, `);
    this.out.appendLeft(operand.start, `__at(${key}, `);
    this.closeFirst(node, "))");
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
function header(relPath: string, rewriter: Rewriter): string {
  const toSrc = relative(dirname(relPath), "src").replaceAll("\\", "/") || ".";
  let text = "";
  if (rewriter.rows.length > 0) {
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
 * repository. Null when there is nothing to inject.
 */
export function instrument(
  code: string,
  relPath: string,
  options: InstrumentOptions = {},
): Instrumented | null {
  const full = { sites: options.sites ?? true, branches: options.branches ?? true };
  const rewriter = new Rewriter(code, relPath, full);
  rewriter.run(parseModule(relPath, code).program);
  if (rewriter.rows.length === 0 && rewriter.branches === 0) return null;
  // Everything goes on the first line, which keeps line numbers even where maps are ignored.
  rewriter.out.prepend(header(relPath, rewriter));
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
  return {
    name: "faultline-instrument",
    enforce: "pre",
    transform: {
      filter: { id: /\/src\/(kernel|hw)\/.*\.ts(\?|$)/ },
      handler(code, id) {
        const relPath = relative(root, id.replace(/\?.*$/, "")).replaceAll("\\", "/");
        if (!isKernelLand(relPath)) return null;
        const result = instrument(code, relPath, options);
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
