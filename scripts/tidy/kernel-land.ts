// SPDX-License-Identifier: GPL-2.0-only
// What only src/kernel and src/hw must keep to: how tasks give up the CPU, Linux's spelling, and a
// word on how faithful each function is.
import { bare, calleeName, child, field, functionName, isFunction, isGenerator, list, nameOf, walk }
  from "../ast.ts";
import type { Node } from "../ast.ts";
import { problemAt } from "./tree.ts";
import type { Problem, Rule, Source, Tree } from "./tree.ts";

const FIDELITY = /\b(faithful|reduced|stub)/i;
/** Linux's own spelling: words joined by underscores, or a macro in capitals. */
const LINUX_NAME = /^_{0,3}([a-z][a-z0-9]*(_[a-z0-9]+)*|[A-Z][A-Z0-9]*(_[A-Z0-9]+)*)_?$/;
/** The one family that Linux spells otherwise: PageDirty(), __SetPageLocked(). */
const PAGE_FLAG = /^(__)?(Test)?(Set|Clear)?Page[A-Z]\w*$/;

function isCall(node: Node | null, wanted: RegExp): boolean {
  const call = node === null ? null : bare(node);
  return call?.type === "CallExpression" && wanted.test(calleeName(call));
}

/** `if (preempt(kind, object)) yield;`, or the statement right after block() or stall(). */
function isLawfulYield(ancestors: readonly Node[]): boolean {
  const statement = ancestors.at(-1);
  if (statement?.type !== "ExpressionStatement") return false;
  let parent = ancestors.at(-2)!;
  let inner: Node = statement;
  const siblings = list(parent, parent.type === "SwitchCase" ? "consequent" : "body");
  const before = siblings[siblings.indexOf(statement) - 1];
  if (before?.type === "ExpressionStatement") {
    if (isCall(child(before, "expression"), /^(block|stall)$/)) return true;
  }
  if (parent.type === "BlockStatement" && siblings.length === 1) {
    inner = parent;
    parent = ancestors.at(-3)!;
  }
  return (
    parent.type === "IfStatement" && child(parent, "consequent") === inner &&
    isCall(child(parent, "test"), /^preempt/)
  );
}

function arrayOfClosures(node: Node): boolean {
  const isClosure = (n: Node): boolean => isFunction(bare(n));
  if (node.type === "ArrayExpression") return list(node, "elements").some(isClosure);
  if (node.type !== "CallExpression" || !/^(push|unshift)$/.test(calleeName(node))) return false;
  return list(node, "arguments").some(isClosure);
}

function isBigint(node: Node): boolean {
  if (node.type === "TSBigIntKeyword") return true;
  if (node.type === "Literal") return typeof field(node, "bigint") === "string";
  return node.type === "Identifier" && /^Big(Int|Int64Array|Uint64Array)$/.test(nameOf(node));
}

function styleMessage(node: Node, ancestors: readonly Node[]): string | null {
  if (node.type === "YieldExpression" && field(node, "delegate") !== true) {
    if (child(node, "argument") !== null || !isLawfulYield(ancestors)) {
      return "a bare yield is only `if (preempt(...)) yield;` or directly after block()";
    }
  }
  if (node.type === "TryStatement" && child(node, "finalizer") !== null) {
    return "no try/finally: a yield in it would swallow a BUG";
  }
  if (node.type === "AwaitExpression" || (isFunction(node) && field(node, "async") === true)) {
    return "no async: the scheduler decides who runs";
  }
  if (isBigint(node)) return "no bigint: entries are numbers in typed arrays";
  if (arrayOfClosures(node)) return "no closures in arrays: call the functions by name";
  return null;
}

/** Named functions and methods; a constructor is TypeScript's name, not ours. */
function spelling(node: Node, ancestors: readonly Node[]): string | null {
  if (!isFunction(node)) return null;
  const name = functionName(node, ancestors);
  if (name === "anonymous" || name === "constructor") return null;
  if (LINUX_NAME.test(name) || PAGE_FLAG.test(name)) return null;
  return `${name}() is not spelled as Linux would: snake_case`;
}

/** The comments before the first statement speak for the whole file. */
function headerOf(source: Source): string {
  const first = list(source.program, "body")[0]?.start ?? source.text.length;
  return source.comments.filter((c) => c.end <= first).map((c) => c.value).join("\n");
}

function commentBefore(source: Source, statement: Node): string {
  let start = statement.start;
  let text = "";
  for (const comment of [...source.comments].reverse()) {
    if (comment.end > start) continue;
    if (source.text.slice(comment.end, start).trim() !== "") break;
    text = `${comment.value}\n${text}`;
    start = comment.start;
  }
  return text;
}

function fidelity(source: Source): Problem[] {
  if (!source.path.startsWith("src/kernel/")) return [];
  if (/Fidelity:\s*(faithful|reduced|stub)/i.test(headerOf(source))) return [];
  const problems: Problem[] = [];
  for (const statement of list(source.program, "body")) {
    const fn = child(statement, "declaration");
    if (statement.type !== "ExportNamedDeclaration" || fn === null || !isGenerator(fn)) continue;
    if (FIDELITY.test(commentBefore(source, statement))) continue;
    const name = nameOf(child(fn, "id"));
    const message = `say above ${name}() whether it is faithful, reduced or a stub`;
    problems.push(problemAt(source, statement, "fidelity", message));
  }
  return problems;
}

function checkSource(source: Source): Problem[] {
  const problems = fidelity(source);
  walk(source.program, {
    enter(node, ancestors) {
      const style = styleMessage(node, ancestors);
      if (style !== null) problems.push(problemAt(source, node, "kernel", style));
      const name = spelling(node, ancestors);
      if (name !== null) problems.push(problemAt(source, node, "names", name));
    },
  });
  return problems;
}

export const kernelLand: Rule = (tree: Tree) =>
  tree.sources.filter((s) => /^src\/(kernel|hw)\//.test(s.path) && !s.isTest).flatMap(checkSource);
