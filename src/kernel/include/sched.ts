// SPDX-License-Identifier: GPL-2.0-only
// Tasks as the kernel sees them. Models: include/linux/sched.h. Fidelity: reduced to the mm and
// the open files; task, CPU and thread id are one number.
import { InternalError } from "../../lib/assert.ts";
import { current, TASKS_MAX } from "../../sched/point.ts";
import type { Inode, Mm } from "./mm_types.ts";

export const FDS_MAX = 16;

const task_mm: (Mm | null)[] = new Array<Mm | null>(TASKS_MAX).fill(null);
/** Open files: one table for all tasks. */
export const files: (Inode | null)[] = new Array<Inode | null>(FDS_MAX).fill(null);

export function sched_reset(): void {
  task_mm.fill(null);
  files.fill(null);
}

export function set_task_mm(task: number, mm: Mm | null): void {
  task_mm[task] = mm;
}

export function mm_of(task: number): Mm | null {
  return task_mm[task] ?? null;
}

/** current->mm of a task that has not exited. */
export function current_mm(): Mm {
  const mm = task_mm[current()];
  if (mm === null || mm === undefined) throw new InternalError(`task ${current()} has no mm`);
  return mm;
}

/** Tasks that have an mm, in order. */
export function live_tasks(): number[] {
  return task_mm.map((mm, task) => (mm === null ? -1 : task)).filter((task) => task >= 0);
}
