// SPDX-License-Identifier: GPL-2.0-only
// Runs a chore of this folder: bundles scripts/NAME.ts into node_modules/.cache, then calls it.
// Plain JavaScript, so that it works right after `npm ci`, when nothing has been built.
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const root = dirname(import.meta.dirname);
const cache = join(root, "node_modules/.cache/faultline/scripts");

/** @param {string} message */
function fail(message) {
  console.error(`run: ${message}`);
  process.exit(1);
}

/**
 * Two runs may build the same file at the same moment: each writes its own, the rename decides.
 * @param {string} name
 * @param {string | Uint8Array} text
 */
function publish(name, text) {
  const temporary = join(cache, `${name}.${process.pid}`);
  writeFileSync(temporary, text);
  renameSync(temporary, join(cache, name));
}

/**
 * Always builds: that takes 10 to 40 ms, so a staleness check would not earn its code.
 * @param {string} name
 */
async function bundle(name) {
  const { rolldown } = await import("rolldown");
  const bundler = await rolldown({
    cwd: root,
    input: { [name]: join(root, `scripts/${name}.ts`) },
    platform: "node",
    external: /^(node:|[@a-z])/,
    transform: { target: "node20" },
    logLevel: "warn",
  });
  try {
    const { output } = await bundler.generate({
      dir: cache,
      format: "esm",
      sourcemap: true,
      codeSplitting: false,
      entryFileNames: "[name].mjs",
    });
    mkdirSync(cache, { recursive: true });
    for (const file of output) {
      publish(file.fileName, file.type === "chunk" ? file.code : file.source);
    }
  } finally {
    await bundler.close();
  }
}

const [name = "", ...args] = process.argv.slice(2);
if (name === "" || basename(name) !== name || !existsSync(join(root, `scripts/${name}.ts`))) {
  fail(`there is no chore "${name}"; usage: node scripts/run.mjs NAME [arguments]`);
}
try {
  await bundle(name);
} catch (error) {
  if (error?.code === "ERR_MODULE_NOT_FOUND") fail("rolldown is not installed: run npm ci");
  fail(`scripts/${name}.ts does not build: ${error instanceof Error ? error.message : error}`);
}
const program = join(cache, `${name}.mjs`);
process.setSourceMapsEnabled(true);
process.argv.splice(1, process.argv.length, program, ...args);
const { main } = await import(pathToFileURL(program).href);
// A chore is also a library; it starts here only, by its `main`.
if (typeof main === "function") process.exitCode = await main(args);
