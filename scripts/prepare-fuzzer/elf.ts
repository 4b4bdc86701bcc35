// SPDX-License-Identifier: GPL-2.0-only
// Reads what the dynamic loader reads of a 64-bit ELF library: versions, symbols, relocations.

/** A version that the library asks of another one, e.g. GLIBC_2.38 of libc.so.6. */
export interface VersionNeed {
  library: string;
  name: string;
  /** What the symbol version table calls it. */
  index: number;
  weak: boolean;
  /** File offset of vna_flags. */
  flagsAt: number;
}

/** An undefined symbol that some relocation uses, so that the loader must find it. */
export interface ImportedSymbol {
  name: string;
  versionIndex: number;
  /** File offsets of st_name and of the symbol's entry in the version table. */
  nameAt: number;
  versionAt: number;
}

export interface DynamicElf {
  needs: VersionNeed[];
  imports: ImportedSymbol[];
}

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const SYMBOL_SIZE = 24;
const RELA_SIZE = 24;
const VER_FLG_WEAK = 2;
const VERSION_INDEX_MASK = 0x7fff;
/** 0 and 1 are "local" and "global": no version is asked for. */
const FIRST_VERSION_INDEX = 2;

/** DT_* numbers of the entries that we follow. */
const TAG = {
  jumpSize: 2,
  strings: 5,
  symbols: 6,
  rela: 7,
  relaSize: 8,
  jumps: 23,
  versions: 0x6ffffff0,
  needs: 0x6ffffffe,
  needCount: 0x6fffffff,
} as const;

interface Segment {
  type: number;
  offset: number;
  address: number;
  size: number;
}

/** Damaged files end in a RangeError of Buffer's checked reads, or in one of our sentences. */
class Image {
  readonly #bytes: Buffer;
  readonly #segments: Segment[];
  readonly #tags = new Map<number, number>();

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#segments = readSegments(bytes);
    const dynamic = this.#segments.find((segment) => segment.type === PT_DYNAMIC);
    if (dynamic === undefined) throw new Error("it has no dynamic section");
    for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 16) {
      const tag = readWord(bytes, at);
      if (tag === 0) break;
      this.#tags.set(tag, readWord(bytes, at + 8));
    }
  }

  /** The value of an optional entry; 0 when it is absent. */
  value(tag: number): number {
    return this.#tags.get(tag) ?? 0;
  }

  /** File offset of the table that an entry points to. */
  table(tag: number): number {
    const address = this.#tags.get(tag);
    if (address === undefined) throw new Error(`it has no dynamic entry ${tag.toString(16)}`);
    for (const { type, offset, address: start, size } of this.#segments) {
      const inside = address >= start && address < start + size;
      if (type === PT_LOAD && inside) return address - start + offset;
    }
    throw new Error("a table is outside of its segments");
  }

  text(offset: number): string {
    const start = this.table(TAG.strings) + offset;
    const end = this.#bytes.indexOf(0, start);
    if (end < 0) throw new Error("a name has no end");
    return this.#bytes.toString("latin1", start, end);
  }
}

/** A 64-bit word; file offsets and addresses are far below 2^53. */
function readWord(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}

function readSegments(bytes: Buffer): Segment[] {
  const isElf64 = bytes.toString("latin1", 0, 4) === "\x7fELF" && bytes[4] === 2 && bytes[5] === 1;
  if (!isElf64) throw new Error("it is not a 64-bit little-endian ELF file");
  const start = readWord(bytes, 0x20);
  const entrySize = bytes.readUInt16LE(0x36);
  const count = bytes.readUInt16LE(0x38);
  const segments: Segment[] = [];
  for (let i = 0; i < count; i++) {
    const at = start + i * entrySize;
    segments.push({
      type: bytes.readUInt32LE(at),
      offset: readWord(bytes, at + 8),
      address: readWord(bytes, at + 16),
      size: readWord(bytes, at + 32),
    });
  }
  return segments;
}

function readNeeds(bytes: Buffer, image: Image): VersionNeed[] {
  const needs: VersionNeed[] = [];
  let file = image.table(TAG.needs);
  for (let left = image.value(TAG.needCount); left > 0; left--) {
    const library = image.text(bytes.readUInt32LE(file + 4));
    let at = file + bytes.readUInt32LE(file + 8);
    for (let entries = bytes.readUInt16LE(file + 2); entries > 0; entries--) {
      needs.push({
        library,
        name: image.text(bytes.readUInt32LE(at + 8)),
        index: bytes.readUInt16LE(at + 6) & VERSION_INDEX_MASK,
        weak: (bytes.readUInt16LE(at + 4) & VER_FLG_WEAK) !== 0,
        flagsAt: at + 4,
      });
      at += bytes.readUInt32LE(at + 12);
    }
    const next = bytes.readUInt32LE(file + 12);
    if (next === 0) break;
    file += next;
  }
  return needs;
}

/** Numbers of the symbols that relocations name; what none names is never looked up. */
function relocatedSymbols(bytes: Buffer, image: Image): Set<number> {
  const numbers = new Set<number>();
  for (const [tag, sizeTag] of [[TAG.rela, TAG.relaSize], [TAG.jumps, TAG.jumpSize]] as const) {
    const size = image.value(sizeTag);
    if (size === 0) continue;
    const start = image.table(tag);
    for (let at = start; at < start + size; at += RELA_SIZE) {
      numbers.add(bytes.readUInt32LE(at + 12));
    }
  }
  return numbers;
}

function readImports(bytes: Buffer, image: Image): ImportedSymbol[] {
  const symbols = image.table(TAG.symbols);
  const versions = image.table(TAG.versions);
  const imports: ImportedSymbol[] = [];
  for (const number of relocatedSymbols(bytes, image)) {
    const nameAt = symbols + number * SYMBOL_SIZE;
    const versionAt = versions + number * 2;
    const versionIndex = bytes.readUInt16LE(versionAt) & VERSION_INDEX_MASK;
    const isDefinedHere = bytes.readUInt16LE(nameAt + 6) !== 0;
    if (isDefinedHere || versionIndex < FIRST_VERSION_INDEX) continue;
    imports.push({ name: image.text(bytes.readUInt32LE(nameAt)), versionIndex, nameAt, versionAt });
  }
  return imports;
}

/** Goes through PT_DYNAMIC like the loader itself, because section headers may be stripped. */
export function readElf(bytes: Buffer): DynamicElf {
  try {
    const image = new Image(bytes);
    return { needs: readNeeds(bytes, image), imports: readImports(bytes, image) };
  } catch (error) {
    const why = error instanceof RangeError ? "it is truncated or damaged" : String(error);
    throw new Error(`cannot read the library: ${why.replace(/^Error: /, "")}`);
  }
}

/** The version may then be missing: the loader only notes it. */
export function makeWeak(bytes: Buffer, need: VersionNeed): void {
  bytes.writeUInt16LE(bytes.readUInt16LE(need.flagsAt) | VER_FLG_WEAK, need.flagsAt);
}

/** Imports the symbol under the tail of its own name, so that no table has to grow. */
export function renameToTail(
  bytes: Buffer, symbol: ImportedSymbol, skipped: number, version: VersionNeed,
): void {
  bytes.writeUInt32LE(bytes.readUInt32LE(symbol.nameAt) + skipped, symbol.nameAt);
  bytes.writeUInt16LE(version.index, symbol.versionAt);
}
