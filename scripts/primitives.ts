// SPDX-License-Identifier: GPL-2.0-only
// Which generator functions of kernel-land are primitives that a call site can do without making a
// generator: a point first, then steps that never lose the CPU, or that rarely do.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { bare, calleeName, child, field, isFunction, list, nameOf, parseModule, walk }
  from "./ast.ts";
import type { Node } from "./ast.ts";

/** "now": after the point nothing yields; "slow": all but a rare last call is plain. */
export type Form = "now" | "slow";

export interface Primitive {
  name: string;
  form: Form;
  exported: boolean;
  params: string[];
  fn: Node;
  /** `if (preempt(...)) yield;` and the yield in it. */
  gate: Node;
  pause: Node;
  /** Of form "slow": `if (test) yield* run(...);`, the last statement. */
  slow: { branch: Node; run: Node } | null;
}

/** The only statement of a block, or the statement itself. */
function single(statement: Node | null): Node | null {
  if (statement?.type !== "BlockStatement") return statement;
  const body = list(statement, "body");
  return body.length === 1 ? body[0]! : null;
}

/** The yield that an `if` without else does, and nothing more. */
function yieldOf(statement: Node | undefined, delegate: boolean): Node | null {
  if (statement?.type !== "IfStatement" || child(statement, "alternate") !== null) return null;
  const only = single(child(statement, "consequent"));
  const node = only?.type === "ExpressionStatement" ? child(only, "expression") : null;
  if (node?.type !== "YieldExpression" || field(node, "delegate") !== delegate) return null;
  return delegate || child(node, "argument") === null ? node : null;
}

/** Is there a node of ours (not of a nested function, unless `deep`) that `wanted` accepts? */
function has(root: Node, wanted: (node: Node) => boolean, deep = false): boolean {
  let found = false;
  walk(root, {
    enter(node) {
      if (wanted(node)) found = true;
      return !found && (deep || !isFunction(node));
    },
  });
  return found;
}

const isYield = (node: Node): boolean => node.type === "YieldExpression";

/** `x = ...` and `x++`, for any of these names: pieces of a split function see their own copies. */
export function assigns(root: Node, names: (name: string) => boolean): boolean {
  const writes = (node: Node): boolean => {
    const target = node.type === "AssignmentExpression" ? child(node, "left")
      : node.type === "UpdateExpression" ? child(node, "argument") : null;
    if (target === null) return false;
    return has(target, (inner) => inner.type === "Identifier" && names(nameOf(inner)));
  };
  return has(root, writes, true);
}

/** What stands between the point and the slow path is done in a function that returns a boolean. */
function isPlainStep(statement: Node): boolean {
  return !has(statement, (node) =>
    isYield(node) || node.type === "VariableDeclaration" || node.type === "ReturnStatement" ||
    node.type === "FunctionDeclaration");
}

function slowPart(rest: Node[], params: string[]): Primitive["slow"] {
  const branch = rest.at(-1);
  const run = yieldOf(branch, true);
  if (branch === undefined || run === null) return null;
  const test = child(branch, "test")!;
  const call = child(run, "argument")!;
  if (call.type !== "CallExpression" || has(call, isYield) || has(test, isYield)) return null;
  if (!rest.slice(0, -1).every(isPlainStep)) return null;
  return rest.some((s) => assigns(s, (name) => params.includes(name))) ? null : { branch, run };
}

function paramNames(fn: Node): string[] | null {
  const params = list(fn, "params");
  return params.every((p) => p.type === "Identifier") ? params.map(nameOf) : null;
}

/** A receiver, or `arguments`: not the same in a piece of the function. */
function hasReceiver(fn: Node): boolean {
  return has(fn, (node) => node.type === "ThisExpression" || nameOf(node) === "arguments", true);
}

/** The top-level statement as a primitive, or null: another statement, or of another shape. */
export function primitiveOf(statement: Node): Primitive | null {
  const exported = statement.type === "ExportNamedDeclaration";
  const fn = exported ? child(statement, "declaration") : statement;
  if (fn?.type !== "FunctionDeclaration" || !isFunction(fn)) return null;
  if (field(fn, "generator") !== true || field(fn, "async") === true) return null;
  const params = paramNames(fn);
  if (params === null || child(fn, "typeParameters") !== null) return null;
  const [gate, ...rest] = list(child(fn, "body")!, "body");
  const pause = yieldOf(gate, false);
  if (gate === undefined || pause === null) return null;
  const test = bare(child(gate, "test")!);
  if (test.type !== "CallExpression" || calleeName(test) !== "preempt") return null;
  if (has(test, isYield) || assigns(test, (name) => params.includes(name))) return null;
  if (hasReceiver(fn)) return null;
  const slow = rest.some((s) => has(s, isYield)) ? slowPart(rest, params) : null;
  if (slow === null && rest.some((s) => has(s, isYield))) return null;
  const form = slow === null ? "now" : "slow";
  return { name: nameOf(child(fn, "id")), form, exported, params, fn, gate, pause, slow };
}

export function primitivesOf(program: Node): Primitive[] {
  return list(program, "body").map(primitiveOf).filter((p) => p !== null);
}

/** Tells what the module at a path (relative to the repository) exports of this kind. */
export type PrimitivesIn = (relPath: string) => ReadonlyMap<string, Form>;

const NONE: ReadonlyMap<string, Form> = new Map();

/** Reads modules under `root`, each once until it changes. One that is missing exports nothing. */
export function primitiveReader(root: string): PrimitivesIn {
  const known = new Map<string, { mtime: number; forms: ReadonlyMap<string, Form> }>();
  return (relPath) => {
    const path = join(root, relPath);
    const mtime = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (mtime === undefined) return NONE;
    const before = known.get(relPath);
    if (before?.mtime === mtime) return before.forms;
    const { program } = parseModule(relPath, readFileSync(path, "utf8"));
    const exported = primitivesOf(program).filter((p) => p.exported);
    const forms = new Map(exported.map((p) => [p.name, p.form]));
    known.set(relPath, { mtime, forms });
    return forms;
  };
}
