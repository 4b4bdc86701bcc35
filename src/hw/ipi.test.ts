// SPDX-License-Identifier: GPL-2.0-only
// Interrupts between CPUs: taken at once when enabled, waited for when not.
import { describe, expect, test } from "vitest";
import { current } from "../sched/point.ts";
import type { Preemptible } from "../sched/point.ts";
import { parseSchedule } from "../sched/schedule.ts";
import { Replay } from "../sched/strategies/replay.ts";
import { cells, explore, readCell, resetCells, runWorld, writeCell } from "../sched/testing.ts";
import type { World } from "../sched/testing.ts";
import { cpu_reset, irqs_enabled, local_irq_disable, local_irq_enable } from "./cpu.ts";
import { send_ipi } from "./ipi.ts";

/** Sends to `cpu` and notes that the handler has run. */
function* interrupt(cpu: number): Preemptible<void> {
  yield* send_ipi(cpu);
  if (!irqs_enabled(cpu)) throw new Error("an interrupt was taken while they were off");
  cells[cpu]!++;
}

/** A section with interrupts off: no handler may run between its two looks. */
function* quiet(): Preemptible<void> {
  const self = current();
  local_irq_disable(self);
  const before = yield* readCell(self);
  const after = yield* readCell(self);
  local_irq_enable(self);
  if (before !== after) throw new Error("a handler ran with interrupts off");
}

function worldOf(...tasks: (() => Preemptible<void>)[]): () => World {
  return () => {
    resetCells();
    cpu_reset();
    return { tasks: tasks.map((task) => task()), verdict: () => cells.slice(0, 3).join("") };
  };
}

const toFirst = (): Preemptible<void> => interrupt(0);

describe("under every schedule", () => {
  test("an interrupt is taken exactly once, and never while they are off", () => {
    expect(explore(worldOf(quiet, toFirst), 4).outcomes).toEqual(["100"]);
    expect(explore(worldOf(quiet, toFirst, toFirst), 3).outcomes).toEqual(["200"]);
  });

  test("two CPUs with interrupts off that send to each other wait for ever", () => {
    const sender = (other: number) =>
      function* (): Preemptible<void> {
        local_irq_disable(current());
        yield* readCell(7);
        yield* interrupt(other);
        local_irq_enable(current());
      };
    const { outcomes } = explore(worldOf(sender(1), sender(0)), 2);
    expect(outcomes).toEqual(["110", "hang: deadlock on IPI -> IPI"]);
  });
});

test("the sender waits while they are off, and a report says for whom", () => {
  const never = function* (): Preemptible<void> {
    local_irq_disable(current());
    yield* writeCell(7, 1);
  };
  const world = worldOf(never, toFirst);
  const { outcome, lines } = runWorld(world, new Replay(parseSchedule("0 1")));
  expect(outcome).toBe("hang: blocked for ever on IPI");
  expect(lines).toEqual([
    "task 1 waits for CPU 0 to take an interrupt held by task 0: nobody will wake it",
  ]);
});

test("disabling nests; enabling more often is our own fault; a reset enables", () => {
  local_irq_disable(3);
  local_irq_disable(3);
  local_irq_enable(3);
  expect(irqs_enabled(3)).toBe(false);
  local_irq_enable(3);
  expect(irqs_enabled(3)).toBe(true);
  expect(() => local_irq_enable(3)).toThrow("more often than disabled");
  local_irq_disable(3);
  cpu_reset();
  expect(irqs_enabled(3)).toBe(true);
});
