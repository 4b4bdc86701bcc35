// SPDX-License-Identifier: GPL-2.0-only
// The laws over every strategy there is: the registry, the fuzzer's bytes, and replay.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { printSchedule } from "../schedule.ts";
import { randomProgram, replays, strategyLaws, WORDS, worldOf } from "../strategyLaws.ts";
import type { Program } from "../strategyLaws.ts";
import { addCell, cells, resetCells, runWorld, spinOnCell, writeCell } from "../testing.ts";
import { BLOCK_SIZE, BYTE_MODES, fromBytes } from "./bytes.ts";
import { strategies } from "./index.ts";
import { RandomWalk } from "./random.ts";
import { Replay } from "./replay.ts";
import type { Strategy } from "./strategy.ts";

const step = fc.record({ word: fc.constantFrom(...WORDS), id: fc.nat(1) });
const program: fc.Arbitrary<Program> = fc.array(fc.array(step, { maxLength: 7 }), {
  minLength: 1, maxLength: 4,
});
const block = fc.uint8Array({ minLength: BLOCK_SIZE, maxLength: BLOCK_SIZE });
const turn = fc.record({ task: fc.nat(4), steps: fc.oneof(fc.nat(9), fc.constant(Infinity)) });
const seeded = { numRuns: 150, seed: 42 };

const all: Record<string, fc.Arbitrary<() => Strategy>> = {
  replay: fc.array(turn, { maxLength: 8 }).map((turns) => () => new Replay(turns)),
};
for (const [name, make] of Object.entries(strategies)) {
  all[name] = fc
    .record({ seed: fc.integer(), depth: fc.integer({ min: 1, max: 5 }), length: fc.constant(24) })
    .map((options) => () => make(options));
}
for (const mode of BYTE_MODES) all[`bytes ${mode}`] = block.map((b) => () => fromBytes(mode, b));

describe.each(Object.entries(all))("%s", (_name, strategy) => {
  test("obeys the laws on random programs", () => {
    fc.assert(fc.property(strategy, program, strategyLaws), seeded);
  });

  test("is fair enough: a task that spins does not keep away the one it waits for", () => {
    const world = () => {
      resetCells();
      const tasks = [spinOnCell(0), spinOnCell(0), writeCell(0, 1), spinOnCell(0)];
      return { tasks, verdict: () => `${cells[0]}` };
    };
    const fair = fc.property(strategy, (make) => {
      expect(runWorld(world, make()).outcome).toBe("1");
    });
    fc.assert(fair, { numRuns: 40, seed: 42 });
  });
});

test("seeds matter: a strategy that draws follows many schedules", () => {
  for (const name of ["random", "pct"]) {
    const hashes = new Set<number>();
    for (let seed = 0; seed < 50; seed++) {
      const strategy = strategies[name]!({ seed, depth: 3, length: 8 });
      const two = (): Program => [0, 1].map(() => [{ word: "add", id: 0 }, { word: "add", id: 0 }]);
      hashes.add(runWorld(() => worldOf(two()), strategy).hash);
    }
    // 4 points each: 70 interleavings, of which PCT with two change points reaches fewer.
    expect(hashes.size, name).toBeGreaterThan(name === "pct" ? 8 : 25);
  }
});

test("programs of the laws do everything: end, deadlock, hang, spin for ever", () => {
  const kinds = new Set<string>();
  for (let seed = 0; seed < 300; seed++) {
    const ran = runWorld(() => worldOf(randomProgram(seed)), new RandomWalk(seed));
    replays(randomProgram(seed), ran);
    kinds.add(/^[\d ]+$/.test(ran.outcome) ? "end" : ran.outcome);
  }
  expect([...kinds].sort()).toEqual([
    "end",
    "hang: blocked for ever on test lock",
    "hang: blocked for ever on test queue",
    "hang: deadlock on test lock",
    "livelock: test cell makes no progress",
  ]);
});

test("round robin gives every task its quantum", () => {
  const tasks = () => {
    resetCells();
    return { tasks: [0, 1, 2].map((id) => addCell(id)) };
  };
  const roundRobin = strategies["round-robin"]!({ seed: 0, depth: 0, length: 0 });
  const { schedule } = runWorld(tasks, roundRobin);
  expect(printSchedule(schedule)).toBe("0*1 1*1 2*1 0*1 1*1 2*1");
});
