// SPDX-License-Identifier: GPL-2.0-only
// A program's load or store: TLB, page walk, and the fault handler until the access retires.
// Models: arch/x86/mm/fault.c (do_user_addr_fault). Fidelity: reduced; no signals other than
// SIGSEGV and SIGBUS, no retry without mmap_lock.
import { geometry } from "../../../../hw/geometry.ts";
import { mem } from "../../../../hw/phys.ts";
import { hit, tlb_lookup } from "../../../../hw/tlb.ts";
import { walk, walked } from "../../../../hw/walk.ts";
import { current, pointKind, preempt, run, stall } from "../../../../sched/point.ts";
import type { Preemptible } from "../../../../sched/point.ts";
import {
  FAULT_FLAG_ALLOW_RETRY, FAULT_FLAG_USER, FAULT_FLAG_WRITE, VM_EXEC, VM_FAULT_ERROR,
  VM_FAULT_SIGBUS, VM_READ, VM_WRITE,
} from "../../../include/mm.ts";
import type { Mm, Vma } from "../../../include/mm_types.ts";
import { current_mm } from "../../../include/sched.ts";
import { down_read, up_read } from "../../../locking/rwsem.ts";
import { handle_mm_fault } from "../../../mm/memory.ts";
import { find_vma } from "../../../mm/mmap.ts";
import { trace } from "../../../trace.ts";

/** Faults of one access in a row, nothing having changed, before it counts as spinning. */
const REFAULTS_FREE = 8;

const LOAD = pointKind("user page", "read", (vpn) => `page ${vpn}`);
const STORE = pointKind("user page", "write", (vpn) => `page ${vpn}`);

/** How an access ended when it did not retire: 0 it did, else the signal. */
export const SEGV_MAPERR = 1;
export const SEGV_ACCERR = 2;
export const BUS_ADRERR = 3;
export const OOM_KILLED = 4;

/** The byte that the last retired load read. */
export const loaded = { value: 0 };

/** One instruction: reads byte 0 of page `vpn` into loaded.value. Returns 0 or a signal. */
export function user_load(vpn: number): Preemptible<number> {
  return user_access(vpn, false, 0);
}

export function user_store(vpn: number, value: number): Preemptible<number> {
  return user_access(vpn, true, value);
}

function* user_access(vpn: number, write: boolean, value: number): Preemptible<number> {
  const mm = current_mm();
  let refaults = 0;
  let epoch = run.epoch;
  for (;;) {
    if (yield* instruction(mm, vpn, write, value)) return 0;
    const signal = yield* do_user_addr_fault(vpn, write);
    if (signal !== 0) return signal;
    refaults = epoch === run.epoch ? refaults + 1 : 0;
    epoch = run.epoch;
    if (refaults > REFAULTS_FREE) yield* spin_on_fault(vpn, write);
  }
}

/** Executes the access once; true when it retired, false when it faults. One atomic step. */
function* instruction(
  mm: Mm, vpn: number, write: boolean, value: number,
): Preemptible<boolean> {
  if (preempt(write ? STORE : LOAD, vpn)) yield;
  const cpu = current();
  let frame = 0;
  let stale = false;
  if (tlb_lookup(cpu, mm.id, vpn, write)) {
    frame = hit.frame;
    stale = hit.stale;
  } else if (walk(cpu, mm.id, mm.pgd, vpn, write)) {
    frame = walked.frame;
  } else {
    return false;
  }
  const word = frame << geometry.shift;
  if (write) mem.words[word] = (mem.words[word]! & ~255) | value;
  else loaded.value = mem.words[word]! & 255;
  trace.user_access(mm, vpn, frame, write, write ? value : loaded.value, stale);
  return true;
}

/** The same fault again and again with nothing changing: let others run, and be seen to spin. */
function* spin_on_fault(vpn: number, write: boolean): Preemptible<void> {
  stall(write ? STORE : LOAD, vpn);
  yield;
}

function access_error(vma: Vma, write: boolean): boolean {
  if (write) return (vma.vm_flags & VM_WRITE) === 0;
  return (vma.vm_flags & (VM_READ | VM_WRITE | VM_EXEC)) === 0;
}

/** Returns 0 (execute the instruction again) or the signal that the program gets. */
function* do_user_addr_fault(vpn: number, write: boolean): Preemptible<number> {
  const mm = current_mm();
  yield* down_read(mm.mmap_lock);
  const vma = yield* find_vma(mm, vpn);
  if (vma === null || access_error(vma, write)) {
    up_read(mm.mmap_lock);
    return vma === null ? SEGV_MAPERR : SEGV_ACCERR;
  }
  const flags = FAULT_FLAG_USER | FAULT_FLAG_ALLOW_RETRY | (write ? FAULT_FLAG_WRITE : 0);
  const ret = yield* handle_mm_fault(vma, vpn, flags);
  up_read(mm.mmap_lock);
  if ((ret & VM_FAULT_ERROR) === 0) return 0;
  return (ret & VM_FAULT_SIGBUS) !== 0 ? BUS_ADRERR : OOM_KILLED;
}
