// SPDX-License-Identifier: GPL-2.0-only
// The top level is fixed, and every folder has its one page.
import type { Problem, Rule, Tree } from "./tree.ts";

const REQUIRED = [
  "package.json", "tsconfig.json", "fuzz", "src", "corpus", "crashes", "scripts", "README.md",
];
/** node_modules and coverage are made by tools and not committed. */
const ALLOWED = new Set([
  ...REQUIRED, "package-lock.json", "LICENSE", "node_modules", "coverage",
]);

export const layout: Rule = (tree: Tree) => {
  const problems: Problem[] = [];
  const say = (path: string, message: string): void => {
    problems.push({ path, line: 1, rule: "layout", message });
  };
  for (const name of REQUIRED) {
    if (!tree.topLevel.includes(name)) say(name, "is missing at the top level");
  }
  for (const name of tree.topLevel) {
    if (!name.startsWith(".") && !ALLOWED.has(name)) say(name, "does not belong at the top level");
  }
  for (const folder of tree.folders) {
    if (!tree.readmes.has(folder)) say(`${folder}/README.md`, "is missing: one page per folder");
  }
  return problems;
};
