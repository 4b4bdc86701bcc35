// SPDX-License-Identifier: GPL-2.0-only
// A copy of .build that no later build changes: the trials of one long search all run one program.
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { build, isStale } from "../build.ts";
import { readStamp } from "../stale.mjs";

export interface Snapshot {
  /** Absolute path of a built script, without ".js". */
  script(name: string): string;
  remove(): void;
}

/** Builds when a source has changed, and copies the result, inside .build. */
export async function takeSnapshot(root: string): Promise<Snapshot> {
  if (isStale(root)) await build({ root });
  const from = join(root, ".build");
  const to = join(from, `search-${process.pid}`);
  for (const file of readStamp(root).files) {
    if (file.endsWith(".map")) continue;
    mkdirSync(dirname(join(to, file)), { recursive: true });
    cpSync(join(from, file), join(to, file));
  }
  return {
    script: (name) => join(to, `scripts/${name}.js`),
    remove: () => rmSync(to, { recursive: true, force: true }),
  };
}
