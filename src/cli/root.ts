// SPDX-License-Identifier: GPL-2.0-only
// Where Faultline itself lies, from the sources as well as from a bundle.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../lib/assert.ts";

function find(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder;
    if (dirname(folder) === folder) throw new UserError("this is not a checkout of faultline");
  }
}

/** The checkout. */
export const root = find();

/** A program of .build, which `faultline` keeps fresh. */
export function built(name: string): string {
  const path = join(root, ".build", name);
  if (existsSync(path)) return path;
  throw new UserError(`${path} is missing: run \`npm run build\``);
}
