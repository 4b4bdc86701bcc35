// SPDX-License-Identifier: GPL-2.0-only
// The real anonymous fault: builds bench/fault.c in a folder of its own and runs it.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Compiled {
  program: string;
  remove(): void;
}

/** Null when there is no C compiler. */
export function compileFault(source: string): Compiled | null {
  const folder = mkdtempSync(join(tmpdir(), "faultline-bench-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const program = join(folder, "fault");
  const { error, status, stderr } =
    spawnSync("cc", ["-O2", "-o", program, source], { encoding: "utf8" });
  if (error === undefined && status === 0) return { program, remove };
  remove();
  if (error !== undefined) return null;
  throw new Error(`cc does not compile ${source}: ${stderr.trim().split("\n").at(-1)}`);
}

/** Nanoseconds of one touch and MADV_DONTNEED on the kernel underneath. */
export function realFault(program: string): number {
  const { status, stdout } = spawnSync(program, { encoding: "utf8" });
  const ns = Number(stdout);
  if (status !== 0 || !(ns > 0)) throw new Error(`${program} ended with ${status}`);
  return ns;
}
