// SPDX-License-Identifier: GPL-2.0-only
// Who may import whom: the table that keeps kernel-land, tool-land and the engine apart.
import { dirname, join } from "node:path/posix";
import { child, field, nameOf, walk } from "../ast.ts";
import type { Node } from "../ast.ts";
import { problemAt } from "./tree.ts";
import type { Problem, Rule, Source, Tree } from "./tree.ts";

interface Zone {
  /** The files it speaks of; the first zone that matches a file counts. */
  files: RegExp;
  /** Prefixes of what it may import. */
  may: string[];
  /** Prefixes of what it may import types from, which load nothing. */
  types?: string[];
  /** May it use npm packages and node: modules? */
  packages?: boolean;
  because: string;
}

const waist = ["src/machine.ts", "src/execute.ts", "src/outcome.ts"];
const machine = ["src/lib/", "src/sched/", "src/hw/", "src/kernel/", "src/program/", "src/oracle/"];

/** house.md, "Who may import whom". A folder may always import itself. */
export const ZONES: Zone[] = [
  { files: /^src\/lib\//, may: ["src/lib/"], because: "lib is the leaves of the tree" },
  {
    files: /^src\/sched\//,
    may: ["src/lib/", "src/sched/"],
    because: "sched is a reusable interleaver and knows nothing of memory",
  },
  {
    files: /^src\/hw\//,
    may: ["src/lib/", "src/sched/point.ts", "src/hw/"],
    because: "hardware has no opinion of Linux",
  },
  {
    files: /^src\/kernel\//,
    // Beyond house.md: it tells the trace of locks dropped and entries changed, as Linux would.
    may: ["src/lib/", "src/sched/point.ts", "src/sched/trace.ts", "src/hw/", "src/kernel/"],
    because: "a kernel does not know who calls or watches it",
  },
  {
    files: /^src\/program\/ops\//,
    may: ["src/lib/", "src/sched/", "src/hw/", "src/kernel/", "src/program/"],
    because: "an operation calls the kernel and nothing above it",
  },
  {
    files: /^src\/program\/laws\.ts$/,
    may: ["src/lib/", "src/sched/", "src/program/"],
    packages: true,
    because: "laws are for tests and the codec's fuzz target: they compare deeply",
  },
  {
    files: /^src\/program\//,
    may: ["src/lib/", "src/sched/", "src/program/"],
    types: ["src/kernel/"],
    because: "codec and minimiser load without a kernel",
  },
  {
    files: /^src\/oracle\//,
    // Beyond house.md: site.ts, for the name of the function that a report blames.
    may: [
      "src/lib/", "src/sched/trace.ts", "src/sched/site.ts", "src/hw/", "src/kernel/",
      "src/oracle/",
    ],
    because: "a checker observes, through tracepoints",
  },
  {
    files: /^src\/outcome\.ts$/,
    may: ["src/lib/"],
    types: ["src/program/", "src/sched/"],
    because: "an outcome is a plain value",
  },
  {
    files: /^src\/(machine|execute)\.ts$/,
    may: [...machine, ...waist],
    because: "the machine does not know who drives it",
  },
  {
    files: /^src\/(triage|explore)\//,
    may: ["src/lib/", "src/program/", "src/sched/", "src/outcome.ts"],
    types: waist,
    packages: true,
    because: "they get `execute` as an argument",
  },
  {
    files: /^src\/fidelity\//,
    may: [...machine, ...waist],
    packages: true,
    because: "the differential check compares executions, it reports to its caller",
  },
  {
    files: /^fuzz\//,
    may: [
      "src/lib/", "src/sched/", "src/program/", "src/triage/", "src/explore/",
      "scripts/prepare-fuzzer/", ...waist,
    ],
    packages: true,
    because: "targets are thin: they see `execute`, not the kernel",
  },
  { files: /^src\//, may: ["src/"], packages: true, because: "fuzz targets are spawned" },
  {
    files: /^scripts\//,
    may: ["src/", "scripts/", "fuzz/engine.ts"],
    packages: true,
    because: "fuzz targets are spawned",
  },
];

/** Packages that live in one file only. */
const HOMES: [RegExp, string][] = [
  [/^seedrandom(\/|$)/, "src/lib/prng.ts"],
  [/^@jazzer\.js\/core(\/|$)/, "fuzz/engine.ts"],
];

const IMPORTING = /^(Import(Declaration|Expression)|Export(Named|All)Declaration)$/;

interface Import {
  node: Node;
  from: string;
  typeOnly: boolean;
}

function importsOf(source: Source): Import[] {
  const found: Import[] = [];
  walk(source.program, {
    enter(node) {
      if (!IMPORTING.test(node.type)) return;
      const from = nameOf(child(node, "source"));
      if (from === "") return;
      const kind = field(node, "importKind") ?? field(node, "exportKind");
      found.push({ node, from, typeOnly: kind === "type" });
    },
  });
  return found;
}

function ownFolder(path: string): string {
  return path.startsWith("src/") ? path.split("/").slice(0, 2).join("/") : path.split("/")[0]!;
}

function checkRelative(source: Source, zone: Zone, one: Import): string | null {
  const target = join(dirname(source.path), one.from);
  if (!/\.(ts|mjs|json)$/.test(one.from)) return `import "${one.from}" with its extension`;
  // A test may set up whatever it needs; the production code beside it may not.
  if (source.isTest && target.startsWith("src/")) return null;
  const prefixes = [...zone.may, `${ownFolder(source.path)}/`];
  if (one.typeOnly) prefixes.push(...(zone.types ?? []));
  if (prefixes.some((prefix) => target.startsWith(prefix))) return null;
  return `may not import ${target}: ${zone.because}`;
}

function checkPackage(source: Source, zone: Zone, one: Import): string | null {
  for (const [name, home] of HOMES) {
    if (!name.test(one.from)) continue;
    return source.path === home ? null : `only ${home} may import ${one.from}`;
  }
  if (zone.packages === true || source.isTest) return null;
  return `may not import ${one.from}: ${zone.because}`;
}

function checkSource(source: Source): Problem[] {
  const zone = ZONES.find((z) => z.files.test(source.path));
  if (zone === undefined) return [];
  return importsOf(source).flatMap((one) => {
    const check = one.from.startsWith(".") ? checkRelative : checkPackage;
    const message = check(source, zone, one);
    return message === null ? [] : [problemAt(source, one.node, "imports", message)];
  });
}

export const imports: Rule = (tree: Tree) => tree.sources.flatMap(checkSource);
