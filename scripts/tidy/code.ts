// SPDX-License-Identifier: GPL-2.0-only
// What no code of ours does: ask the clock or chance, type by `any`, leave a test out.
import { child, field, isTypeOnly, nameOf, walk } from "../ast.ts";
import type { Node } from "../ast.ts";
import { problemAt } from "./tree.ts";
import type { Problem, Rule, Source, Tree } from "./tree.ts";

/** Commands, chores and the worker that measures its own speed may look at the clock. */
const MAY_ASK_THE_CLOCK = /^(src\/cli\/|scripts\/|fuzz\/worker\.ts$)/;

/** `Math.random` or `performance` as a dotted name, "" for anything else. */
function dotted(node: Node): string {
  if (node.type === "Identifier") return nameOf(node);
  if (node.type !== "MemberExpression" || field(node, "computed") === true) return "";
  const object = dotted(child(node, "object")!);
  return object === "" ? "" : `${object}.${nameOf(child(node, "property"))}`;
}

/** Is this identifier a mere name of a field or key? */
function isLabel(node: Node, parent: Node | undefined): boolean {
  if (parent === undefined || field(parent, "computed") === true) return false;
  return child(parent, "property") === node || child(parent, "key") === node;
}

function chance(node: Node, parent: Node | undefined): string | null {
  const name = dotted(node);
  const banned =
    name === "Math.random" || name === "performance.now" || name === "process.hrtime" ||
    (name === "Date" && !isLabel(node, parent) && parent?.type !== "TSTypeReference");
  return banned ? `no ${name} here: equal input must give equal output` : null;
}

function leftOut(node: Node): string | null {
  const name = dotted(node);
  if (!/^(it|test|describe|bench)\.(\w+\.)*(skip|only)$/.test(name)) return null;
  return `no ${name}: a test runs or it goes`;
}

function checkSource(source: Source): Problem[] {
  const problems: Problem[] = [];
  const clock = MAY_ASK_THE_CLOCK.test(source.path);
  // Within a type only `any` matters.
  const types: Node[] = [];
  walk(source.program, {
    enter(node, ancestors) {
      if (isTypeOnly(node)) types.push(node);
      const say = (rule: string, message: string | null): void => {
        if (message !== null) problems.push(problemAt(source, node, rule, message));
      };
      if (node.type === "TSAnyKeyword") say("any", "no `any`: say what it is, or `unknown`");
      if (types.length > 0) return;
      if (!clock) say("clock", chance(node, ancestors.at(-1)));
      say("test", leftOut(node));
    },
    leave(node) {
      if (types.at(-1) === node) types.pop();
    },
  });
  return problems;
}

export const code: Rule = (tree: Tree) => tree.sources.flatMap(checkSource);
