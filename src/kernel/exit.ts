// SPDX-License-Identifier: GPL-2.0-only
// The end of a task. Models: kernel/exit.c (exit_mm). Fidelity: reduced to the address space.
import { current } from "../sched/point.ts";
import type { Preemptible } from "../sched/point.ts";
import { mmput } from "./fork.ts";
import { mm_of, set_task_mm } from "./include/sched.ts";

/** do_exit() of the current task; harmless when it has exited already. */
export function* do_exit(): Preemptible<void> {
  const mm = mm_of(current());
  if (mm === null) return;
  set_task_mm(current(), null);
  yield* mmput(mm);
}
