// SPDX-License-Identifier: GPL-2.0-only
// scratch
import { execute } from "../src/execute.ts";
import { parseCase } from "../src/program/text.ts";
import { pointsByTask, fixedCase } from "./bench/work.ts";
export async function main(): Promise<number> {
  console.log(pointsByTask(fixedCase()));
  const setup = "setup:\n  dax 0 8\n  mmap 0 8 rw anon\n  mmap 8 8 rw fpriv 0 0\n  mmap 16 8 rw fshared 0 0\n";
  for (const ops of [["store 0 1"],["store 0 1","load 0"],["load 0"],["load 0","store 0 1"],["store 0 1","store 1 1"],["store 0 1","madvise 0 8 dontneed"],["store 8 1"],["load 8"],["load 8", "store 8 1"],["load 8","madvise 8 8 dontneed"],["store 8 1","madvise 8 8 dontneed"],["store 16 1"],["store 16 1","fsync 0"],["munmap 0 8"]]) {
    const c = parseCase(setup + "run:\n" + ops.map((o) => `  @0 ${o}\n`).join(""), "x");
    const o = execute(c);
    console.log(ops.join("; "), o.points, o.title);
  }
  return 0;
}
