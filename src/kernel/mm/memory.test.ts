// SPDX-License-Identifier: GPL-2.0-only
// The fault paths step by step: every access to shared state, in order, as the sheets give it.
import { describe, expect, test } from "vitest";
import { accessLog, run } from "../../testing/machine.ts";

const TABLES = "mmap 64 1 rw anon\n  store 64 1\n";

describe("anonymous faults", () => {
  test("a first store: page, table lock, recheck, counters, then the entry", () => {
    const outcome = run(`setup:\n  ${TABLES}  mmap 65 1 rw anon\nrun:\n  store 65 7\n`);
    expect(accessLog(outcome, 0)).toMatchInlineSnapshot(`
      [
        "write page 65",
        "acquire mmap_lock (read)",
        "read VMAs of mm 0",
        "read pud[0]",
        "read pud[1]",
        "read pmd[8]",
        "read pmd[8]",
        "read pmd[8]",
        "read pmd[8]",
        "read pmd[8]",
        "read pte[65]",
        "read pmd[8]",
        "read pmd[8]",
        "write page allocator",
        "read pmd[8]",
        "read pmd[8]",
        "acquire ptl of table 5",
        "read pte[65]",
        "write MM_ANONPAGES of mm 0",
        "write page 7",
        "write pte[65]",
        "  pte[65]: none -> page 7 rw",
        "release ptl of table 5",
        "release mmap_lock (read)",
        "write page 65",
      ]
    `);
  });

  test("a read maps the zero page without counting it; the store after it copies", () => {
    const outcome = run("mmap 0 1 rw anon\nload 0\nstore 0 3\nload 0\n");
    expect(outcome.results.map((r) => r?.v ?? r?.r)).toEqual([0, [0], 0, [3]]);
    expect(outcome.log).toEqual([]);
  });
});

describe("a private write to a DAX file", () => {
  test("locks the entry, re-checks the pmd, makes the table, then the page", () => {
    const setup = `setup:\n  ${TABLES}  dax 0 8\n  mmap 8 8 rw fpriv 0 0\n`;
    const outcome = run(`kernel: v4.12\n${setup}run:\n  store 8 7\n`);
    expect(accessLog(outcome, 0)).toMatchInlineSnapshot(`
      [
        "write page 8",
        "acquire mmap_lock (read)",
        "read VMAs of mm 0",
        "read pud[0]",
        "read pud[0]",
        "write page allocator",
        "acquire page_table_lock of mm 0",
        "read pud[0]",
        "write pud[0]",
        "read pud[0]",
        "release page_table_lock of mm 0",
        "read pmd[1]",
        "acquire fs mmap lock (read)",
        "read pmd[1]",
        "release fs mmap lock (read)",
        "read pmd[1]",
        "write page allocator",
        "acquire fs mmap lock (read)",
        "acquire tree_lock of file 1",
        "read DAX entry 0",
        "release tree_lock of file 1",
        "acquire tree_lock of file 1",
        "read DAX entry 0",
        "write DAX entry 0",
        "  DAX entry 0: none -> page 0 EMPTY",
        "acquire DAX entry 0",
        "release tree_lock of file 1",
        "read pmd[1]",
        "read extents of file 1",
        "read pmd[1]",
        "write page allocator",
        "acquire ptl of table 7",
        "read pmd[1]",
        "write pmd[1]",
        "  pmd[1]: none -> table 9",
        "release ptl of table 7",
        "read pmd[1]",
        "read pmd[1]",
        "read pmd[1]",
        "read pmd[1]",
        "acquire ptl of table 9",
        "read pte[8]",
        "write MM_ANONPAGES of mm 0",
        "write page 8",
        "write pte[8]",
        "  pte[8]: none -> page 8 rw",
        "release ptl of table 9",
        "acquire tree_lock of file 1",
        "release DAX entry 0",
        "release tree_lock of file 1",
        "release fs mmap lock (read)",
        "release mmap_lock (read)",
        "write page 8",
      ]
    `);
  });

  test("leaves the file alone and is seen by its own mm only", () => {
    const outcome = run(
      "dax 0 8\npwrite 0 0 5\nmmap 0 8 rw fpriv 0 0\nmmap 8 8 r fshared 0 0\n" +
        "store 0 7\nload 0\nload 8\npread 0 0\n",
    );
    expect(outcome.results.slice(5).map((r) => r?.v)).toEqual([[7], [5], [5]]);
  });
});

describe("shared mappings of a DAX file", () => {
  test.each(["v4.11", "v4.13", "v4.14", "latest"])(
    "%s: a hole that was read and then written becomes a block of the file",
    (kernel) => {
      const outcome = run(
        `kernel: ${kernel}\ndax 0 4\nmmap 0 4 rw fshared 0 0\nload 0\nstore 0 9\n` +
          "load 0\npread 0 0\n",
      );
      expect(outcome.results.slice(2).map((r) => r?.v ?? r?.r)).toEqual([[0], 0, [9], [9]]);
      expect(outcome.log).toEqual([]);
    },
  );

  test("fsync write-protects, and the next store dirties the huge page again", () => {
    const outcome = run(
      "dax 0 8\nmmap 0 8 rw fshared 0 0\nstore 0 1\nfsync 0\nstore 0 2\nload 0\n",
    );
    expect(outcome.results.at(-1)?.v).toEqual([2]);
    expect(outcome.log).toEqual([]);
  });
});

test("accesses that cannot be served give the signals of Linux", () => {
  const outcome = run(
    "load 0\nmmap 0 1 r anon\nstore 0 1\ntmpfs 0 1\nmmap 8 4 rw fshared 0 0\nload 10\n",
  );
  const signals = outcome.results.map((r) => r?.sig);
  expect(signals).toEqual([
    "SEGV_MAPERR", undefined, "SEGV_ACCERR", undefined, undefined, "BUS_ADRERR",
  ]);
});

test("memory that runs out kills the access and leaks nothing", () => {
  const outcome = run("frames: 8\nmmap 0 8 rw anon\nstore 0 1 8\n");
  expect(outcome.results[1]?.sig).toBe("SIGKILL");
  expect(outcome.log).toEqual([]);
});

test("a shared store without a block to go to gets SIGBUS, not a hole to write to", () => {
  for (const kernel of ["v4.12", "latest"]) {
    const outcome = run(
      `kernel: ${kernel}\nframes: 14\ndax 0 8\nmmap 0 8 rw fshared 0 0\nstore 0 1\nload 1\n`,
    );
    expect(outcome.results[2]?.sig).toBe("BUS_ADRERR");
    expect(outcome.results[3]?.v).toEqual([0]);
    expect(outcome.log).toEqual([]);
  }
});

test("tmpfs pages are shared by all mappings and survive them", () => {
  const outcome = run(
    "tmpfs 0 4\nmmap 0 4 rw fshared 0 0\nmmap 8 4 rw fpriv 0 0\nstore 1 6\nload 9\nstore 9 7\n" +
      "load 1\nmunmap 0 4\npread 0 1\n",
  );
  expect(outcome.results.map((r) => r?.v).filter((v) => v !== undefined)).toEqual([[6], [6], [6]]);
  expect(outcome.log).toEqual([]);
});
