// SPDX-License-Identifier: GPL-2.0-only
// Physical memory: frames with a kind, a generation and a few words of content each, and the
// fields of struct page beside them. Frame 0 is never handed out, so that 0 means "no frame".
import { assert } from "../lib/assert.ts";
import { geometry } from "./geometry.ts";

/** What a frame is used for. Tables are the kinds from PTE_TABLE on. */
export const FREE = 0;
export const ANON = 1;
export const FILE = 2;
/** Persistent memory of a DAX device: has no page cache, its content is the file. */
export const PMEM = 3;
export const ZERO = 4;
export const PTE_TABLE = 5;
export const PMD_TABLE = 6;
export const UPPER_TABLE = 7;
export const KIND_NAMES = [
  "free", "anon", "file", "pmem", "zero", "PTE table", "PMD table", "upper table",
];

const FRAMES_SMALL = 4096;
const FRAMES_X86_64 = 16384;

/** Struct-of-arrays: one World, reset and never re-allocated (engine.md, C3). */
class Memory {
  limit = 0;
  /** First frame that was never used since reset. */
  top = 1;
  /** Frames in use now. */
  used = 0;
  /** Counts frees; mem.gen of a frame is the count at its last one. */
  clock = 0;
  kind = new Uint8Array(0);
  gen = new Int32Array(0);
  refcount = new Int32Array(0);
  mapcount = new Int32Array(0);
  flags = new Int32Array(0);
  /** page->mapping (number of the address space, 0 none) and page->index. */
  mapping = new Int32Array(0);
  index = new Int32Array(0);
  /** Content: as many words as a table has entries; word 0 is the byte that programs see. */
  words = new Int32Array(0);
  private freed = new Int32Array(0);
  private freedHead = 0;
  private freedTail = 0;
  /** Told of an access to a word of a frame that is no page table. */
  on_foreign_table: (frame: number, write: boolean) => void = () => {};

  /** Sized for the geometry in force; keeps the arrays when they fit. */
  reset(limit: number): void {
    assert(limit >= 0, "memory of a negative size");
    const frames = geometry.entries === 8 ? FRAMES_SMALL : FRAMES_X86_64;
    this.limit = limit === 0 ? frames : Math.min(limit + 1, frames);
    if (this.words.length !== frames * geometry.entries) this.allocate(frames);
    else this.wipe();
    this.top = 1;
    this.used = 0;
    this.clock = 0;
    this.freedHead = 0;
    this.freedTail = 0;
  }

  private allocate(frames: number): void {
    this.kind = new Uint8Array(frames);
    this.gen = new Int32Array(frames);
    this.refcount = new Int32Array(frames);
    this.mapcount = new Int32Array(frames);
    this.flags = new Int32Array(frames);
    this.mapping = new Int32Array(frames);
    this.index = new Int32Array(frames);
    this.words = new Int32Array(frames * geometry.entries);
    this.freed = new Int32Array(frames);
  }

  private wipe(): void {
    const { top } = this;
    this.kind.fill(0, 0, top);
    this.gen.fill(0, 0, top);
    this.refcount.fill(0, 0, top);
    this.mapcount.fill(0, 0, top);
    this.flags.fill(0, 0, top);
    this.mapping.fill(0, 0, top);
    this.index.fill(0, 0, top);
    this.words.fill(0, 0, top << geometry.shift);
  }

  /**
   * A zeroed frame, or 0 when memory is exhausted. Frames that were freed wait as long as possible
   * before they are used again, like KASAN's quarantine, so that a late access is seen.
   */
  take(kind: number): number {
    assert(kind !== FREE, "a frame is taken for nothing");
    let frame = 0;
    if (this.top < this.limit) {
      frame = this.top++;
    } else {
      if (this.freedHead === this.freedTail) return 0;
      frame = this.freed[this.freedHead++ % this.freed.length]!;
      this.words.fill(0, frame << geometry.shift, (frame + 1) << geometry.shift);
    }
    assert(this.kind[frame] === FREE, "a frame in use is handed out");
    this.kind[frame] = kind;
    this.refcount[frame] = 1;
    this.used++;
    return frame;
  }

  /** `count` consecutive frames, the first aligned to `count` (a power of two). 0: no room. */
  take_run(kind: number, count: number): number {
    assert(kind !== FREE && count > 0 && (count & (count - 1)) === 0, "runs are powers of two");
    const first = (this.top + count - 1) & ~(count - 1);
    if (first + count > this.limit) return 0;
    this.top = first + count;
    this.used += count;
    for (let f = first; f < first + count; f++) {
      this.kind[f] = kind;
      this.refcount[f] = 1;
    }
    return first;
  }

  give_back(frame: number): void {
    assert(frame > 0 && frame < this.top, "a frame is freed that never was");
    assert(this.kind[frame] !== FREE, "a frame is freed twice");
    this.kind[frame] = FREE;
    this.expire(frame);
    this.mapping[frame] = 0;
    this.used--;
    this.freed[this.freedTail++ % this.freed.length] = frame;
  }

  /** Whoever still has a translation to this frame uses it after its end. */
  expire(frame: number): void {
    this.gen[frame] = ++this.clock;
  }

  frame_of(pointer: number): number {
    return pointer >>> geometry.shift;
  }

  /** Reads a page-table word. Reading through a frame that is no table is told and then done. */
  read_entry(pointer: number): number {
    const frame = pointer >>> geometry.shift;
    if (this.kind[frame]! < PTE_TABLE) this.on_foreign_table(frame, false);
    return this.words[pointer]!;
  }

  write_entry(pointer: number, value: number): void {
    const frame = pointer >>> geometry.shift;
    if (this.kind[frame]! < PTE_TABLE) this.on_foreign_table(frame, true);
    this.words[pointer] = value;
  }
}

export const mem = new Memory();
