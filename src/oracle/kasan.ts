// SPDX-License-Identifier: GPL-2.0-only
// KASAN for page tables: an entry is read or written in a frame that is no page table any more.
// Linux has it as CONFIG_KASAN (use after free); the access to a page in use is ours.
import { FREE, KIND_NAMES, mem } from "../hw/phys.ts";
import { observe, panic, printk } from "../kernel/bug.ts";
import { here, siteOf } from "../sched/site.ts";
import type { Oracle } from "./oracle.ts";

function on_foreign_table(frame: number, write: boolean): void {
  const { fn } = siteOf(here.site);
  const access = write ? "Write" : "Read";
  if (mem.kind[frame] === FREE) {
    printk(`${access} of size 8 in freed frame ${frame}`);
    panic(`BUG: KASAN: use-after-free in ${fn}`);
  }
  const kind = KIND_NAMES[mem.kind[frame]!];
  observe(`page-table ${access.toLowerCase()} in a ${kind} page, in ${fn}`);
}

export const kasan: Oracle = {
  name: "kasan",
  reset() {
    mem.on_foreign_table = on_foreign_table;
  },
};
