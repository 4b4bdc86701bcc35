// SPDX-License-Identifier: GPL-2.0-only
// Sizes, headers and comments: what a reader sees before understanding anything.
import { child, isFunction, nameOf, walk } from "../ast.ts";
import type { Node } from "../ast.ts";
import { problemAt } from "./tree.ts";
import type { Problem, Rule, Source, Tree } from "./tree.ts";

export const COLUMNS_MAX = 100;
export const FUNCTION_LINES_MAX = 70;
export const FILE_LINES_MAX = 350;
/** Files that mirror a long C file one to one. */
export const MIRRORED_LINES_MAX = 700;

const SPDX = "// SPDX-License-Identifier: GPL-2.0-only";

function header(source: Source): Problem[] {
  const at = source.lines[0]?.startsWith("#!") ? 1 : 0;
  const { path, lines } = source;
  if (lines[at] !== SPDX) {
    return [{ path, line: at + 1, rule: "header", message: `this line must be "${SPDX}"` }];
  }
  if (/^(\/\/|\/\*)/.test(lines[at + 1] ?? "")) return [];
  return [{ path, line: at + 2, rule: "header", message: "say here in a comment what this is" }];
}

function rootName(callee: Node): string {
  let node = callee;
  for (;;) {
    const next = child(node, "object") ?? child(node, "callee");
    if (next === null) return nameOf(node);
    node = next;
  }
}

/** A describe() is a chapter, not a function. */
function isChapter(ancestors: readonly Node[]): boolean {
  const parent = ancestors.at(-1);
  return parent?.type === "CallExpression" && rootName(parent) === "describe";
}

/** Functions that are too long, as [node, lines]. */
export function longFunctions(source: Source): [Node, number][] {
  const found: [Node, number][] = [];
  walk(source.program, {
    enter(node, ancestors) {
      if (!isFunction(node) || isChapter(ancestors)) return;
      const lines = source.lineOf(node.end) - source.lineOf(node.start) + 1;
      if (lines > FUNCTION_LINES_MAX) found.push([node, lines]);
    },
  });
  return found;
}

function sizes(source: Source): Problem[] {
  const { path, lines } = source;
  const problems: Problem[] = [];
  lines.forEach((text, i) => {
    if (text.length <= COLUMNS_MAX) return;
    const message = `${text.length} columns, ${COLUMNS_MAX} are allowed`;
    problems.push({ path, line: i + 1, rule: "size", message });
  });
  const max = /^src\/kernel\/(mm|fs)\//.test(path) ? MIRRORED_LINES_MAX : FILE_LINES_MAX;
  if (lines.length > max) {
    const message = `${lines.length} lines, ${max} are allowed: split the file`;
    problems.push({ path, line: lines.length, rule: "size", message });
  }
  for (const [node, count] of longFunctions(source)) {
    const message = `a function of ${count} lines, ${FUNCTION_LINES_MAX} are allowed`;
    problems.push(problemAt(source, node, "size", message));
  }
  return problems;
}

const PATTERNS: [wrong: RegExp, message: string][] = [
  [/\bTODO\b(?!\([\w .-]+\): \S)/, "write TODO(name): and what is to be done"],
  [/\bFIXME\b/, "FIXME never lands: fix it or give it a TODO(name)"],
  [/^\s*\*?\s*@ts-(ignore|nocheck)\b/m, "solve the type error, do not silence it"],
];

function comments(source: Source): Problem[] {
  return source.comments.flatMap((comment) =>
    PATTERNS.filter(([wrong]) => wrong.test(comment.value)).map(([, message]) =>
      problemAt(source, { ...comment, type: comment.type }, "comment", message),
    ),
  );
}

export const text: Rule = (tree: Tree) =>
  tree.sources.flatMap((s) => [...header(s), ...sizes(s), ...comments(s)]);
