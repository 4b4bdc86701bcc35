// SPDX-License-Identifier: GPL-2.0-only
// The registry of oracles: one line each; every one has a violation and a near miss as tests.
import { daxData } from "./dax-data.ts";
import { kasan } from "./kasan.ts";
import { lostStore } from "./lost-store.ts";
import type { Oracle } from "./oracle.ts";
import { pageTableCheck } from "./page-table-check.ts";
import { staleTlb } from "./stale-tlb.ts";

export const oracles: readonly Oracle[] = [kasan, pageTableCheck, staleTlb, lostStore, daxData];
