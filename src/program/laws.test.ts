// SPDX-License-Identifier: GPL-2.0-only
// The codec's laws over the whole registry, and over random cases and bytes.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode, encode, expand } from "./bytes.ts";
import type { Draw } from "./generate.ts";
import { randomCase, randomOp } from "./generate.ts";
import { bytesAreTotal, caseBytes, caseText, opSimplifies, opText, rowIsSound } from "./laws.ts";
import { opByName, opRows } from "./ops/index.ts";
import { dax, machineTarget } from "./targets.ts";

const everything = machineTarget(opRows);
const targets = [dax, everything];

/** fast-check's draws, so that a failing case shrinks. */
function check(runs: number, law: (draw: Draw) => void): void {
  const draws = fc.gen().map((g): Draw => (bound) => g(fc.nat, { max: bound - 1 }));
  fc.assert(fc.property(draws, law), { numRuns: runs });
}

describe("every operation", () => {
  it("has a name of its own", () => expect(opByName.size).toBe(opRows.length));

  it.each(opRows.map((row) => [row.name, row] as const))("%s", (_, row) => {
    rowIsSound(row);
    check(25, (draw) => {
      const op = randomOp(draw, [row], 16);
      opText(op);
      opSimplifies(op);
    });
  });
});

describe("every case", () => {
  it("is its text", () => check(200, (draw) => caseText(randomCase(draw))));

  it.each(targets.map((t) => [t.name, t] as const))("is its bytes, %s", (_, target) => {
    check(100, (draw) => caseBytes(randomCase(draw), target));
  });
});

describe.each(targets.map((t) => [t.name, t] as const))("bytes of %s", (_, target) => {
  const bytes = fc.uint8Array({ maxLength: target.size + 4, size: "max" });

  it("are a case, whatever they are", () => {
    fc.assert(fc.property(bytes, (data) => bytesAreTotal(data, target)), { numRuns: 200 });
  });

  it("past the end are ignored", () => {
    const whole = fc.uint8Array({ minLength: target.size, maxLength: target.size });
    fc.assert(fc.property(whole, bytes, (data, more) => {
      expect(decode(Uint8Array.from([...data, ...more]), target)).toEqual(decode(data, target));
    }), { numRuns: 50 });
  });

  it("that are missing depend on the pad seed and their place only", () => {
    const cut = fc.nat(target.size - 6).map((n) => n + 6);
    fc.assert(fc.property(bytes, bytes, cut, (data, other, at) => {
      const whole = expand(data, target);
      expect(decode(whole, target)).toEqual(decode(data[0] === 0x23 ? whole : data, target));
      // Same seed, anything else before the cut: the same padding after it.
      const changed = expand(other, target).slice(0, at);
      changed.set(whole.subarray(2, 6), 2);
      const padding = expand(whole.slice(0, at), target).slice(at);
      expect(expand(changed, target).slice(at)).toEqual(padding);
      expect(expand(whole.slice(0, 6), target).slice(at)).toEqual(padding);
    }), { numRuns: 100 });
  });

  it("of a mutated text are still a case", () => {
    const place = fc.record({ at: fc.nat(), byte: fc.nat(255) });
    const draws = fc.gen().map((g): Draw => (bound) => g(fc.nat, { max: bound - 1 }));
    fc.assert(fc.property(draws, fc.array(place, { maxLength: 3 }), (draw, edits) => {
      const c = { ...randomCase(draw), expect: "clean" };
      const data = encode(c, target);
      for (const { at, byte } of edits) data[at % data.length] = byte;
      bytesAreTotal(data, target);
    }), { numRuns: 80 });
  });
});
