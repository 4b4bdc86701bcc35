// SPDX-License-Identifier: GPL-2.0-only
// Which lines of a source are code that can be run or not: c8 counts every line, and so comments,
// types and declarations as covered.
import { isFunction, lineIndex, parseModule, walk } from "../ast.ts";

const STATEMENT = /(?<!^Block|^Empty)Statement$|^VariableDeclaration$/;

/** The first lines of all statements inside functions, 1-based. */
export function statementLines(path: string, code: string): Set<number> {
  const lineOf = lineIndex(code);
  const lines = new Set<number>();
  let depth = 0;
  walk(parseModule(path, code).program, {
    enter(node) {
      if (isFunction(node)) depth++;
      if (depth > 0 && STATEMENT.test(node.type)) lines.add(lineOf(node.start));
    },
    leave(node) {
      if (isFunction(node)) depth--;
    },
  });
  return lines;
}
