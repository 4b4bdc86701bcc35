// SPDX-License-Identifier: GPL-2.0-only
// Accesses of the kernel to user memory: by get_user_pages, by pins, and by copying.
import type { Arg, OpRow } from "../op.ts";
import { N, P, PIPE, R, TASK, V, word } from "./args.ts";

/** The page of a pin. */
const I: Arg = { name: "I", kind: { type: "count" } };

export const pvread: OpRow = {
  name: "pvread", args: [TASK, P], help: "process_vm_readv from another task", run: null,
};

export const pvwrite: OpRow = {
  name: "pvwrite", args: [TASK, P, V], help: "process_vm_writev to another task", run: null,
};

export const memread: OpRow = {
  name: "memread", args: [TASK, P], help: "reads /proc/TASK/mem (FOLL_FORCE)", run: null,
};

export const memwrite: OpRow = {
  name: "memwrite", args: [TASK, P, V], help: "writes /proc/TASK/mem (FOLL_FORCE)", run: null,
};

export const vmsplice: OpRow = {
  name: "vmsplice", args: [PIPE, P], help: "a pipe takes a reference on the page", run: null,
};

export const piperead: OpRow = {
  name: "piperead", args: [PIPE], help: "reads the page that the pipe holds", run: null,
};

export const pin: OpRow = {
  name: "pin", args: [R, P, N], help: "pins the range for long, as a registered buffer", run: null,
};

export const pinread: OpRow = {
  name: "pinread", args: [R, I], help: "reads page I of the pin", run: null,
};

export const pinwrite: OpRow = {
  name: "pinwrite", args: [R, I, V], help: "writes page I of the pin", run: null,
};

export const unpin: OpRow = {
  name: "unpin", args: [R], help: "lets go of the pin", run: null,
};

export const sysread: OpRow = {
  name: "sysread", args: [P], help: "a system call reads the page (copy_from_user)", run: null,
};

export const syswrite: OpRow = {
  name: "syswrite", args: [P, V], help: "a system call writes the page (copy_to_user)", run: null,
};

export const dio: OpRow = {
  name: "dio",
  args: [word("DIR", "r w"), P, { ...V, optional: 0 }],
  alsoOrder: [1, 0, 2],
  help: "O_DIRECT: r reads v into the page (a write GUP), w writes the page out (a read GUP)",
  run: null,
};
