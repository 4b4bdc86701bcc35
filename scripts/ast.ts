// SPDX-License-Identifier: GPL-2.0-only
// A small view of rolldown's syntax trees: parse, walk, and the questions that our tools ask.
import { parseSync } from "rolldown/utils";

/** Any syntax node. Fields are read through child(), list() and nameOf(), which check shapes. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

export interface Comment {
  type: "Line" | "Block";
  value: string;
  start: number;
  end: number;
}

export interface Parsed {
  program: Node;
  comments: Comment[];
}

/** Parses TypeScript (or plain JavaScript, by the extension); throws one sentence on bad syntax. */
export function parseModule(path: string, code: string): Parsed {
  const { program, comments, errors } = parseSync(path, code, { sourceType: "module" });
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]!.message}`);
  return { program, comments };
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

/** The raw value of a field, undefined when this type of node has no such field. */
export function field(node: Node, key: string): unknown {
  return (node as unknown as Record<string, unknown>)[key];
}

export function child(node: Node, key: string): Node | null {
  const value = field(node, key);
  return isNode(value) ? value : null;
}

export function list(node: Node, key: string): Node[] {
  const value = field(node, key);
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** Ancestors are ordered from the program down to the parent. */
export interface Visitor {
  /** Return false to stay out of this node's children (leave is still called). */
  enter?(node: Node, ancestors: readonly Node[]): boolean | void;
  leave?(node: Node, ancestors: readonly Node[]): void;
}

/** Depth first, in source order. */
export function walk(root: Node, visitor: Visitor): void {
  const ancestors: Node[] = [];
  const visit = (node: Node): void => {
    const descend = visitor.enter?.(node, ancestors) !== false;
    if (descend) {
      ancestors.push(node);
      for (const value of Object.values(node)) {
        if (Array.isArray(value)) {
          for (const item of value) if (isNode(item)) visit(item);
        } else if (isNode(value)) {
          visit(value);
        }
      }
      ancestors.pop();
    }
    visitor.leave?.(node, ancestors);
  };
  visit(root);
}

/** Declarations, expressions, methods and arrows that have a body. */
export function isFunction(node: Node): boolean {
  return (
    (node.type === "FunctionDeclaration" || node.type === "FunctionExpression" ||
      node.type === "ArrowFunctionExpression") && child(node, "body") !== null
  );
}

export function isGenerator(node: Node): boolean {
  return isFunction(node) && field(node, "generator") === true;
}

/** The name of an identifier, of a plain property key or of a string literal; else "". */
export function nameOf(node: Node | null): string {
  if (node === null) return "";
  if (node.type === "Identifier" || node.type === "PrivateIdentifier") {
    return String(field(node, "name"));
  }
  const value = node.type === "Literal" ? field(node, "value") : undefined;
  return typeof value === "string" ? value : "";
}

/** What people call this function: its own name, or that of the variable or property it is in. */
export function functionName(node: Node, ancestors: readonly Node[]): string {
  const own = nameOf(child(node, "id"));
  const parent = ancestors.at(-1);
  if (own !== "" || parent === undefined) return own || "anonymous";
  const given = nameOf(child(parent, "id")) || nameOf(child(parent, "key"));
  return given || "anonymous";
}

/** Parentheses, `!` and type assertions change nothing about a value. */
export function bare(node: Node): Node {
  let inner = node;
  while (
    inner.type === "ParenthesizedExpression" || inner.type === "TSNonNullExpression" ||
    inner.type === "TSAsExpression" || inner.type === "TSSatisfiesExpression"
  ) {
    inner = child(inner, "expression")!;
  }
  return inner;
}

/** The last name of a callee: `f` of f(), `fault` of vma.vm_ops.fault(), `ops[]` of ops[i](). */
export function calleeName(call: Node): string {
  const callee = bare(child(call, "callee")!);
  if (callee.type !== "MemberExpression") return nameOf(callee);
  if (field(callee, "computed") !== true) return nameOf(child(callee, "property"));
  const object = bare(child(callee, "object")!);
  const property = object.type === "MemberExpression" ? child(object, "property") : object;
  return `${nameOf(property)}[]`;
}

/** True for nodes that only speak of types and leave no trace in the running program. */
export function isTypeOnly(node: Node): boolean {
  if (field(node, "declare") === true) return true;
  return (
    node.type === "TSTypeAnnotation" || node.type === "TSTypeAliasDeclaration" ||
    node.type === "TSInterfaceDeclaration" || node.type === "TSTypeParameterInstantiation" ||
    node.type === "TSTypeParameterDeclaration"
  );
}

/** Answers which 1-based line an offset is on. */
export function lineIndex(text: string): (offset: number) => number {
  const starts = [0];
  for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) starts.push(i + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
