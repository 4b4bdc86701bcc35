// SPDX-License-Identifier: GPL-2.0-only
// How the tests run: the sources as they are, with kernel-land instrumented as in the build.
import { dirname } from "node:path";
import { defineConfig } from "vitest/config";
import { faultlineInstrument } from "./instrument.ts";

const root = dirname(import.meta.dirname);

export default defineConfig({
  root,
  plugins: [faultlineInstrument({ root })],
  test: {
    include: ["{src,fuzz,scripts}/**/*.test.ts"],
    // Threads start faster than forks, and no test needs a process of its own.
    pool: "threads",
    maxWorkers: 2,
    testTimeout: 30_000,
  },
});
