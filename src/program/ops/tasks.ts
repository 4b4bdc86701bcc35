// SPDX-License-Identifier: GPL-2.0-only
// Tasks: new ones with a copy of the mm or with the same mm, and their end.
import { EINVAL } from "../../kernel/errno.ts";
import { do_exit } from "../../kernel/exit.ts";
import { current_mm, mm_of } from "../../kernel/include/sched.ts";
import { start_thread } from "../../kernel/init/main.ts";
import type { Preemptible } from "../../sched/point.ts";
import type { OpResult, OpRow } from "../op.ts";
import { K } from "./args.ts";

function* runThread([task]: readonly number[]): Preemptible<OpResult> {
  if (mm_of(task!) !== null) return { r: -EINVAL };
  start_thread(task!, current_mm());
  return { r: 0 };
}

function* runExit(): Preemptible<OpResult> {
  yield* do_exit();
  return { r: 0 };
}

export const fork: OpRow = {
  name: "fork", args: [K], help: "starts task K with a copy of this mm", run: null,
};

export const thread: OpRow = {
  name: "thread", args: [K], help: "starts task K in this mm", run: runThread,
};

export const exit: OpRow = {
  name: "exit", args: [], help: "ends the task; the last one of an mm tears it down", run: runExit,
};
