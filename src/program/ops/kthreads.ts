// SPDX-License-Identifier: GPL-2.0-only
// Kernel threads and walkers as operations; without a range they take everything.
import type { OpRow } from "../op.ts";
import { RANGE } from "./args.ts";

export const smaps: OpRow = {
  name: "smaps", args: RANGE, help: "walks page tables as /proc/pid/smaps does", run: null,
};

export const split: OpRow = {
  name: "split", args: RANGE, help: "splits huge pages", run: null,
};

export const ksmscan: OpRow = {
  name: "ksmscan", args: RANGE, help: "ksmd merges equal pages", run: null,
};

export const reclaim: OpRow = {
  name: "reclaim", args: RANGE, help: "kswapd takes pages away", run: null,
};

export const khugepaged: OpRow = {
  name: "khugepaged", args: RANGE, help: "khugepaged scans and collapses", run: null,
};

export const migrate: OpRow = {
  name: "migrate", args: RANGE, help: "moves pages to other frames", run: null,
};

export const numa: OpRow = {
  name: "numa", args: RANGE, help: "NUMA balancing takes access away to get hints", run: null,
};

export const oom: OpRow = {
  name: "oom", args: [], help: "the OOM reaper takes the mm's memory away", run: null,
};
