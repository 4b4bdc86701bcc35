// SPDX-License-Identifier: GPL-2.0-only
// Models: include/uapi/asm-generic/errno-base.h (the numbers that operations can answer).

export const EPERM = 1;
export const ENOENT = 2;
export const EIO = 5;
export const EBADF = 9;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const EFAULT = 14;
export const EBUSY = 16;
export const EEXIST = 17;
export const EINVAL = 22;
export const ENFILE = 23;
export const EFBIG = 27;
export const ENOSPC = 28;
export const ENOSYS = 38;

const NAMES: Record<number, string> = {
  1: "EPERM", 2: "ENOENT", 5: "EIO", 9: "EBADF", 11: "EAGAIN", 12: "ENOMEM", 14: "EFAULT",
  16: "EBUSY", 17: "EEXIST", 22: "EINVAL", 23: "ENFILE", 27: "EFBIG", 28: "ENOSPC", 38: "ENOSYS",
};

/** The name of a negative errno as programs print it. */
export function errno_name(r: number): string {
  return NAMES[-r] ?? `E${-r}`;
}
