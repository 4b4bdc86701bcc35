// SPDX-License-Identifier: GPL-2.0-only
// The repository as tidy sees it: parsed sources, names at the top level, and problems.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { lineIndex, parseModule } from "../ast.ts";
import type { Comment, Node } from "../ast.ts";

export interface Problem {
  path: string;
  line: number;
  rule: string;
  message: string;
}

export interface Source {
  path: string;
  text: string;
  lines: string[];
  program: Node;
  comments: Comment[];
  lineOf(offset: number): number;
  isTest: boolean;
}

export interface Tree {
  sources: Source[];
  /** Everything directly in the repository's folder. */
  topLevel: string[];
  /** Folders that owe the reader a README.md. */
  folders: string[];
  readmes: Set<string>;
  /** Sources that do not parse. */
  broken: Problem[];
}

/** A rule reads the tree and says what is wrong with it. */
export type Rule = (tree: Tree) => Problem[];

export function problemAt(source: Source, node: Node, rule: string, message: string): Problem {
  return { path: source.path, line: source.lineOf(node.start), rule, message };
}

export function sourceOf(path: string, text: string): Source {
  const { program, comments } = parseModule(path, text);
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const isTest = path.endsWith(".test.ts");
  return { path, text, lines, program, comments, lineOf: lineIndex(text), isTest };
}

function addSource(tree: Tree, path: string, text: string): void {
  try {
    tree.sources.push(sourceOf(path, text));
  } catch (error) {
    const message = (error as Error).message.split("\n")[0]!;
    tree.broken.push({ path, line: 1, rule: "syntax", message });
  }
}

/** A tree from texts by path; folders and READMEs follow from the paths. */
export function treeOf(files: Record<string, string>): Tree {
  const tree: Tree = {
    sources: [], topLevel: [], folders: [], readmes: new Set(), broken: [],
  };
  const top = new Set<string>();
  const folders = new Set<string>();
  for (const [path, text] of Object.entries(files)) {
    const parts = path.split("/");
    top.add(parts[0]!);
    if (/^(fuzz|corpus|crashes|scripts)$/.test(parts[0]!)) folders.add(parts[0]!);
    if (parts[0] === "src" && parts.length > 2) folders.add(`src/${parts[1]}`);
    if (parts.at(-1) === "README.md") tree.readmes.add(parts.slice(0, -1).join("/"));
    if (/^(src|fuzz|scripts)\/.*\.(ts|mjs)$/.test(path)) addSource(tree, path, text);
  }
  tree.topLevel = [...top];
  tree.folders = [...folders].sort();
  return tree;
}

/** Reads the tree under `root`; texts only of sources and READMEs. */
export function readTree(root: string): Tree {
  const files: Record<string, string> = {};
  const visit = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (entry.name !== "node_modules") visit(path);
      } else {
        const wanted = /\.(ts|mjs)$/.test(entry.name);
        files[path] = wanted ? readFileSync(join(root, path), "utf8") : "";
      }
    }
  };
  const topLevel = readdirSync(root);
  for (const name of ["src", "fuzz", "corpus", "crashes", "scripts"]) {
    if (topLevel.includes(name)) visit(name);
  }
  return { ...treeOf(files), topLevel };
}
