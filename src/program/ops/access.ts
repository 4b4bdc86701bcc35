// SPDX-License-Identifier: GPL-2.0-only
// Memory accesses of the CPU itself: through TLB and page walk, faulting where they must.
import { EFAULT } from "../../kernel/errno.ts";
import {
  BUS_ADRERR, loaded, OOM_KILLED, SEGV_ACCERR, SEGV_MAPERR, user_load, user_store,
} from "../../kernel/arch/x86/mm/fault.ts";
import type { Preemptible } from "../../sched/point.ts";
import type { OpResult, OpRow } from "../op.ts";
import { P, TIMES, V } from "./args.ts";

const SIGNALS: Record<number, string> = {
  [SEGV_MAPERR]: "SEGV_MAPERR", [SEGV_ACCERR]: "SEGV_ACCERR", [BUS_ADRERR]: "BUS_ADRERR",
  [OOM_KILLED]: "SIGKILL",
};

function faulted(signal: number, page: number, v?: number[]): OpResult {
  const result: OpResult = { r: -EFAULT, sig: SIGNALS[signal]!, sigpage: page };
  if (v !== undefined) result.v = v;
  return result;
}

function* runLoad([page, count]: readonly number[]): Preemptible<OpResult> {
  const v: number[] = [];
  for (let vpn = page!; vpn < page! + count!; vpn++) {
    const signal = yield* user_load(vpn);
    if (signal !== 0) return faulted(signal, vpn, v);
    v.push(loaded.value);
  }
  return { r: 0, v };
}

function* runStore([page, value, count]: readonly number[]): Preemptible<OpResult> {
  for (let vpn = page!; vpn < page! + count!; vpn++) {
    const signal = yield* user_store(vpn, value!);
    if (signal !== 0) return faulted(signal, vpn);
  }
  return { r: 0 };
}

export const load: OpRow = {
  name: "load", args: [P, TIMES], help: "reads byte 0 of each page", run: runLoad,
};

export const store: OpRow = {
  name: "store", args: [P, V, TIMES], help: "writes v to byte 0 of each page", run: runStore,
};
