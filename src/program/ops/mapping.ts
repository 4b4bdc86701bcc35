// SPDX-License-Identifier: GPL-2.0-only
// Operations on mappings: mmap and the calls that change, lock, sync or advise a range.
import { UserError } from "../../lib/assert.ts";
import { EBADF, EINVAL, ENFILE } from "../../kernel/errno.ts";
import { all_inodes, fget, INODES_MAX, new_inode, vfs_fsync } from "../../kernel/fs/inode.ts";
import { current_mm } from "../../kernel/include/sched.ts";
import { madvise_dontneed } from "../../kernel/mm/madvise.ts";
import { vm_mmap, vm_munmap } from "../../kernel/mm/mmap.ts";
import type { Preemptible } from "../../sched/point.ts";
import type { OpResult, OpRow } from "../op.ts";
import { FD, N, P, PROT, flags, word } from "./args.ts";

/** The index of a KIND word. */
export const KINDS = ["anon", "sanon", "fpriv", "fshared"] as const;
const [ANON, SANON, FPRIV] = [0, 1, 2];
const POPULATE = 1;
const LOCKED = 2;
const NOREPLACE = 8;

function* runMmap(args: readonly number[]): Preemptible<OpResult> {
  const [start, pages, prot, kind, fd, pgoff, flagBits] = args as Required<typeof args>;
  if ((flagBits! & (POPULATE | LOCKED)) !== 0) {
    throw new UserError("`mmap` with populate or locked is not modelled yet");
  }
  const shared = kind === SANON || kind! > FPRIV;
  const ofFile = kind! >= FPRIV;
  if (kind === SANON && all_inodes.length >= INODES_MAX) return { r: -ENFILE };
  const inode = ofFile ? fget(fd!) : kind === SANON ? new_inode("tmpfs", pages!) : null;
  if (ofFile && inode === null) return { r: -EBADF };
  const noreplace = (flagBits! & NOREPLACE) !== 0;
  const r = yield* vm_mmap({
    start: start!, pages: pages!, prot: prot!, shared, inode, noreplace,
    pgoff: kind === ANON || kind === SANON ? 0 : pgoff!,
  });
  return { r };
}

function* runMunmap([start, pages]: readonly number[]): Preemptible<OpResult> {
  return { r: yield* vm_munmap(start!, pages!) };
}

function* runMadvise([start, pages, advice]: readonly number[]): Preemptible<OpResult> {
  if (advice !== 0) {
    throw new UserError(`\`madvise ${ADVICE.split(" ")[advice!]}\` is not modelled yet`);
  }
  return { r: yield* madvise_dontneed(start!, pages!) };
}

/** MS_SYNC: every file that the range maps is written back. */
function* runMsync([start, pages]: readonly number[]): Preemptible<OpResult> {
  if (pages === 0) return { r: -EINVAL };
  for (const vma of [...current_mm().mmap]) {
    const inside = vma.vm_start < start! + pages! && vma.vm_end > start!;
    if (inside && vma.vm_file !== null) yield* vfs_fsync(vma.vm_file);
  }
  return { r: 0 };
}

export const mmap: OpRow = {
  name: "mmap",
  args: [
    P, N, PROT, word("KIND", KINDS.join(" ")),
    { ...FD, optional: -1 },
    { name: "OFF", kind: { type: "page" }, optional: 0, together: true },
    flags("populate locked noreserve noreplace"),
  ],
  help: "maps pages at P: private or shared, anonymous or of a file from page OFF on",
  run: runMmap,
};

export const munmap: OpRow = {
  name: "munmap", args: [P, N], help: "unmaps the range", run: runMunmap,
};

export const mprotect: OpRow = {
  name: "mprotect", args: [P, N, PROT], help: "changes the protection of the range", run: null,
};

export const mremap: OpRow = {
  name: "mremap",
  args: [
    P, N, { ...N, name: "NEWN" }, { name: "Q", kind: { type: "number" } }, flags("dontunmap"),
  ],
  help: "moves the range to page Q, or resizes it in place when Q is negative",
  run: null,
};

export const mlock: OpRow = {
  name: "mlock", args: [P, N, flags("onfault")], help: "locks the range in memory", run: null,
};

export const munlock: OpRow = {
  name: "munlock", args: [P, N], help: "unlocks the range", run: null,
};

export const msync: OpRow = {
  name: "msync", args: [P, N], help: "writes the range back to its file (MS_SYNC)", run: runMsync,
};

export const mincore: OpRow = {
  name: "mincore", args: [P, N], help: "which pages are in memory", run: null,
};

export const mseal: OpRow = {
  name: "mseal", args: [P, N], help: "forbids further changes of the mappings", run: null,
};

export const ADVICE =
  "dontneed free remove hugepage nohugepage collapse populate_read populate_write pageout cold " +
  "willneed guard_install guard_remove dontfork dofork wipeonfork keeponfork mergeable " +
  "unmergeable dontneed_locked";

export const madvise: OpRow = {
  name: "madvise", args: [P, N, word("ADVICE", ADVICE)], help: "advises about the range",
  run: runMadvise,
};
