// SPDX-License-Identifier: GPL-2.0-only
// TLB flushes of an address space on every CPU that may cache it.
// Models: arch/x86/mm/tlb.c. Fidelity: reduced; no lazy TLB, no PCID generations.
import { send_ipi } from "../../../../hw/ipi.ts";
import { tlb_invalidate } from "../../../../hw/tlb.ts";
import { lowest } from "../../../../lib/bits.ts";
import { current, pointKind, preempt } from "../../../../sched/point.ts";
import type { Preemptible } from "../../../../sched/point.ts";
import type { Mm } from "../../../include/mm_types.ts";

const LOCAL = pointKind("TLB", "write", (cpu) => `TLB of CPU ${cpu}`);

/** INVLPG (or a flush) on the CPU we run on. */
function* flush_tlb_local(mm: Mm, start: number, end: number): Preemptible<void> {
  if (preempt(LOCAL, current())) yield;
  tlb_invalidate(current(), mm.id, start, end);
}

/** Flushes pages [start, end) here and, by IPI, on all other CPUs of the mm; waits for each. */
export function* flush_tlb_mm_range(mm: Mm, start: number, end: number): Preemptible<void> {
  yield* flush_tlb_local(mm, start, end);
  for (let others = mm.cpumask & ~(1 << current()); others !== 0; others &= others - 1) {
    const cpu = lowest(others);
    yield* send_ipi(cpu);
    tlb_invalidate(cpu, mm.id, start, end);
  }
}

export function flush_tlb_page(mm: Mm, address: number): Preemptible<void> {
  return flush_tlb_mm_range(mm, address, address + 1);
}
