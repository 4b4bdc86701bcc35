// SPDX-License-Identifier: GPL-2.0-only
// The forgotten `yield*`: a call of a generator function whose result nobody runs compiles, and
// does nothing at all.
import { calleeName, child, field, isFunction, isGenerator, list, nameOf, walk } from "../ast.ts";
import type { Node } from "../ast.ts";
import { problemAt } from "./tree.ts";
import type { Problem, Rule, Source, Tree } from "./tree.ts";

const KERNEL_LAND = /^src\/(kernel|hw)\//;
const HOMES = /^src\/(kernel|hw|sched)\//;
/** Where a method that returns Preemptible can only be called to be run. */
const METHOD_CALLERS = /^src\/(kernel|hw|program\/ops)\//;
/** What takes a generator and runs it later. */
const TAKERS = /^(spawn\w*|__at)$/;

interface Names {
  /** Top-level functions of kernel-land and sched that must be run by yield*. */
  functions: Set<string>;
  /** Fields and methods of such a type, as in `vma.vm_ops.fault`. */
  methods: Set<string>;
}

function returnsPreemptible(fn: Node): boolean {
  const annotation = child(fn, "returnType");
  const type = annotation === null ? null : child(annotation, "typeAnnotation");
  return type !== null && nameOf(child(type, "typeName")) === "Preemptible";
}

/** Tool-land has iterators too; in kernel-land every generator is one that may lose the CPU. */
function runs(fn: Node, path: string): boolean {
  return returnsPreemptible(fn) || (isGenerator(fn) && KERNEL_LAND.test(path));
}

/** Does a field's type contain a function that returns Preemptible? */
function hasRunnableType(member: Node): boolean {
  const annotation = child(member, "typeAnnotation");
  if (annotation === null) return false;
  let found = false;
  walk(annotation, {
    enter(node) {
      if (node.type === "TSFunctionType" && returnsPreemptible(node)) found = true;
    },
  });
  return found;
}

/** The name of a kernel-land field or method that must be run, else "". */
function methodName(node: Node): string {
  const key = nameOf(child(node, "key"));
  if (node.type === "TSMethodSignature") return returnsPreemptible(node) ? key : "";
  if (node.type === "TSPropertySignature") return hasRunnableType(node) ? key : "";
  if (node.type !== "Property" && node.type !== "MethodDefinition") return "";
  const value = child(node, "value");
  if (value === null || !isFunction(value)) return "";
  return isGenerator(value) || returnsPreemptible(value) ? key : "";
}

function isDeclared(node: Node): boolean {
  return node.type === "FunctionDeclaration" && isFunction(node);
}

/** `export function` and `function` alike. */
function topLevelFunctions(program: Node): Node[] {
  return list(program, "body")
    .map((statement) => child(statement, "declaration") ?? statement)
    .filter(isDeclared);
}

function collectNames(tree: Tree): Names {
  const names: Names = { functions: new Set(), methods: new Set() };
  for (const source of tree.sources) {
    if (!HOMES.test(source.path) || source.isTest) continue;
    for (const fn of topLevelFunctions(source.program)) {
      if (runs(fn, source.path)) names.functions.add(nameOf(child(fn, "id")));
    }
    if (!KERNEL_LAND.test(source.path)) continue;
    walk(source.program, {
      enter(node) {
        const name = methodName(node);
        if (name !== "") names.methods.add(name);
      },
    });
  }
  return names;
}

/** Names are the only way to find a forgotten yield*, so each may have one meaning only. */
function duplicates(tree: Tree): Problem[] {
  const homes = new Map<string, { source: Source; fn: Node }[]>();
  for (const source of tree.sources) {
    if (!HOMES.test(source.path) || source.isTest) continue;
    for (const fn of topLevelFunctions(source.program)) {
      const name = nameOf(child(fn, "id"));
      homes.set(name, [...(homes.get(name) ?? []), { source, fn }]);
    }
  }
  const problems: Problem[] = [];
  for (const [name, all] of homes) {
    if (all.length < 2 || !all.some(({ source, fn }) => runs(fn, source.path))) continue;
    for (const { source, fn } of all) {
      const other = all.find((a) => a.source !== source)?.source.path ?? source.path;
      problems.push(problemAt(source, fn, "names", `${name}() exists in ${other} too`));
    }
  }
  return problems;
}

interface Scope {
  /** Local names of generator functions: imported ones and this file's own. */
  locals: Set<string>;
  namespaces: Set<string>;
}

function scopeOf(source: Source, names: Names): Scope {
  const scope: Scope = { locals: new Set(), namespaces: new Set() };
  walk(source.program, {
    enter(node) {
      if (node.type === "ImportSpecifier") {
        const imported = nameOf(child(node, "imported"));
        if (names.functions.has(imported)) scope.locals.add(nameOf(child(node, "local")));
      } else if (node.type === "ImportNamespaceSpecifier") {
        scope.namespaces.add(nameOf(child(node, "local")));
      } else if (isDeclared(node) && runs(node, source.path)) {
        scope.locals.add(nameOf(child(node, "id")));
      }
    },
  });
  return scope;
}

function mustRun(source: Source, scope: Scope, names: Names, call: Node): boolean {
  const callee = child(call, "callee")!;
  if (callee.type === "Identifier") return scope.locals.has(nameOf(callee));
  const name = calleeName(call);
  const inner = callee.type === "TSNonNullExpression" ? child(callee, "expression")! : callee;
  if (inner.type !== "MemberExpression") return false;
  const object = child(inner, "object")!;
  if (scope.namespaces.has(nameOf(object))) return names.functions.has(name);
  return METHOD_CALLERS.test(source.path) && names.methods.has(name);
}

/** Does the code around a call run its generator, or hand it to somebody who does? */
function isConsumed(call: Node, ancestors: readonly Node[]): boolean {
  let node = call;
  for (let i = ancestors.length - 1; i >= 0; i--) {
    const parent = ancestors[i]!;
    switch (parent.type) {
      case "ParenthesizedExpression":
      case "TSNonNullExpression":
      case "TSAsExpression":
      case "ChainExpression":
        break;
      case "ConditionalExpression":
        if (child(parent, "test") === node) return false;
        break;
      case "YieldExpression":
        return field(parent, "delegate") === true;
      case "CallExpression":
        return child(parent, "callee") !== node && TAKERS.test(calleeName(parent));
      case "ArrowFunctionExpression":
        return child(parent, "body") === node;
      case "ReturnStatement": {
        const fn = ancestors.slice(0, i).findLast(isFunction);
        return fn !== undefined && !isGenerator(fn);
      }
      default:
        return false;
    }
    node = parent;
  }
  return false;
}

function forgotten(source: Source, names: Names): Problem[] {
  const scope = scopeOf(source, names);
  const problems: Problem[] = [];
  walk(source.program, {
    enter(node, ancestors) {
      if (node.type !== "CallExpression" || !mustRun(source, scope, names, node)) return;
      if (isConsumed(node, ancestors)) return;
      const message = `${calleeName(node)}() is a generator: call it with yield*`;
      problems.push(problemAt(source, node, "yield", message));
    },
  });
  return problems;
}

export const generators: Rule = (tree: Tree) => {
  const names = collectNames(tree);
  const callers = tree.sources.filter((s) => !s.isTest && /^(src|fuzz)\//.test(s.path));
  return [...duplicates(tree), ...callers.flatMap((source) => forgotten(source, names))];
};
