// SPDX-License-Identifier: GPL-2.0-only
// The ways to search that are compared: libFuzzer with each signal, and two without any guidance.
import type { Signals } from "../../src/sched/feedback.ts";

export interface Method {
  name: string;
  /** For the table. */
  what: string;
  /** What libFuzzer is told; null: bytes are drawn at random and libFuzzer is not used. */
  signals: Signals | null;
  libFuzzerArgs?: string[];
}

const OFF: Signals = { branches: false, sites: false, pairs: false };
const ALL: Signals = { branches: true, sites: true, pairs: true };

export const methods: readonly Method[] = [
  { name: "guided", what: "libFuzzer, all feedback", signals: ALL },
  { name: "branches", what: "libFuzzer, branches only", signals: { ...OFF, branches: true } },
  { name: "sites", what: "libFuzzer, sites only", signals: { ...OFF, sites: true } },
  { name: "pairs", what: "libFuzzer, pairs only", signals: { ...OFF, pairs: true } },
  { name: "blind", what: "libFuzzer, no feedback", signals: OFF },
  { name: "random", what: "random walk", signals: null },
  { name: "pct", what: "PCT", signals: null },
  // Not in the default comparison.
  {
    name: "guided-entropic", what: "libFuzzer, all feedback, -entropic=1", signals: ALL,
    libFuzzerArgs: ["-entropic=1"],
  },
];

export const DEFAULT_METHODS = methods.map(({ name }) => name).slice(0, 7);

export function methodByName(name: string): Method {
  const method = methods.find((one) => one.name === name);
  if (method !== undefined) return method;
  const known = methods.map((one) => one.name).join(" ");
  throw new Error(`there is no method "${name}"; there are: ${known}`);
}
