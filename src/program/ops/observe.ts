// SPDX-License-Identifier: GPL-2.0-only
// Operations that only look.
import type { OpRow } from "../op.ts";

export const obs: OpRow = {
  name: "obs", args: [], help: "a snapshot of every mm", run: null,
};
