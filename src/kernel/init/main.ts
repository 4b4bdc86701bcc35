// SPDX-License-Identifier: GPL-2.0-only
// Boots the modelled kernel: every subsystem back to its first state. Models: init/main.c.
// Fidelity: stub; nothing of the real boot is modelled.
import { cpu_reset } from "../../hw/cpu.ts";
import { set_geometry } from "../../hw/geometry.ts";
import { mem, ZERO } from "../../hw/phys.ts";
import { tlb_reset } from "../../hw/tlb.ts";
import { log_reset } from "../bug.ts";
import { dax_reset } from "../fs/dax-entry.ts";
import { inode_reset } from "../fs/inode.ts";
import { fork_reset, mm_alloc } from "../fork.ts";
import type { Mm } from "../include/mm_types.ts";
import { ptlocks } from "../include/pgtable.ts";
import { sched_reset, set_task_mm } from "../include/sched.ts";
import { mutex_reset } from "../locking/mutex.ts";
import { spin_reset } from "../locking/spinlock.ts";
import { wait_reset } from "../locking/wait.ts";
import { huge_memory_reset } from "../mm/huge_memory.ts";
import { zero_page } from "../mm/memory.ts";
import { boot_with } from "../patches.ts";
import type { PatchId } from "../patches.ts";
import { rcu_reset } from "../rcu/tree.ts";

export interface BootOptions {
  patches: readonly PatchId[];
  geometry: "small" | "x86-64";
  locks: "split" | "pte-only" | "none";
  /** Frames of memory; 0: as many as the model has. */
  frames: number;
}

/** Boots; task 0 exists afterwards with an empty address space. */
export function start_kernel(options: BootOptions): Mm {
  spin_reset();
  set_geometry(options.geometry);
  mem.reset(options.frames);
  tlb_reset();
  cpu_reset();
  log_reset();
  mutex_reset();
  wait_reset();
  rcu_reset();
  dax_reset();
  inode_reset();
  fork_reset();
  sched_reset();
  huge_memory_reset();
  boot_with(options.patches);
  ptlocks.pmd = options.locks === "split";
  ptlocks.pte = options.locks !== "none";
  zero_page.frame = mem.take(ZERO);
  const mm = mm_alloc();
  mm.cpumask = 1;
  set_task_mm(0, mm);
  return mm;
}

/** A thread: another task, and CPU, of the same address space. */
export function start_thread(task: number, mm: Mm): void {
  mm.mm_users++;
  mm.cpumask |= 1 << task;
  set_task_mm(task, mm);
}
