// SPDX-License-Identifier: GPL-2.0-only
// Targets that more than one tool uses: the DAX family, and the machine with everything.
import type { OpRow } from "./op.ts";
import { opByName, opRows } from "./ops/index.ts";
import { defineTarget } from "./target.ts";
import type { OpWeight, Target } from "./target.ts";

/**
 * Two threads on a private mapping of a DAX file. The state that races need - an entry for the
 * huge page in the file's tree while no page table maps it - is left for the fuzzer to build.
 */
export const dax = defineTarget({
  name: "dax",
  kernels: ["v4.11", "v4.12", "v4.13", "latest"],
  prologue: ["dax 0 16", "mmap 0 16 rw fpriv 0 0", "thread 1"],
  pages: 16,
  setupRecords: 6,
  runRecords: 8,
  ops: {
    load: { weight: 4, args: { N: [1] } },
    store: { weight: 4, args: { N: [1] } },
    "madvise dontneed": 2,
    "mmap rw fpriv|fshared": { weight: 2, args: { flags: [0] } },
    munmap: 1,
    fsync: 1,
    "fallocate punch": 1,
  },
});

const WEIGHTS: Readonly<Record<string, number>> = { load: 6, store: 6, mmap: 4, madvise: 6 };
const PROLOGUE = ["memfd 0 16", "mmap 0 16 rw anon", "mmap 16 16 rw fshared 0 0", "thread 1"];

/** Every operation of `rows` on a small arena, at the latest kernel. */
export function machineTarget(rows: readonly OpRow[]): Target {
  const ops = rows.map((row): [string, OpWeight] => [row.name, WEIGHTS[row.name] ?? 1]);
  const known = (text: string) => {
    const row = opByName.get(text.split(" ")[0]);
    return row !== undefined && rows.includes(row);
  };
  return defineTarget({
    name: "machine",
    kernels: ["latest"],
    prologue: PROLOGUE.filter(known),
    pages: 32,
    files: 2,
    setupRecords: 6,
    runRecords: 10,
    ops: Object.fromEntries(ops),
  });
}

/** Whatever the kernel models today. */
export const machine = machineTarget(opRows.filter((row) => row.run !== null));
