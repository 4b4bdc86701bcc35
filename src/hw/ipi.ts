// SPDX-License-Identifier: GPL-2.0-only
// Inter-processor interrupts: sent to one CPU and waited for. A CPU with interrupts enabled takes
// them at once, between two of its steps; one with interrupts off keeps the sender waiting.
import { block, preempt } from "../sched/point.ts";
import type { Preemptible } from "../sched/point.ts";
import { IPI, irqs_enabled } from "./cpu.ts";

/** Returns when `cpu` has acknowledged: the caller then does, atomically, what its handler does. */
export function* send_ipi(cpu: number): Preemptible<void> {
  if (preempt(IPI, cpu)) yield;
  if (!irqs_enabled(cpu)) yield* wait_for_ack(cpu);
}

function* wait_for_ack(cpu: number): Preemptible<void> {
  do {
    block(IPI, cpu);
    yield;
  } while (!irqs_enabled(cpu));
}
