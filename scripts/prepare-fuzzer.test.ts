// SPDX-License-Identifier: GPL-2.0-only
// The addon's repair, on copies of the shipped files and with other machines played by a fake host.
import {
  copyFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { main } from "./prepare-fuzzer.ts";
import { readElf } from "./prepare-fuzzer/elf.ts";
import { thisHost } from "./prepare-fuzzer/host.ts";
import type { Host } from "./prepare-fuzzer/host.ts";
import { describePrepared, prepareFuzzer } from "./prepare-fuzzer/prepare.ts";
import { compareVersions, repair } from "./prepare-fuzzer/repair.ts";
import type { Offer } from "./prepare-fuzzer/repair.ts";

const core = createRequire(import.meta.url).resolve("@jazzer.js/core");
const manifest = createRequire(core).resolve("@jazzer.js/fuzzer/package.json");
const PREBUILDS = join(dirname(manifest), "prebuilds");

/** The file as npm delivered it, also where postinstall has repaired it. */
function shipped(arch: string): string {
  const file = join(PREBUILDS, `fuzzer-linux-${arch}.node`);
  return existsSync(`${file}.orig`) ? `${file}.orig` : file;
}

/** What Debian 12 has, so that the edits are the same wherever this test runs. */
const DEBIAN_12: Offer = {
  glibc: "2.36",
  hasCxxVersion: (name) => {
    const [, family = "", version = ""] = /^([A-Z]+)_([0-9.]+)$/.exec(name) ?? [];
    return compareVersions(version, family === "GLIBCXX" ? "3.4.30" : "1.3.13") <= 0;
  },
};

const COMPLAINT = "/lib/libc.so.6: version `GLIBC_2.38' not found (required by fuzzer.node)";

describe("repair", () => {
  it.each(["x64", "arm64"])("edits two symbols and two versions of linux-%s", (arch) => {
    const original = readFileSync(shipped(arch));
    const bytes = Buffer.from(original);
    const { symbols, needs } = repair(bytes, DEBIAN_12);
    expect(symbols.sort()).toEqual(["__isoc23_strtol", "__isoc23_strtoul"]);
    expect(needs.sort()).toEqual(["GLIBCXX_3.4.32", "GLIBC_2.38"]);
    // Per symbol one byte of its name's offset at least and one of its version; per need one flag.
    const changed = original.filter((byte, at) => byte !== bytes[at]).length;
    expect(bytes.length).toBe(original.length);
    expect(changed).toBeGreaterThanOrEqual(6);
    expect(changed).toBeLessThanOrEqual(10);

    const { imports, needs: after } = readElf(bytes);
    const oldest = arch === "x64" ? "GLIBC_2.2.5" : "GLIBC_2.17";
    const libc = after.find(({ library, name }) => library === "libc.so.6" && name === oldest);
    for (const name of ["strtol", "strtoul"]) {
      expect(imports.find((symbol) => symbol.name === name)?.versionIndex).toBe(libc?.index);
    }
    expect(after.filter(({ weak }) => weak).map(({ name }) => name).sort()).toEqual(needs);
  });

  it("finds nothing to do the second time", () => {
    const bytes = readFileSync(shipped("x64"));
    repair(bytes, DEBIAN_12);
    const once = Buffer.from(bytes);
    expect(repair(bytes, DEBIAN_12)).toEqual({ symbols: [], needs: [] });
    expect(bytes.equals(once)).toBe(true);
  });

  it("leaves a system alone that has everything", () => {
    const bytes = readFileSync(shipped("x64"));
    const edits = repair(bytes, { glibc: "2.41", hasCxxVersion: () => true });
    expect(edits).toEqual({ symbols: [], needs: [] });
  });

  it("names a symbol that it does not know how to replace", () => {
    const bytes = readFileSync(shipped("x64"));
    expect(() => repair(bytes, { ...DEBIAN_12, glibc: "2.33" }))
      .toThrow(/^symbol \w+@GLIBC_2\.3[48] is newer than this system$/);
  });

  it("reads foreign, empty and damaged files without losing its way", () => {
    const original = readFileSync(shipped("x64"));
    const oneSentence = /^cannot read the library: [a-z0-9 -]+$/i;
    const darwin = readFileSync(join(PREBUILDS, "fuzzer-darwin-arm64.node"));
    for (const bytes of [Buffer.alloc(0), Buffer.from("hello"), darwin]) {
      expect(() => readElf(bytes)).toThrow(/not a 64-bit little-endian ELF file$/);
    }
    for (let length = 6; length < original.length; length += 9973) {
      // Beyond the dynamic section only debug data and the like is lost.
      try {
        readElf(original.subarray(0, length));
      } catch (error) {
        expect((error as Error).message).toMatch(oneSentence);
      }
    }
    expect(() => readElf(original.subarray(0, 30_000))).toThrow(oneSentence);
    expect(() => readElf(original.subarray(0, 64))).toThrow(/truncated or damaged$/);
  });
});

describe("prepareFuzzer", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "faultline-prepare-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** A Debian 12 machine whose loader refuses a file until it is repaired. */
  function fakeHost(parts: Partial<Host> = {}): Host {
    return {
      platform: "linux",
      arch: "x64",
      glibc: () => DEBIAN_12.glibc,
      hasCxxVersion: DEBIAN_12.hasCxxVersion,
      probe: (file) => {
        const strict = readElf(readFileSync(file)).needs.filter(({ weak }) => !weak);
        return strict.some(({ name }) => name === "GLIBC_2.38") ? COMPLAINT : undefined;
      },
      ...parts,
    };
  }

  function install(arch = "x64"): string {
    const file = join(folder, `fuzzer-linux-${arch}.node`);
    copyFileSync(shipped(arch), file);
    return file;
  }

  it("repairs once, keeps the original and leaves nothing else behind", () => {
    const file = install();
    const first = prepareFuzzer(fakeHost(), folder);
    expect(describePrepared(first)).toMatch(/^repaired .* \(sha256 [0-9a-f]{12}, .*\): 2 .* 2 /);
    expect(readdirSync(folder).sort())
      .toEqual(["fuzzer-linux-x64.node", "fuzzer-linux-x64.node.orig"]);
    expect(readFileSync(`${file}.orig`).equals(readFileSync(shipped("x64")))).toBe(true);
    const repaired = readFileSync(file);
    expect(prepareFuzzer(fakeHost(), folder)).toEqual({ file });
    expect(readFileSync(file).equals(repaired)).toBe(true);
  });

  it("keeps the file when the repaired one does not load either", () => {
    const file = install();
    const host = fakeHost({ probe: () => COMPLAINT });
    expect(() => prepareFuzzer(host, folder)).toThrow(/^the repaired .* does not load either: /);
    expect(readdirSync(folder)).toEqual(["fuzzer-linux-x64.node"]);
    expect(readFileSync(file).equals(readFileSync(shipped("x64")))).toBe(true);
  });

  it.each<[string, Partial<Host>, RegExp]>([
    ["musl", { glibc: () => undefined }, /^Alpine\/musl is not supported, use a glibc image$/],
    ["an old glibc", { glibc: () => "2.31" }, /^glibc 2\.31 is too old \(2\.34 needed\)$/],
    ["another trouble", { probe: () => "invalid ELF header" }, /not load: invalid ELF header$/],
    ["an unknown processor", { arch: "riscv64" },
      /^no Jazzer\.js binary for linux-riscv64; supported: fuzzer-linux-x64\.node$/],
  ])("says in one sentence what is wrong: %s", (_name, parts, sentence) => {
    const file = install();
    const before = readFileSync(file);
    expect(() => prepareFuzzer(fakeHost(parts), folder)).toThrow(sentence);
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(readdirSync(folder)).toEqual(["fuzzer-linux-x64.node"]);
  });

  it("never edits on macOS and Windows", () => {
    for (const [platform, arch] of [["darwin", "arm64"], ["win32", "x64"]] as const) {
      const name = `fuzzer-${platform}-${arch}.node`;
      copyFileSync(join(PREBUILDS, name), join(folder, name));
      const host = fakeHost({ platform, arch, probe: () => COMPLAINT });
      expect(() => prepareFuzzer(host, folder)).toThrow(/^the Jazzer\.js binary does not load: /);
    }
  });

  it.runIf(process.platform === "linux")("really loads or refuses files on this system", () => {
    const host = thisHost();
    const file = join(folder, `fuzzer-linux-${process.arch}.node`);
    for (const bytes of [Buffer.from("garbage"), readFileSync(shipped("x64")).subarray(0, 9000)]) {
      writeFileSync(file, bytes);
      expect(() => prepareFuzzer(host, folder)).toThrow(/^the Jazzer\.js binary does not load: ./);
    }
    copyFileSync(shipped(process.arch), file);
    prepareFuzzer(host, folder);
    expect(host.probe(file)).toBeUndefined();
    expect(prepareFuzzer(host, folder)).toEqual({ file });
  });
});

it("refuses unknown arguments", () => {
  const error = vi.spyOn(console, "error").mockImplementation(() => {});
  expect(main(["--docter"])).toBe(1);
  expect(error.mock.calls).toEqual([
    ["prepare-fuzzer: unknown argument --docter; known: --doctor"],
  ]);
  error.mockRestore();
});
