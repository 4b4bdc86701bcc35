// SPDX-License-Identifier: GPL-2.0-only
// Physical memory: what is handed out, in which order it comes back, and what a reset forgets.
import { beforeEach, describe, expect, test } from "vitest";
import { geometry, set_geometry, table_index } from "./geometry.ts";
import { ANON, FILE, FREE, mem, PMEM, PTE_TABLE, UPPER_TABLE } from "./phys.ts";

beforeEach(() => {
  set_geometry("small");
  mem.reset(0);
});

describe("frames", () => {
  test("are zeroed, have one reference, and are never frame 0", () => {
    const frames = Array.from({ length: 5 }, () => mem.take(ANON));
    expect(frames).toEqual([1, 2, 3, 4, 5]);
    expect(frames.map((f) => mem.refcount[f])).toEqual([1, 1, 1, 1, 1]);
    expect(mem.used).toBe(5);
  });

  test("freed ones wait until no fresh one is left, and come back in the order of freeing", () => {
    mem.reset(4);
    const frames = [1, 2, 3, 4].map(() => mem.take(ANON));
    mem.give_back(3);
    mem.give_back(1);
    expect(mem.take(FILE)).toBe(3);
    mem.give_back(4);
    expect([mem.take(FILE), mem.take(FILE), mem.take(FILE)]).toEqual([1, 4, 0]);
    expect(frames).toEqual([1, 2, 3, 4]);
    mem.reset(4);
    mem.take(ANON);
    mem.give_back(1);
    expect(mem.take(ANON)).toBe(2);
  });

  test("a frame that is used again is zeroed then, not when it is freed", () => {
    mem.reset(1);
    const frame = mem.take(ANON);
    mem.words[frame << geometry.shift] = 65;
    mem.give_back(frame);
    expect(mem.words[frame << geometry.shift]).toBe(65);
    expect(mem.take(ANON)).toBe(frame);
    expect(mem.words[frame << geometry.shift]).toBe(0);
  });

  test("a free tells the time: later than every fill before it, earlier than those after", () => {
    const [one, two] = [mem.take(ANON), mem.take(ANON)];
    const before = mem.clock;
    mem.give_back(two);
    expect(mem.gen[two]).toBeGreaterThan(before);
    expect(mem.gen[two]).toBe(mem.clock);
    mem.expire(one);
    expect(mem.gen[one]).toBeGreaterThan(mem.gen[two]!);
    expect(mem.kind[one]).toBe(ANON);
  });

  test("freeing what is free, or never was, is our own fault", () => {
    const frame = mem.take(ANON);
    mem.give_back(frame);
    expect(() => mem.give_back(frame)).toThrow("[faultline] a frame is freed twice");
    expect(() => mem.give_back(frame + 1)).toThrow("freed that never was");
    expect(() => mem.give_back(0)).toThrow("freed that never was");
    expect(() => mem.take(FREE)).toThrow("taken for nothing");
  });
});

describe("runs", () => {
  test("start at a multiple of their length; what is skipped stays free", () => {
    mem.take(ANON);
    expect(mem.take_run(PMEM, 8)).toBe(8);
    expect(mem.take_run(PMEM, 8)).toBe(16);
    expect(mem.take(ANON)).toBe(24);
    expect(mem.take_run(PMEM, 2)).toBe(26);
    expect(mem.kind.subarray(1, 9)).toEqual(Uint8Array.of(ANON, 0, 0, 0, 0, 0, 0, PMEM));
    expect(mem.used).toBe(20);
  });

  test("are all or nothing, and are not made of freed frames", () => {
    mem.reset(15);
    expect(mem.take_run(PMEM, 8)).toBe(8);
    for (let frame = 8; frame < 16; frame++) mem.give_back(frame);
    expect(mem.take_run(PMEM, 8)).toBe(0);
    expect(mem.take(ANON)).toBe(8);
    expect(() => mem.take_run(PMEM, 3)).toThrow("powers of two");
  });
});

describe("a reset", () => {
  test("leaves nothing of the run before, in either geometry", () => {
    for (const name of ["small", "x86-64", "small"] as const) {
      set_geometry(name);
      mem.reset(0);
      const frame = mem.take_run(PTE_TABLE, 4);
      for (const field of [mem.refcount, mem.mapcount, mem.flags, mem.mapping, mem.index]) {
        field[frame] = 9;
      }
      mem.words[((frame + 1) << geometry.shift) - 1] = 9;
      mem.give_back(frame + 1);
      mem.reset(0);
      const sum = (list: ArrayLike<number>): number => Array.from(list).reduce((a, b) => a + b, 0);
      const { kind, gen, refcount, mapcount, flags, mapping, index } = mem;
      for (const field of [kind, gen, refcount, mapcount, flags, mapping, index]) {
        expect(sum(field)).toBe(0);
      }
      expect(mem.words.subarray(0, 16 << geometry.shift).every((word) => word === 0)).toBe(true);
      expect([mem.used, mem.clock, mem.take(ANON)]).toEqual([0, 0, 1]);
    }
  });

  test("the limit is the number of frames, and 0 means all", () => {
    mem.reset(3);
    expect([1, 2, 3, 4].map(() => mem.take(ANON))).toEqual([1, 2, 3, 0]);
    mem.reset(0);
    expect(mem.take_run(ANON, 2048)).toBe(2048);
  });
});

describe("entries", () => {
  test("an access through a frame that is no table is told, and done", () => {
    const told: string[] = [];
    mem.on_foreign_table = (frame, write) => told.push(`${write ? "write" : "read"} ${frame}`);
    const [page, table] = [mem.take(PMEM), mem.take(UPPER_TABLE)];
    for (const frame of [page, table, 0]) {
      mem.write_entry((frame << geometry.shift) + 3, 7);
      expect(mem.read_entry((frame << geometry.shift) + 3)).toBe(7);
    }
    mem.on_foreign_table = () => {};
    expect(told).toEqual([`write ${page}`, `read ${page}`, "write 0", "read 0"]);
    mem.words[3] = 0;
    expect(mem.frame_of((page << geometry.shift) + 3)).toBe(page);
  });
});

test("the index of a page in the table of a level", () => {
  const digits = (vpn: number): number[] => [3, 2, 1, 0].map((level) => table_index(vpn, level));
  expect(digits(0o1234)).toEqual([1, 2, 3, 4]);
  set_geometry("x86-64");
  expect(digits(((1 * 512 + 511) * 512 + 2) * 512 + 3)).toEqual([1, 511, 2, 3]);
});
