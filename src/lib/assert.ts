// SPDX-License-Identifier: GPL-2.0-only
// Our own faults: an InternalError is a bug in Faultline, never a finding about the kernel.

export class InternalError extends Error {
  constructor(message: string) {
    super(`[faultline] ${message}`);
    this.name = "InternalError";
  }
}

/** Bad input from the user: one clear sentence, exit code 1, no stack trace. */
export class UserError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UserError";
  }
}

/** Throws InternalError unless `condition` holds. The message says what was believed. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InternalError(message);
}
