// SPDX-License-Identifier: GPL-2.0-only
// The codec target on random bytes, and on texts that are nearly cases.
import { expect, test } from "vitest";
import { Prng } from "../src/lib/prng.ts";
import { fuzz } from "./codec.ts";

test("any bytes keep the laws of the codec", () => {
  const prng = new Prng(1);
  for (let i = 0; i < 300; i++) {
    fuzz(Uint8Array.from({ length: prng.below(120) }, () => prng.below(256)));
  }
});

test("texts with one character changed are cases, or errors with a place", () => {
  const text = "# story: x\nkernel: v4.11\n\nsetup:\n  dax 0 16\nrun:\n  @1 load 0\n" +
    "schedule: 0*3 1\n";
  const prng = new Prng(2);
  for (let i = 0; i < 300; i++) {
    const bytes = new TextEncoder().encode(text);
    bytes[prng.below(bytes.length)] = 32 + prng.below(95);
    expect(() => fuzz(bytes)).not.toThrow();
  }
});
