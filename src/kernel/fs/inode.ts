// SPDX-License-Identifier: GPL-2.0-only
// Files: creating, reading, writing and resizing them by descriptor.
// Models: fs/inode.c, fs/read_write.c, fs/open.c, fs/dax.c (dax_iomap_rw). Fidelity: reduced to
// byte 0 of each page; no permissions, no file positions.
import { geometry } from "../../hw/geometry.ts";
import { mem } from "../../hw/phys.ts";
import type { Preemptible } from "../../sched/point.ts";
import { EBADF, EFBIG, EINVAL, ENFILE, ENOSPC } from "../errno.ts";
import type { FileKind, Inode } from "../include/mm_types.ts";
import { FDS_MAX, files } from "../include/sched.ts";
import {
  down_read, down_write, init_rwsem, rwsem_class, rwsem_reset, up_read, up_write,
} from "../locking/rwsem.ts";
import { spin_lock_init } from "../locking/spinlock.ts";
import { unmap_mapping_range } from "../mm/memory-unmap.ts";
import { shmem_read, shmem_truncate_range, shmem_vm_ops, shmem_write } from "../mm/shmem.ts";
import { trace } from "../trace.ts";
import { dax_writeback_mapping_range } from "./dax.ts";
import { dax_register, dax_truncate_slot } from "./dax-entry.ts";
import { ext4_dax_vm_ops } from "./ext4/file.ts";
import { ext4_iomap_begin, ext4_punch_hole, IOMAP_MAPPED } from "./ext4/inode.ts";

/** Largest file, in pages: a few huge pages of the small geometry. */
export const FILE_PAGES_MAX = 64;
/** Files of one boot, one less than the entry locks of fs/dax-entry.ts are numbered for. */
export const INODES_MAX = 255;

const i_rwsem_class = rwsem_class("i_rwsem");
const i_mmap_sem_class = rwsem_class("fs mmap lock");
const i_mmap_rwsem_class = rwsem_class("i_mmap_rwsem");

/** Every file of this boot, for observers; number 0 is never used, so 0 means "no mapping". */
export const all_inodes: Inode[] = [];

export function inode_reset(): void {
  all_inodes.length = 0;
  for (const cls of [i_rwsem_class, i_mmap_sem_class, i_mmap_rwsem_class]) rwsem_reset(cls);
}

/** The arrays of an inode are used again after the next boot: allocating them costs more. */
const spare: Pick<Inode, "i_block" | "i_extent">[] = [];
const spare_slots: Int32Array[] = [];

function arrays_for(id: number): Pick<Inode, "i_block" | "i_extent"> {
  const used = spare[id];
  if (used === undefined) {
    spare_slots[id] = new Int32Array(FILE_PAGES_MAX);
    return (spare[id] = {
      i_block: new Int32Array(FILE_PAGES_MAX), i_extent: new Uint8Array(FILE_PAGES_MAX),
    });
  }
  spare_slots[id]!.fill(0);
  used.i_block.fill(0);
  used.i_extent.fill(0);
  return used;
}

/** A new, empty (all holes) file of `pages` pages. */
export function new_inode(kind: FileKind, pages: number): Inode {
  const id = all_inodes.length + 1;
  const { i_block, i_extent } = arrays_for(id);
  const inode: Inode = {
    id, kind, i_size: pages,
    i_rwsem: init_rwsem(i_rwsem_class), i_mmap_sem: init_rwsem(i_mmap_sem_class),
    i_mapping: {
      id, host: null as unknown as Inode, i_pages: spare_slots[id]!,
      tree_lock: spin_lock_init(`tree_lock of file ${id}`),
      i_mmap_rwsem: init_rwsem(i_mmap_rwsem_class), i_mmap: [], nrpages: 0, nrexceptional: 0,
    },
    i_block, i_extent,
    i_fop: kind === "dax" ? ext4_dax_vm_ops : shmem_vm_ops,
  };
  inode.i_mapping.host = inode;
  if (kind === "dax") dax_register(inode.i_mapping);
  all_inodes.push(inode);
  return inode;
}

