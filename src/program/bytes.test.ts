// SPDX-License-Identifier: GPL-2.0-only
// The fuzz codec on the DAX target: where bytes stand, what they mean, and locality.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decode, encode, encodeRecords, expand } from "./bytes.ts";
import { defineTarget } from "./target.ts";
import { dax, machineTarget } from "./targets.ts";
import { parseCase, printCase, printOp } from "./text.ts";

const PRE = "dax 0 16\n mmap 0 16 rw fpriv 0 0\n thread 1\n";
const RACE = `kernel: v4.11
setup:
  ${PRE} load 0
  madvise 0 16 dontneed
run:
  @0 store 0 7
  @1 load 1
schedule: 1*14 0*200 1
`;

/** All explicit: no byte is left to the padding. */
const NOTHING = new Uint8Array(dax.size);

describe("records", () => {
  it("of zeros are the prologue alone", () => {
    const c = decode(NOTHING, dax);
    expect(c.setup.map(printOp)).toEqual(["dax 0 16", "mmap 0 16 rw fpriv 0 0", "thread 1"]);
    expect(c.run).toEqual([]);
    expect(c.config.kernel).toBe("v4.11");
  });

  it("say the race of seed 002", () => {
    const c = parseCase(RACE, "race.case");
    const data = encode(c, dax);
    expect(data.length).toBe(dax.size);
    expect(data[0]).toBe(3);
    expect(decode(data, dax)).toEqual(c);
  });

  it("take a hand-written case without its story; else it stays text", () => {
    const c = parseCase(`# story: x\n${RACE}`, "race.case");
    const records = encodeRecords(c, dax);
    expect(records).toEqual(encodeRecords({ ...c, story: [] }, dax));
    expect(new TextDecoder().decode(encode(c, dax))).toBe(`#!faultline\n${printCase(c)}`);
    const other = parseCase(`${RACE.replace("v4.11", "v5.8")}`, "race.case");
    expect(encodeRecords(other, dax)).toBeNull();
  });

  it("keep operations and schedule apart", () => {
    for (const seed of [1, 2, 3]) {
      const data = expand(Uint8Array.of(0, 0, seed), dax);
      const before = decode(data, dax);
      data[6 + 3 * seed]++;
      expect(decode(data, dax).run).toEqual(before.run);
      data[22]++;
      data[dax.size - 4]++;
      const after = decode(data, dax);
      expect(after.run.slice(0, -1)).toEqual(before.run.slice(0, after.run.length - 1));
    }
  });
});

describe("turns in a block", () => {
  it.each([
    ["0", 3], ["1*1", 3], ["0*254 1*255 0*256 1*4095", 3], ["1*0 0*3", 3],
    ["0*1 1*2 0*1 1*2 0*1 1*2 0*1 1*2", 3],
    ["0*4096", 0x23], ["2*3", 0x23], ["0@a:b#2", 0x23], ["0*1 0*1 0*1 0*1 0*1 0*1 0*1 0*1 0", 0x23],
  ])("%s begins with byte %d", (turns, first) => {
    const c = parseCase(`kernel: latest\nsetup:\n${PRE}schedule: ${turns}`, "turns.case");
    const data = encode(c, dax);
    expect(data[0]).toBe(first);
    expect(decode(data, dax)).toEqual(c);
  });
});

describe("a target", () => {
  it("may have no operations at all", () => {
    const none = machineTarget([]);
    expect(decode(Uint8Array.of(9, 9, 9), none).run).toEqual([]);
  });

  it("says what is wrong with it", () => {
    const target = (op: string) => () =>
      defineTarget({ name: "t", kernels: ["latest"], pages: 8, ops: { [op]: 1 } });
    expect(target("lod")).toThrow(/expected an operation/);
    expect(target("madvise dontned")).toThrow(/"dontned" is no word of madvise/);
    expect(target("mmap rw fpriv|x")).toThrow(/bad word/);
  });

  it("favours few pages and whole ranges", () => {
    const pages = new Map<number, number>();
    for (let i = 0; i < 3000; i++) {
      const data = Uint8Array.of(0, 0, i, i >> 8, 0, 0);
      for (const op of decode(data, dax).run) {
        if (op.row.name === "load") pages.set(op.args[0], (pages.get(op.args[0]) ?? 0) + 1);
      }
    }
    const all = [...pages.values()].reduce((a, b) => a + b);
    expect(pages.size).toBe(16);
    const hot = (pages.get(0) ?? 0) + (pages.get(1) ?? 0) + (pages.get(8) ?? 0);
    expect(hot / all).toBeGreaterThan(0.4);
  });
});

describe("the seeds of the DAX family", () => {
  const folder = join(import.meta.dirname, "../../corpus/seeds");
  const cases = readdirSync(folder).filter((name) => name.startsWith("dax-"))
    .map((name) => parseCase(readFileSync(join(folder, name), "utf8"), name));

  it("mostly become records", () => {
    const records = cases.map((c) => encodeRecords(c, dax));
    expect(records.filter((data) => data !== null).length).toBeGreaterThanOrEqual(9);
  });

  it("name every kernel of the target", () => {
    const kernels = new Set(cases.map((c) => c.config.kernel));
    expect([...kernels].sort()).toEqual(dax.configs.map(({ kernel }) => kernel).sort());
  });
});
