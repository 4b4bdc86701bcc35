// SPDX-License-Identifier: GPL-2.0-only
// Primitives without generators: splits each into plain functions (before and after its point), and
// finds what a call site needs to call those in place of `yield* name(...)`. A generator object and
// its protocol cost more than most primitives do.
import { dirname, join } from "node:path/posix";
import type MagicString from "magic-string";
import { child, field, isFunction, list, nameOf, walk } from "./ast.ts";
import type { Node } from "./ast.ts";
import { assigns } from "./primitives.ts";
import type { Form, Primitive, PrimitivesIn } from "./primitives.ts";

/** The functions that a primitive is split into. */
const PIECES: Record<Form, string[]> = {
  now: ["$point", "$now"],
  slow: ["$point", "$busy", "$slow"],
};

/** A primitive as a module calls it; `specifier` is where it is imported, null when it is here. */
export interface Callable {
  form: Form;
  imported: string;
  specifier: Node | null;
}

/** Text that goes right after a node, inside of what was put there earlier. */
export type CloseFirst = (node: Node, text: string) => void;

/** Replaces text and keeps its line breaks: lines stay where they were. */
function swap(out: MagicString, start: number, end: number, text: string): void {
  const breaks = out.original.slice(start, end).replace(/[^\n]/g, "");
  out.update(start, end, text + breaks);
}

/**
 * Splits a primitive where it stands: `name$point` is true when the task must give up the CPU;
 * `name$now` does the rest, or `name$busy` tells whether `name$slow` must be run too. The generator
 * becomes a frame around them. `onEntry` is run in front of the point, `__site` is known there.
 */
export function splitPrimitive(
  out: MagicString, primitive: Primitive, onEntry: string, closeFirst: CloseFirst,
): void {
  const { name, fn, gate, pause, slow } = primitive;
  const params = primitive.params.join(", ");
  const piece = primitive.exported ? "export function" : "function";
  const type = child(fn, "returnType");
  const open = out.original.indexOf("(", child(fn, "id")!.end) + 1;
  swap(out, fn.start, child(fn, "id")!.end, `function ${name}$point`);
  out.appendLeft(open, params === "" ? "__site" : "__site, ");
  if (type !== null) swap(out, type.start, type.end, ": boolean");
  out.appendLeft(gate.start, onEntry);
  swap(out, pause.start, pause.end, "return true");
  const given = params === "" ? "0" : `0, ${params}`;
  let whole = `${piece}* ${name}(${params}) { if (${name}$point(${given})) yield; `;
  if (slow === null) {
    closeFirst(gate, ` return false; } ${piece} ${name}$now(${params}) {`);
    whole += `return ${name}$now(${params}); }`;
  } else {
    const { branch, run } = slow;
    const test = child(branch, "test")!;
    closeFirst(gate, ` return false; } ${piece} ${name}$busy(${params}) {`);
    swap(out, branch.start, test.start, "return (");
    const head = `${piece} ${name}$slow(${params}) {`;
    swap(out, test.end, child(branch, "consequent")!.start, `); } ${head} `);
    swap(out, run.start, child(run, "argument")!.start, "return (");
    closeFirst(run, ")");
    whole += `if (${name}$busy(${params})) yield* ${name}$slow(${params}); }`;
  }
  closeFirst(fn, ` ${whole}`);
}

/** The primitives that a module can call by name: its own and those it imports. */
export function callablesOf(
  program: Node, relPath: string, own: Primitive[], primitivesIn: PrimitivesIn,
): Map<string, Callable> {
  const found = new Map<string, Callable>();
  for (const { name, form } of own) found.set(name, { form, imported: name, specifier: null });
  for (const statement of list(program, "body")) {
    const from = nameOf(child(statement, "source"));
    if (statement.type !== "ImportDeclaration" || !from.startsWith(".")) continue;
    if (field(statement, "importKind") === "type") continue;
    const forms = primitivesIn(join(dirname(relPath), from));
    if (forms.size === 0) continue;
    for (const specifier of list(statement, "specifiers")) {
      const imported = nameOf(child(specifier, "imported"));
      const form = forms.get(imported);
      if (form === undefined || field(specifier, "importKind") === "type") continue;
      found.set(nameOf(child(specifier, "local")), { form, imported, specifier });
    }
  }
  return found;
}

/** What to import beside `name`, so that modules are still loaded in the order of the source. */
export function extraImports(local: string, { form, imported }: Callable): string {
  const pieces = PIECES[form].map((piece) =>
    local === imported ? imported + piece : `${imported}${piece} as ${local}${piece}`);
  return `, ${pieces.join(", ")}`;
}

