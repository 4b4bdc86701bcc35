// SPDX-License-Identifier: GPL-2.0-only
// The text of cases as people write it: what is read, how it prints, and what errors say.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UserError } from "../lib/assert.ts";
import { parseCase, parseOp, printCase, printOp, usage } from "./text.ts";
import { opRows } from "./ops/index.ts";
import { validateCase } from "./validate.ts";

const EXAMPLE = `# story: two tasks race
#   1. task 1 reads
kernel: v4.11
revert: dax-recheck-pmd, other-fix
geometry: x86-64
locks: pte-only
frames: 64
expect: Oops: 0000 [#1] SMP

setup:
  tmpfs 0 16
  mmap 0 8 rw fshared 0 0
run:
  @0 store 1 7
  @1 load 0
teardown:
  @1 obs
schedule: 0*14 1*30 0@do_fault:__do_fault#2 0
`;

function complaint(text: string): string {
  try {
    parseCase(text, "x.case");
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  return "none";
}

describe("a case file", () => {
  it("prints as it was written", () => {
    const c = parseCase(EXAMPLE, "x.case");
    validateCase(c);
    expect(printCase(c)).toBe(EXAMPLE);
    expect(c.story).toEqual(["story: two tasks race", "  1. task 1 reads"]);
    expect(c.expect).toBe("Oops: 0000 [#1] SMP");
    expect([c.setup.length, c.run.length, c.teardown.length]).toEqual([2, 2, 1]);
  });

  it("without a part heading is all setup", () => {
    const c = parseCase("mmap 0 8 rw anon # here\n\n  # not kept\nload 0\r\n", "x.case");
    expect(c.setup.map(printOp)).toEqual(["mmap 0 8 rw anon", "load 0"]);
    expect(printCase(c)).toBe("kernel: latest\n\nmmap 0 8 rw anon\nload 0\n");
  });

  it("may have the schedule in front, and the fuzzer's own", () => {
    const hex = "000102030405060708090a0b0c0d0e0f";
    const c = parseCase(`schedule: bytes sites ${hex}\nload 0\n`, "x.case");
    expect(c.schedule).toEqual({
      type: "bytes", mode: "sites", block: Uint8Array.from({ length: 16 }, (_, i) => i),
    });
    expect(printCase(c)).toContain(`schedule: bytes sites ${hex}\n`);
    expect(parseCase("schedule: s1 1*3", "x.case").schedule)
      .toEqual({ type: "turns", turns: [{ task: 1, steps: 3 }] });
  });
});

describe("an operation", () => {
  it.each([
    ["store 1 7 1", "store 1 7"],
    ["@0 load 3", "load 3"],
    ["@01 load 3 4", "@1 load 3 4"],
    ["mmap 0 8 rw fpriv 0 0", "mmap 0 8 rw fpriv 0 0"],
    ["mmap 0 8 rwx anon locked populate", "mmap 0 8 rwx anon populate locked"],
    ["mmap 0 8 r fshared 2 8 noreplace", "mmap 0 8 r fshared 2 8 noreplace"],
    ["mremap 0 8 9 -1", "mremap 0 8 9 -1"],
    ["fallocate 0 8 1", "fallocate 0 8 1"],
    ["ureg 0 0 4 mw", "ureg 0 mw 0 4"],
    ["ureg 0 wn 0 4", "ureg 0 wn 0 4"],
    ["dio 0 w", "dio w 0"],
    ["dio r 3 9", "dio r 3 9"],
    ["uwp 0 0 1 1", "uwp 0 0 1 1"],
    ["ksmscan", "ksmscan"],
    ["reclaim 0 8", "reclaim 0 8"],
  ])("%s is %s", (text, printed) => expect(printOp(parseOp(text))).toBe(printed));

  it("has a usage line", () => {
    const line = (name: string) => usage(opRows.find((row) => row.name === name)!);
    expect(line("mmap")).toBe("mmap P N PROT anon|sanon|fpriv|fshared [FD OFF] " +
      "[populate|locked|noreserve|noreplace]");
    expect(line("store")).toBe("store P v [N]");
    expect(line("smaps")).toBe("smaps [P N]");
  });
});

describe("an error names the place and what was expected", () => {
  it.each([
    ["stroe 1 2", `1:1: expected an operation, got "stroe"`],
    ["\n  @1 store 1", "2:13: expected v, a byte 0..255, got the end of the line"],
    ["store 1 256", `1:9: expected v, a byte 0..255, got "256"`],
    ["load 1 2 3", `1:10: expected the end of the line, got "3"`],
    ["load x", `1:6: expected P, a page 0..1048575, got "x"`],
    ["load 0 x", `1:8: expected the end of the line, got "x"`],
    ["mmap 0 8 wr anon", `1:10: expected PROT, none|r|w|rw|x|rx|wx|rwx, got "wr"`],
    ["mmap 0 8 rw fpriv 0", "1:20: expected OFF, a page 0..1048575, got the end of the line"],
    ["mmap 0 8 rw anon locked locked", `1:25: expected locked only once, got "locked"`],
    ["@16 load 0", `1:1: expected @TASK with a task 0..15, got "@16"`],
    ["kernal: v4.11", "1:1: expected a header or a part (kernel, revert, apply, geometry, locks, " +
      `frames, expect, schedule, setup, run, teardown), got "kernal"`],
    ["kernel: v4.11\nkernel: v4.12", `2:1: expected kernel: only once, got "kernel:" again`],
    ["kernel: v4.11 x", `1:15: expected the end of the line, got "x"`],
    ["load 0\nkernel: v4.11", `2:1: expected headers before the operations, got "kernel:"`],
    ["revert: a b", `1:11: expected a comma between names, got "b"`],
    ["revert: a,", "1:11: expected the name of a patch, got the end of the line"],
    ["geometry: tiny", `1:11: expected small|x86-64, got "tiny"`],
    ["frames: -1", `1:9: expected a number of frames 0..16777215, got "-1"`],
    ["schedule: bytes sites 00", `1:23: expected 32 hexadecimal digits, got "00"`],
    ["run:\nsetup:", "2:1: expected the parts setup:, run:, teardown: once each and in this " +
      `order, got "setup:"`],
    ["load 0\nsetup:", `2:1: expected setup: before all operations, got "setup:"`],
    ["run: load 0", `1:6: expected the end of the line, got "load"`],
  ])("%j", (text, message) => expect(complaint(text)).toBe(`x.case:${message}`));

  it("also in a schedule", () => {
    expect(complaint("schedule: 0*1 x")).toMatch(/^x\.case:1:15: expected a turn .*got "x"$/);
    expect(complaint("schedule: s9 0*1")).toMatch(/^x\.case:1:11: .*version s9/);
  });
});

describe("the seed corpus", () => {
  const folder = join(import.meta.dirname, "../../corpus/seeds");
  const names = readdirSync(folder).filter((name) => name.endsWith(".case"));

  it.each(names)("%s is a case with a story", (name) => {
    const c = parseCase(readFileSync(join(folder, name), "utf8"), name);
    validateCase(c);
    expect(c.story.join(" ")).toMatch(/^story: /);
    expect(parseCase(printCase(c), name)).toEqual(c);
  });

  it("uses every operation that is modelled", () => {
    const used = new Set(names.flatMap((name) => {
      const c = parseCase(readFileSync(join(folder, name), "utf8"), name);
      return [...c.setup, ...c.run, ...c.teardown].map((op) => op.row.name);
    }));
    const modelled = opRows.filter((row) => row.run !== null).map((row) => row.name);
    expect(modelled.filter((name) => !used.has(name))).toEqual([]);
  });
});
