// SPDX-License-Identifier: GPL-2.0-only
// The registry of operations. Append only: the machine target's bytes follow this order.
import type { OpRow } from "../op.ts";
import { load, store } from "./access.ts";
import {
  dax, disk, fallocate, fclose, fstat, fsync, ftruncate, hugetlb, hugetmpfs, memfd, pread, pwrite,
  seal, tmpfs,
} from "./files.ts";
import {
  dio, memread, memwrite, pin, pinread, pinwrite, piperead, pvread, pvwrite, sysread, syswrite,
  unpin, vmsplice,
} from "./gup.ts";
import { khugepaged, ksmscan, migrate, numa, oom, reclaim, smaps, split } from "./kthreads.ts";
import {
  madvise, mincore, mlock, mmap, mprotect, mremap, mseal, msync, munlock, munmap,
} from "./mapping.ts";
import { obs } from "./observe.ts";
import { exit, fork, thread } from "./tasks.ts";
import {
  uclose, ucont, ucopy, uffd, umove, upoison, uread, ureg, uunreg, uwake, uwp, uzero,
} from "./uffd.ts";

export const opRows: readonly OpRow[] = [
  mmap, munmap, mprotect, mremap, mlock, munlock, msync, mincore, madvise,
  load, store,
  memfd, tmpfs, disk, dax, hugetlb, hugetmpfs,
  ftruncate, fallocate, pread, pwrite, fstat, seal, fclose,
  fork, thread, exit,
  uffd, ureg, uunreg, uwake, ucopy, uzero, uwp, ucont, upoison, umove, uread, uclose,
  pvread, pvwrite, memread, memwrite, vmsplice, piperead, pin, pinread, pinwrite, unpin,
  sysread, syswrite, dio,
  smaps, split, ksmscan, reclaim, khugepaged, migrate, numa, oom,
  obs,
  fsync,
  mseal,
];

export const opByName: ReadonlyMap<string, OpRow> = new Map(opRows.map((row) => [row.name, row]));
