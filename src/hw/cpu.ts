// SPDX-License-Identifier: GPL-2.0-only
// What a CPU itself has: interrupts on or off. One CPU a task; CPU and task share their number.
import { assert } from "../lib/assert.ts";
import { TASKS_MAX, pointKind, wake } from "../sched/point.ts";

const irqs_off = new Uint8Array(TASKS_MAX);

/** An inter-processor interrupt waits for its CPU to enable interrupts. */
export const IPI = pointKind(
  "IPI", "acquire", (cpu) => `CPU ${cpu} to take an interrupt`, (cpu) => 1 << cpu,
);

export function cpu_reset(): void {
  irqs_off.fill(0);
}

export function irqs_enabled(cpu: number): boolean {
  return irqs_off[cpu] === 0;
}

/** Nests, as local_irq_save() does. */
export function local_irq_disable(cpu: number): void {
  assert(irqs_off[cpu]! < 255, "local_irq_disable() nests without end");
  irqs_off[cpu]!++;
}

export function local_irq_enable(cpu: number): void {
  assert(irqs_off[cpu]! > 0, "interrupts are enabled more often than disabled");
  irqs_off[cpu]!--;
  if (irqs_off[cpu] === 0) wake(IPI, cpu);
}
