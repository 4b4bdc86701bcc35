// SPDX-License-Identifier: GPL-2.0-only
// Bisection on the toy kernel, whose one fix is dax-recheck-pmd.
import { expect, test } from "vitest";
import { UserError } from "../lib/assert.ts";
import type { Execute } from "../outcome.ts";
import { bisect } from "./bisect.ts";
import { toyCase, toyExecute } from "./toy.ts";

const found = toyCase([], ["@0 cow", "@1 huge"], "1*1");

test("names the patch that alone makes it vanish", () => {
  const patches = [
    { id: "mm-something-else", label: "no" },
    { id: "dax-recheck-pmd", label: "dax.collisionFix=final" },
  ];
  expect(bisect(found, toyExecute, { versions: ["v4.11"], patches })).toEqual({
    fixedBy: ["dax.collisionFix=final"],
    showsOn: ["v4.11"],
  });
});

test("a patch that only adds points is no fix: switches are moved", () => {
  const padded: Execute = (c, options) => {
    if (!c.config.apply.includes("padding") || c.schedule.type !== "turns") {
      return toyExecute(c, options);
    }
    // The run is as if every turn had one point more before the interesting ones.
    const turns = c.schedule.turns.map((turn) => ({ ...turn, steps: turn.steps - 1 }));
    return toyExecute({ ...c, schedule: { type: "turns", turns } }, options);
  };
  const patches = [{ id: "padding", label: "padding" }];
  expect(bisect(found, padded, { versions: [], patches }).fixedBy).toEqual([]);
});

test("kernels that do not exist neither show it nor fix it", () => {
  const picky: Execute = (c, options) => {
    if (c.config.apply.length > 0) throw new UserError("no such patch");
    return toyExecute(c, options);
  };
  const patches = [{ id: "competing", label: "competing" }];
  expect(bisect(found, picky, { versions: [], patches }).fixedBy).toEqual([]);
});

test("what shows no finding has nothing to bisect", () => {
  const clean = toyCase([], ["@0 cow"], "");
  expect(bisect(clean, toyExecute, { versions: ["v4.11"], patches: [] })).toEqual({
    fixedBy: [], showsOn: [],
  });
});