/** Names that a pattern binds. */
function bindings(pattern: Node | null, into: Set<string>): void {
  if (pattern === null) return;
  if (pattern.type === "Identifier") into.add(nameOf(pattern));
  else if (pattern.type === "ObjectPattern") {
    for (const p of list(pattern, "properties")) bindings(child(p, "value") ?? p, into);
  } else if (pattern.type === "ArrayPattern") {
    for (const element of list(pattern, "elements")) bindings(element, into);
  } else {
    bindings(child(pattern, "left") ?? child(pattern, "argument"), into);
  }
}

function bind(node: Node, into: Set<string>): void {
  if (node.type === "VariableDeclarator" || /^(Function|Class)Declaration$/.test(node.type)) {
    bindings(child(node, "id"), into);
  } else if (node.type === "CatchClause") {
    bindings(child(node, "param"), into);
  } else if (node.type === "ImportSpecifier" || node.type === "ImportNamespaceSpecifier") {
    bindings(child(node, "local"), into);
  }
  if (isFunction(node)) for (const param of list(node, "params")) bindings(param, into);
}

/** Names that a function, or a module, binds itself; of nested functions only their names. */
function namesBoundIn(scope: Node): Set<string> {
  const names = new Set<string>();
  walk(scope, {
    enter(node) {
      if (node === scope || !isFunction(node)) bind(node, names);
      else if (node.type === "FunctionDeclaration") bindings(child(node, "id"), names);
      return node === scope || !isFunction(node);
    },
  });
  return names;
}

/** What functions of one module bind, found when it is asked for. */
export class Scopes {
  private readonly program: Node;
  private readonly bound = new Map<Node, ReadonlySet<string>>();
  private readonly steady = new Map<Node, ReadonlySet<string>>();

  constructor(program: Node) {
    this.program = program;
  }

  boundIn(scope: Node): ReadonlySet<string> {
    const names = this.bound.get(scope) ?? namesBoundIn(scope);
    this.bound.set(scope, names);
    return names;
  }

  /** Local names of `fn` that no other code can change while it is suspended. */
  steadyIn(fn: Node): ReadonlySet<string> {
    const known = this.steady.get(fn);
    if (known !== undefined) return known;
    const names = new Set(this.boundIn(fn));
    for (const name of this.boundIn(this.program)) names.delete(name);
    walk(fn, {
      enter(node) {
        if (node === fn || !isFunction(node)) return true;
        for (const name of [...names]) if (assigns(node, (n) => n === name)) names.delete(name);
        return false;
      },
    });
    this.steady.set(fn, names);
    return names;
  }
}

/** Can each argument be written twice? Else it needs a variable of its own. */
function repeatable(args: Node[], steady: ReadonlySet<string>): boolean[] {
  const changing = args.some((arg) => assigns(arg, () => true));
  return args.map((arg) =>
    arg.type === "Literal" || (!changing && arg.type === "Identifier" && steady.has(nameOf(arg))));
}

/** The rest of the expression after `name$point(...)`; `args` are names and literals. */
function afterPoint(local: string, form: Form, args: string): string {
  if (form === "now") return ` && (yield), ${local}$now(${args})`;
  return ` && (yield), ${local}$busy(${args}) && (yield* ${local}$slow(${args})), undefined`;
}

export interface CallContext {
  /** 0: sites are off. */
  site: number;
  steady: ReadonlySet<string>;
  /** Temporaries that calls around this one hold. */
  used: number;
}

/**
 * Opens the inlined form of `yield* name(...)` and tells what closes it and how many temporaries it
 * holds; null, and nothing done, for a call that cannot be inlined.
 */
export function inlineCall(
  out: MagicString, node: Node, form: Form, { site, steady, used }: CallContext,
): { close: string; temporaries: number } | null {
  const call = child(node, "argument")!;
  const callee = child(call, "callee")!;
  const args = list(call, "arguments");
  if (args.some((arg) => arg.type === "SpreadElement")) return null;
  if (child(call, "typeArguments") !== null || field(call, "optional") === true) return null;
  const name = nameOf(callee);
  const open = out.original.indexOf("(", callee.end) + 1;
  out.update(node.start, callee.end, `${site === 0 ? "(" : `__left(${site}, (`}${name}$point`);
  out.appendLeft(open, args.length === 0 ? `${site}` : `${site}, `);
  const twice = repeatable(args, steady);
  let temporaries = 0;
  const again = args.map((arg, i) => {
    if (twice[i] === true) return out.original.slice(arg.start, arg.end);
    const variable = `__t${used + temporaries++}`;
    out.appendLeft(arg.start, `${variable} = `);
    return variable;
  });
  const close = afterPoint(name, form, again.join(", ")) + (site === 0 ? ")" : "))");
  return { close, temporaries };
}