/** Creates a file and opens it as `fd`; 0 or a negative errno. */
export function create_file(kind: FileKind, fd: number, pages: number): number {
  if (fd >= FDS_MAX) return -EBADF;
  if (pages > FILE_PAGES_MAX) return -EFBIG;
  if (all_inodes.length >= INODES_MAX) return -ENFILE;
  files[fd] = new_inode(kind, pages);
  return 0;
}

export function fget(fd: number): Inode | null {
  return files[fd] ?? null;
}

/** fallocate(PUNCH_HOLE | KEEP_SIZE) over [start, end). */
export function* vfs_punch_hole(inode: Inode, start: number, end: number): Preemptible<number> {
  if (start >= end) return -EINVAL;
  const last = Math.min(end, inode.i_size);
  if (start >= last) return 0;
  if (inode.kind === "dax") {
    yield* ext4_punch_hole(inode, start, last);
    return 0;
  }
  yield* down_write(inode.i_rwsem);
  trace.discard_begin(inode, start, last);
  yield* unmap_mapping_range(inode.i_mapping, start, last, false);
  yield* shmem_truncate_range(inode, start, last);
  trace.discard_end(inode, start, last);
  up_write(inode.i_rwsem);
  return 0;
}

/** ftruncate(2): shrinking also takes private copies away. */
export function* vfs_truncate(inode: Inode, pages: number): Preemptible<number> {
  if (pages > FILE_PAGES_MAX) return -EFBIG;
  const old = inode.i_size;
  if (pages < old) {
    // Pages in front of the new end stay; what lies behind goes, as a punch would take it.
    yield* vfs_punch_hole(inode, pages, old);
    inode.i_size = pages;
    trace.discard_begin(inode, pages, old);
    yield* unmap_mapping_range(inode.i_mapping, pages, old, true);
    trace.discard_end(inode, pages, old);
  }
  inode.i_size = pages;
  return 0;
}

/** pread(2) of byte 0 of each page; fewer bytes at the end of the file. */
export function* vfs_read(inode: Inode, index: number, pages: number): Preemptible<number[]> {
  const bytes: number[] = [];
  yield* down_read(inode.i_rwsem);
  for (let i = index; i < Math.min(index + pages, inode.i_size); i++) {
    bytes.push(inode.kind === "dax" ? yield* dax_read(inode, i) : yield* shmem_read(inode, i));
  }
  up_read(inode.i_rwsem);
  return bytes;
}

function* dax_read(inode: Inode, index: number): Preemptible<number> {
  const iomap = yield* ext4_iomap_begin(inode, index, 1, false);
  if (iomap.type !== IOMAP_MAPPED) return 0;
  return mem.words[iomap.frame << geometry.shift]! & 255;
}

/** pwrite(2) of byte 0 of one page. */
export function* vfs_write(inode: Inode, index: number, value: number): Preemptible<number> {
  if (index >= FILE_PAGES_MAX) return -EFBIG;
  yield* down_write(inode.i_rwsem);
  if (index >= inode.i_size) inode.i_size = index + 1;
  let ret = 0;
  trace.write_begin(inode, index);
  if (inode.kind === "dax") ret = yield* dax_write(inode, index, value);
  else if (!(yield* shmem_write(inode, index, value))) ret = -ENOSPC;
  trace.write_end(inode, index, value);
  up_write(inode.i_rwsem);
  return ret;
}

/** dax_iomap_rw(): a new block first takes the place of whatever showed the hole. */
function* dax_write(inode: Inode, index: number, value: number): Preemptible<number> {
  const before = yield* ext4_iomap_begin(inode, index, 1, false);
  const iomap = yield* ext4_iomap_begin(inode, index, 1, true);
  if (iomap.type !== IOMAP_MAPPED) return -ENOSPC;
  if (before.type !== IOMAP_MAPPED) {
    // First the tree, then the page tables: a fault that still maps the hole holds the entry.
    yield* dax_truncate_slot(inode.i_mapping, index);
    yield* unmap_mapping_range(inode.i_mapping, index, index + 1, false);
  }
  const word = iomap.frame << geometry.shift;
  mem.words[word] = (mem.words[word]! & ~255) | value;
  return 0;
}

export function* vfs_fsync(inode: Inode): Preemptible<number> {
  if (inode.kind === "dax") yield* dax_writeback_mapping_range(inode);
  return 0;
}
