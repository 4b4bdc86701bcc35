// SPDX-License-Identifier: GPL-2.0-only
// The leaves: randomness and hashes are formats, so their values are pinned.
import fc from "fast-check";
import { expect, test } from "vitest";
import { assert, InternalError, UserError } from "./assert.ts";
import { hashText, hex8, mix, spread } from "./hash.ts";
import { Prng } from "./prng.ts";

test("random numbers never change: stored seeds depend on them", () => {
  const draw = (seed: number): number[] => {
    const prng = new Prng(seed);
    return [prng.next(), prng.below(100), prng.below(7)];
  };
  expect([draw(0), draw(1), draw(-1)]).toMatchInlineSnapshot(`
    [
      [
        1846550010,
        3,
        5,
      ],
      [
        3420425268,
        19,
        2,
      ],
      [
        3693555553,
        27,
        2,
      ],
    ]
  `);
  expect(draw(2 ** 32 + 1)).toEqual(draw(1));
});

test.each([0, 1, 9, -7])("below() is uniform enough from seed %i", (seed) => {
  const prng = new Prng(seed);
  const count = new Array<number>(10).fill(0);
  for (let i = 0; i < 10_000; i++) count[prng.below(10)]!++;
  // Standard deviation 30; five of them.
  for (const n of count) expect(Math.abs(n - 1000)).toBeLessThan(150);
});

test("neighbouring seeds begin differently", () => {
  const firsts = Array.from({ length: 1000 }, (_, seed) => new Prng(seed).below(1 << 20));
  // 1000 balls into 2^20 boxes: half a collision is expected, 6 are a chance of 1e-5.
  expect(new Set(firsts).size).toBeGreaterThan(994);
});

test("hashes never change: site keys and buckets depend on them", () => {
  expect([hashText(""), hashText("a"), hashText("fault:pmdp_get")].map(hex8)).toEqual([
    "811c9dc5", "e40c292c", "ae0e52d3",
  ]);
  expect([spread(0), spread(1), hex8(mix(0x811c9dc5, 7))]).toMatchInlineSnapshot(`
    [
      0,
      1364076727,
      "020d5a5f",
    ]
  `);
});

test("spread() loses nothing: equal results have equal words", () => {
  const seen = new Set<number>();
  for (let i = 0; i < 50_000; i++) seen.add(spread(i * 0x10001));
  expect(seen.size).toBe(50_000);
  fc.assert(fc.property(fc.integer(), (n) => /^[0-9a-f]{8}$/.test(hex8(spread(n)))), { seed: 42 });
});

test("our own faults can be told from the user's", () => {
  expect(() => assert(false, "two is odd")).toThrow(new InternalError("two is odd"));
  expect(new InternalError("x").message).toBe("[faultline] x");
  expect(new UserError("no such file").message).toBe("no such file");
  expect(() => assert(true, "")).not.toThrow();
});
