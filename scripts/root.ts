// SPDX-License-Identifier: GPL-2.0-only
// Finds the repository, from the source tree as well as from a bundle inside it.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

function isOurs(folder: string): boolean {
  try {
    const { name } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
      name?: string;
    };
    return name === "faultline";
  } catch {
    return false;
  }
}

/** The nearest folder above this file, else above the working directory, that is Faultline's. */
export function repoRoot(): string {
  for (const start of [import.meta.dirname, process.cwd()]) {
    for (let folder = start; ; folder = dirname(folder)) {
      if (isOurs(folder)) return folder;
      if (dirname(folder) === folder) break;
    }
  }
  throw new Error("this is not inside a checkout of faultline");
}
