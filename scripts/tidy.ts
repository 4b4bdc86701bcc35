// SPDX-License-Identifier: GPL-2.0-only
// The house rules, checked: each rule is a file in tidy/ and has samples in tidy.test.ts.
import { repoRoot } from "./root.ts";
import { code } from "./tidy/code.ts";
import { generators } from "./tidy/generators.ts";
import { imports } from "./tidy/imports.ts";
import { kernelLand } from "./tidy/kernel-land.ts";
import { layout } from "./tidy/layout.ts";
import { longFunctions, text } from "./tidy/text.ts";
import { readTree } from "./tidy/tree.ts";
import type { Problem, Rule, Tree } from "./tidy/tree.ts";

const RULES: Rule[] = [layout, imports, generators, kernelLand, code, text];

/** Everything that is wrong with the tree, in the order of paths and lines. */
export function check(tree: Tree): Problem[] {
  const problems = [...tree.broken, ...RULES.flatMap((rule) => rule(tree))];
  return problems.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.line - b.line));
}

/** Sizes at a glance: they grow unnoticed otherwise. */
export function summary(tree: Tree): string {
  const sizes = tree.sources.map((s) => s.lines.length).sort((a, b) => a - b);
  const at = (part: number): number => sizes[Math.floor((sizes.length - 1) * part)] ?? 0;
  const long = tree.sources.reduce((sum, source) => sum + longFunctions(source).length, 0);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return (
    `sizes: ${total} lines; files: median ${at(0.5)}, p90 ${at(0.9)}, max ${at(1)} lines; ` +
    `functions over 70 lines: ${long}`
  );
}

/** Exit code 1 when there is any problem. */
export async function main(_argv: string[]): Promise<number> {
  const tree = readTree(repoRoot());
  const problems = check(tree);
  for (const { path, line, rule, message } of problems) {
    console.log(`${path}:${line}: ${rule}: ${message}`);
  }
  console.log(summary(tree));
  const files = tree.sources.length + tree.broken.length;
  console.log(`tidy: ${files} files, ${problems.length} problems`);
  return problems.length === 0 ? 0 : 1;
}
