// SPDX-License-Identifier: GPL-2.0-only
// Operations on files: six kinds of them, and what changes their size, extents and contents.
import { UserError } from "../../lib/assert.ts";
import { EBADF } from "../../kernel/errno.ts";
import {
  create_file, fget, vfs_fsync, vfs_punch_hole, vfs_read, vfs_truncate, vfs_write,
} from "../../kernel/fs/inode.ts";
import { files } from "../../kernel/include/sched.ts";
import type { Inode } from "../../kernel/include/mm_types.ts";
import type { Preemptible } from "../../sched/point.ts";
import type { Arg, OpResult, OpRow } from "../op.ts";
import { FD, N, P, TIMES, V, flags, word } from "./args.ts";

const NEW_FILE: readonly Arg[] = [FD, N];
const PUNCH = 1;

function* runTmpfs([fd, pages]: readonly number[]): Preemptible<OpResult> {
  return { r: create_file("tmpfs", fd!, pages!) };
}

function* runDax([fd, pages]: readonly number[]): Preemptible<OpResult> {
  return { r: create_file("dax", fd!, pages!) };
}

/** What most calls on a descriptor share: EBADF when it is not open. */
function* onFile(
  fd: number, work: (inode: Inode) => Preemptible<number>,
): Preemptible<OpResult> {
  const inode = fget(fd);
  return inode === null ? { r: -EBADF } : { r: yield* work(inode) };
}

function runFtruncate([fd, pages]: readonly number[]): Preemptible<OpResult> {
  return onFile(fd!, (inode) => vfs_truncate(inode, pages!));
}

function runFallocate([fd, index, pages, mode]: readonly number[]): Preemptible<OpResult> {
  if (mode !== PUNCH) throw new UserError("`fallocate` other than punch is not modelled yet");
  return onFile(fd!, (inode) => vfs_punch_hole(inode, index!, index! + pages!));
}

function* runPread([fd, index, pages]: readonly number[]): Preemptible<OpResult> {
  const inode = fget(fd!);
  if (inode === null) return { r: -EBADF };
  return { r: 0, v: yield* vfs_read(inode, index!, pages!) };
}

function* runPwrite([fd, index, value, pages]: readonly number[]): Preemptible<OpResult> {
  const inode = fget(fd!);
  if (inode === null) return { r: -EBADF };
  for (let i = index!; i < index! + pages!; i++) {
    const r = yield* vfs_write(inode, i, value!);
    if (r !== 0) return { r };
  }
  return { r: 0 };
}

function* runFclose([fd]: readonly number[]): Preemptible<OpResult> {
  if (fget(fd!) === null) return { r: -EBADF };
  files[fd!] = null;
  return { r: 0 };
}

function runFsync([fd]: readonly number[]): Preemptible<OpResult> {
  return onFile(fd!, vfs_fsync);
}

export const memfd: OpRow = {
  name: "memfd", args: NEW_FILE, help: "opens a new memfd of N pages", run: runTmpfs,
};

export const tmpfs: OpRow = {
  name: "tmpfs", args: NEW_FILE, help: "opens a new file of N pages on tmpfs", run: runTmpfs,
};

export const disk: OpRow = {
  name: "disk", args: NEW_FILE, help: "opens a new file of N pages on a disk", run: null,
};

export const dax: OpRow = {
  name: "dax", args: NEW_FILE, help: "opens a new file of N pages on a DAX device", run: runDax,
};

export const hugetlb: OpRow = {
  name: "hugetlb", args: NEW_FILE, help: "opens a new hugetlbfs file of N small pages", run: null,
};

export const hugetmpfs: OpRow = {
  name: "hugetmpfs", args: NEW_FILE, help: "opens a new file on tmpfs with huge=always", run: null,
};

export const ftruncate: OpRow = {
  name: "ftruncate", args: [FD, N], help: "sets the size to N pages", run: runFtruncate,
};

export const fallocate: OpRow = {
  name: "fallocate",
  args: [FD, P, N, word("MODE", "alloc punch zero", 0)],
  help: "allocates file pages, punches a hole (keeping the size) or zeroes them",
  run: runFallocate,
};

export const pread: OpRow = {
  name: "pread", args: [FD, P, TIMES], help: "reads byte 0 of file pages", run: runPread,
};

export const pwrite: OpRow = {
  name: "pwrite",
  args: [FD, P, V, TIMES, flags("byte")],
  help: "fills file pages with v, or writes only their byte 0",
  run: runPwrite,
};

export const fstat: OpRow = {
  name: "fstat", args: [FD], help: "size and blocks, in pages", run: null,
};

/** The mask is fcntl's: F_SEAL_SEAL is 1, F_SEAL_EXEC is 0x20. */
export const seal: OpRow = {
  name: "seal",
  args: [FD, flags("seal shrink grow write future_write exec")],
  help: "adds seals to a memfd",
  run: null,
};

export const fclose: OpRow = {
  name: "fclose", args: [FD], help: "closes the file", run: runFclose,
};

export const fsync: OpRow = {
  name: "fsync", args: [FD], help: "writes dirty pages back and write-protects them", run: runFsync,
};
