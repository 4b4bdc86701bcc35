// SPDX-License-Identifier: GPL-2.0-only
// Turns that end at call sites: they survive a change of the number of points.
import { describe, expect, test } from "vitest";
import type { Preemptible } from "../point.ts";
import { current } from "../point.ts";
import { parseSchedule } from "../schedule.ts";
import { at, left, registerSites, siteName } from "../site.ts";
import { readCell, runWorld, sleepOn, wakeSleepers } from "../testing.ts";
import { BLOCK_SIZE, fromBytes } from "./bytes.ts";
import { Replay } from "./replay.ts";
import type { Strategy } from "./strategy.ts";

const READ = 0x1101;
const TAKE = 0x2202;
/** Shares its low byte with READ: being looked at must not mean being taken for it. */
const TWIN = 0x3301;
registerSites([
  [READ, "fault", "read", "x.ts", 1], [TAKE, "fault", "take", "x.ts", 2],
  [TWIN, "other", "read", "x.ts", 3],
]);

/** `extra` points at a site that no schedule names, then two visits of fault:read, then a take. */
function* fault(extra: number, trail: string[]): Preemptible<void> {
  const visit = function* (key: number): Preemptible<void> {
    left(key, yield* at(key, readCell(0)));
    trail.push(`${current()}${siteName(key).split(":")[1]![0]}`);
  };
  for (let i = 0; i < extra; i++) yield* visit(TWIN);
  yield* visit(READ);
  yield* visit(READ);
  yield* visit(TAKE);
}

function trailOf(strategy: Strategy, extra = 0): string {
  const trail: string[] = [];
  runWorld(() => ({ tasks: [fault(extra, trail), fault(0, trail)] }), strategy);
  return trail.join(" ");
}

const follow = (text: string): Strategy => new Replay(parseSchedule(text));

describe("TASK@FN:CALLEE#VISIT", () => {
  test("ends in front of the access at the site", () => {
    expect(trailOf(follow("0@fault:take 1"))).toBe("0r 0r 1r 1r 1t 0t");
    expect(trailOf(follow("0@fault:read 1"))).toBe("1r 1r 1t 0r 0r 0t");
    expect(trailOf(follow("0@fault:read#2 1*1 0"))).toBe("0r 1r 0r 0t 1r 1t");
  });

  test("means the same place when points were added in front, even with the same low byte", () => {
    expect(trailOf(follow("0@fault:read#2 1"), 3)).toBe("0r 0r 0r 0r 1r 1r 1t 0r 0t");
    // Counting points does not.
    expect(trailOf(follow("0*1 1"), 3)).toBe("0r 1r 1r 1t 0r 0r 0r 0r 0t");
  });

  test("a site that is never reached: the turn lasts until the task ends", () => {
    expect(trailOf(follow("1@fault:read#3 0*1 1"))).toBe("1r 1r 1t 0r 0r 0t");
    expect(trailOf(follow("1@no:such 0*1"))).toBe("1r 1r 1t 0r 0r 0t");
  });

  test("two such turns in a row, from where the task stands", () => {
    expect(trailOf(follow("0@fault:read 1@fault:take 0@fault:take 1"))).toBe(
      "1r 1r 0r 0r 1t 0t",
    );
  });

  test("a turn ends when its task blocks; the next one begins", () => {
    const trail: string[] = [];
    const sleeper = function* (): Preemptible<void> {
      yield* sleepOn(0);
      trail.push("awake");
      yield* fault(0, trail);
    };
    const waker = function* (): Preemptible<void> {
      yield* readCell(0);
      wakeSleepers(0);
      yield* fault(0, trail);
    };
    runWorld(() => ({ tasks: [sleeper(), waker()] }), follow("0@fault:take 1*2 0@fault:take 1"));
    expect(trail.join(" ")).toBe("1r awake 0r 0r 1r 1t 0t");
  });
});

describe("bytes", () => {
  const block = (...bytes: number[]): Uint8Array =>
    Uint8Array.from({ length: BLOCK_SIZE }, (_, i) => bytes[i] ?? 0);

  test("counts: one point more than the byte says, then another task", () => {
    expect(trailOf(fromBytes("counts", block(1, 0, 0, 0, 95)))).toBe("0r 0r 1r 0t 1r 1t");
  });

  test("sites: in front of the N-th visit of a site with that low byte, once", () => {
    // Low byte of READ, visit 1 + 1; nothing else has low byte 0.
    expect(trailOf(fromBytes("sites", block(0x01, 1)))).toBe("0r 1r 1r 1t 0r 0t");
  });

  test("pct: equal blocks are equal schedules, every byte counts", () => {
    const base = block(1, 0, 3);
    const twin = trailOf(fromBytes("pct", base), 20);
    expect(trailOf(fromBytes("pct", base.slice()), 20)).toBe(twin);
    const others = new Set<string>();
    for (let i = 2; i < BLOCK_SIZE; i++) {
      const changed = base.slice();
      changed[i]! ^= 0x55;
      others.add(trailOf(fromBytes("pct", changed), 20));
    }
    expect(others.size).toBeGreaterThan(4);
  });

  test("an exhausted block preempts nobody any more", () => {
    const { preemptions } = runWorld(
      () => ({ tasks: [fault(200, []), fault(200, [])] }), fromBytes("counts", block()),
    );
    expect(preemptions).toBe(8);
  });
});
