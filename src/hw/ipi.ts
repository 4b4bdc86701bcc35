// SPDX-License-Identifier: GPL-2.0-only
// Inter-processor interrupts: sent to one CPU and waited for. A CPU with interrupts enabled takes
// them at once, between two of its steps; one with interrupts off keeps the sender waiting.
import { block, preempt } from "../sched/point.ts";
import type { Preemptible } from "../sched/point.ts";
import { IPI, irqs_disabled } from "./cpu.ts";

/** Returns when `cpu` has acknowledged: the caller then does, atomically, what its handler does. */
export function* send_ipi(cpu: number): Preemptible<void> {
  if (preempt(IPI, cpu)) yield;
  while (irqs_disabled(cpu)) {
    block(IPI, cpu);
    yield;
  }
}
