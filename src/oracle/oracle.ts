// SPDX-License-Identifier: GPL-2.0-only
// What an oracle is: it listens to tracepoints and looks at the machine when nobody moves.

export interface Oracle {
  name: string;
  /** A machine has booted: forget the last one, and hang on to the tracepoints. */
  reset(): void;
  /** No task is inside a system call or a fault. */
  quiescent?(): void;
  /** Every task has exited. */
  end?(): void;
}
