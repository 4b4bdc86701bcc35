// SPDX-License-Identifier: GPL-2.0-only
// Makes sure that Jazzer.js's native addon loads here, and repairs it when only versions are amiss.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { thisHost } from "./host.ts";
import type { Host } from "./host.ts";
import { compareVersions, repair } from "./repair.ts";
import type { Edits } from "./repair.ts";

export interface Prepared {
  file: string;
  /** What a repair changed; undefined when the addon loaded as it was. */
  repaired?: Edits & { sha256: string };
}

/** Everything else that the addon imports is in glibc 2.34 and in GCC 12's libstdc++. */
const OLDEST_GLIBC = "2.34";
const VERSION_NOT_FOUND = /version .*(GLIBC|GLIBCXX)_[0-9.]+.* not found/;

/** By resolution, because npm is free to nest the package below @jazzer.js/core. */
function prebuildsFolder(): string {
  try {
    const core = createRequire(import.meta.url).resolve("@jazzer.js/core");
    const manifest = createRequire(core).resolve("@jazzer.js/fuzzer/package.json");
    return join(dirname(manifest), "prebuilds");
  } catch {
    throw new Error("Jazzer.js is not installed: run npm ci");
  }
}

function addonIn(folder: string, { platform, arch }: Host): string {
  const name = `fuzzer-${platform}-${arch}.node`;
  const shipped = readdirSync(folder).filter((file) => /^fuzzer-.*\.node$/.test(file)).sort();
  if (!shipped.includes(name)) {
    const list = shipped.join(", ");
    throw new Error(`no Jazzer.js binary for ${platform}-${arch}; supported: ${list}`);
  }
  return join(folder, name);
}

/** The running glibc, once it is clear that the trouble is one that a repair can cure. */
function repairableGlibc(host: Host, complaint: string): string {
  const shown = `the Jazzer.js binary does not load: ${complaint}`;
  if (host.platform !== "linux") throw new Error(shown);
  const glibc = host.glibc();
  if (glibc === undefined) throw new Error("Alpine/musl is not supported, use a glibc image");
  if (compareVersions(glibc, OLDEST_GLIBC) < 0) {
    throw new Error(`glibc ${glibc} is too old (${OLDEST_GLIBC} needed)`);
  }
  if (!VERSION_NOT_FOUND.test(complaint)) throw new Error(shown);
  return glibc;
}

/** Two commands may repair at the same moment: each tests its own file, the renames agree. */
function replace(file: string, original: Buffer, repaired: Buffer, host: Host): void {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, repaired, { mode: statSync(file).mode });
    const complaint = host.probe(temporary);
    if (complaint !== undefined) {
      throw new Error(`the repaired Jazzer.js binary does not load either: ${complaint}`);
    }
    writeFileSync(`${file}.orig`, original);
    renameSync(temporary, file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new Error(`cannot repair ${file}: no write access to its folder (${code})`);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/**
 * The first thing in every command that starts Jazzer, and npm's postinstall step. Throws one clear
 * sentence when the addon cannot work here.
 */
export function prepareFuzzer(
  host: Host = thisHost(), folder: string = prebuildsFolder(),
): Prepared {
  const file = addonIn(folder, host);
  // Read before the probe: what another command repairs in between is not taken for the original.
  const original = readFileSync(file);
  const complaint = host.probe(file);
  if (complaint === undefined) return { file };
  const glibc = repairableGlibc(host, complaint);
  const bytes = Buffer.from(original);
  const edits = repair(bytes, { glibc, hasCxxVersion: host.hasCxxVersion });
  replace(file, original, bytes, host);
  const sha256 = createHash("sha256").update(original).digest("hex");
  return { file, repaired: { ...edits, sha256 } };
}

/** One line for people. */
export function describePrepared({ file, repaired }: Prepared): string {
  const name = basename(file);
  if (repaired === undefined) return `${name} loads, nothing to do`;
  const { symbols, needs, sha256 } = repaired;
  const edits = `${symbols.length} symbols (${symbols.join(", ")}) and ` +
    `${needs.length} versions (${needs.join(", ")})`;
  return `repaired ${name} (sha256 ${sha256.slice(0, 12)}, kept as .orig): ${edits}`;
}
