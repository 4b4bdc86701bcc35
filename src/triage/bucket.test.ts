// SPDX-License-Identifier: GPL-2.0-only
// Buckets: one bug is one bucket, two bugs with one title are two.
import { expect, test } from "vitest";
import { bucketId, bucketName, signatureOf } from "./bucket.ts";
import type { Signature } from "./bucket.ts";
import { toyCase, toyExecute } from "./toy.ts";

function signature(concurrent: string[], schedule: string, title?: string): Signature {
  const { kind, trace, title: found } = toyExecute(toyCase([], concurrent, schedule), {
    trace: true,
  });
  return signatureOf(title ?? found!, kind, trace!);
}

test("names the title, the object and both functions, and hashes the identity", () => {
  const name = bucketName(signature(["@0 cow", "@1 huge"], "1*1 0"));
  expect(name).toBe(
    "non-zero-nr_ptes-on-freeing-mm--pmd--__pte_alloc--insert_pfn_pmd-" +
      "2aec31b3",
  );
  expect(bucketId(name)).toMatch(/^[0-9a-f]{8}$/);
});

test("one race under two titles is one bug", () => {
  const rss = "BUG: Bad rss-counter state mm:ffff8800a817d280 idx:1 val:1";
  const a = signature(["@0 cow", "@1 huge"], "1*1 0");
  const b = signature(["@0 cow", "@1 huge"], "1*1 0", rss);
  expect(bucketName(a)).not.toBe(bucketName(b));
  expect(bucketId(bucketName(a))).toBe(bucketId(bucketName(b)));
});

test("two races with one title are two bugs", () => {
  const title = "BUG: non-zero nr_ptes on freeing mm: 1";
  const a = signature(["@0 cow", "@1 huge"], "1*1 0", title);
  const b = signature(["@0 add 2", "@1 add 2"], "0*1 1", title);
  expect(bucketId(bucketName(a))).not.toBe(bucketId(bucketName(b)));
});

test("addresses and counts make no difference", () => {
  const at = (mm: string, n: number): string =>
    signature([], "", `BUG: Bad rss-counter state mm:${mm} idx:1 val:${n}`).identity;
  expect(at("ffff8800a817d280", 1)).toBe(at("(ptrval)", 17));
});

test("a hang is known by its title and by where tasks wait", () => {
  const { title, identity } = signature(["@0 abba 0", "@1 abba 1"], "0*1 1 0");
  expect(title).toBe("hang: deadlock on toylock -> toylock");
  expect(identity).toBe("hang: deadlock on toylock -> toylock|abba_0,abba_1");
});

test("what is no bucket has no identity", () => {
  for (const name of ["README.md", ".tmp-12-a-1a2b3c4d", "x"]) expect(bucketId(name)).toBeNull();
});
