// SPDX-License-Identifier: GPL-2.0-only
// Unmapping: what goes, what stays, and that nothing is left at exit whatever was done before.
import fc from "fast-check";
import { expect, test } from "vitest";
import { run } from "../../testing/machine.ts";

test("MADV_DONTNEED brings back the file and zeroes anonymous memory", () => {
  const outcome = run(
    "tmpfs 0 4\npwrite 0 0 5\nmmap 0 4 rw fpriv 0 0\nmmap 8 4 rw anon\nstore 0 1\nstore 8 2\n" +
      "madvise 0 12 dontneed\nload 0\nload 8\n",
  );
  expect(outcome.results.slice(6).map((r) => r?.v ?? r?.r)).toEqual([-12, [5], [0]]);
});

test("munmap in the middle leaves both ends", () => {
  const outcome = run("mmap 0 8 rw anon\nstore 0 1 8\nmunmap 2 3\nload 1\nload 2\nload 5\n");
  expect(outcome.results.slice(3).map((r) => r?.v?.[0] ?? r?.sig)).toEqual([1, "SEGV_MAPERR", 1]);
});

test("truncation takes private copies away, punching a hole does not", () => {
  const outcome = run(
    "dax 0 8\nmmap 0 8 rw fpriv 0 0\nstore 1 3\nstore 5 4\nfallocate 0 0 8 punch\nload 1\n" +
      "ftruncate 0 4\nload 1\nload 5\n",
  );
  expect(outcome.results.slice(5).map((r) => r?.v?.[0] ?? r?.sig ?? r?.r)).toEqual([
    3, 0, 3, "BUS_ADRERR",
  ]);
});

/** A plain array is the model of truth: which pages are mapped, and what they hold. */
test("random mapping programs agree with an array, and leave nothing behind", () => {
  const page = fc.integer({ min: 0, max: 39 });
  const pages = fc.integer({ min: 1, max: 20 });
  const op = fc.oneof(
    fc.record({ op: fc.constant("mmap" as const), page, pages }),
    fc.record({ op: fc.constant("munmap" as const), page, pages }),
    fc.record({ op: fc.constant("dontneed" as const), page, pages }),
    fc.record({ op: fc.constant("store" as const), page, pages: fc.constant(1) }),
    fc.record({ op: fc.constant("load" as const), page, pages: fc.constant(1) }),
  );
  fc.assert(
    fc.property(fc.array(op, { maxLength: 25 }), (ops) => {
      const model: (number | null)[] = new Array<number | null>(64).fill(null);
      const lines: string[] = [];
      const expected: unknown[] = [];
      ops.forEach(({ op: name, page: p, pages: n }, i) => {
        const range = Array.from({ length: n }, (_, k) => p + k);
        const mapped = range.every((vpn) => model[vpn] !== null);
        if (name === "mmap") lines.push(`mmap ${p} ${n} rw anon`);
        else if (name === "dontneed") lines.push(`madvise ${p} ${n} dontneed`);
        else if (name === "munmap") lines.push(`munmap ${p} ${n}`);
        else lines.push(name === "load" ? `load ${p}` : `store ${p} ${i}`);
        if (name === "load") expected.push(model[p] ?? "SEGV_MAPERR");
        else if (name === "store") expected.push(model[p] === null ? "SEGV_MAPERR" : 0);
        else expected.push(name === "dontneed" && !mapped ? -12 : 0);
        for (const vpn of range) {
          if (name === "mmap") model[vpn] = 0;
          if (name === "munmap") model[vpn] = null;
          if (name === "dontneed" && model[vpn] !== null) model[vpn] = 0;
          if (name === "store" && model[vpn] !== null) model[vpn] = i;
        }
      });
      const outcome = run(lines.join("\n"));
      expect(outcome.results.map((r) => r?.v?.[0] ?? r?.sig ?? r?.r)).toEqual(expected);
      expect(outcome.log).toEqual([]);
    }),
    { numRuns: 150, seed: 20170522 },
  );
});
