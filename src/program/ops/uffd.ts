// SPDX-License-Identifier: GPL-2.0-only
// userfaultfd: making one, registering ranges with it, resolving faults, reading events.
import type { Arg, OpRow } from "../op.ts";
import { N, P, U, V, flags, word } from "./args.ts";

/** The index is UFFDIO_REGISTER's mode mask (missing 1, wp 2, minor 4); "-" is the illegal none. */
const MODE: Arg = word("MODE", "- m w mw n mn wn mwn");

export const uffd: OpRow = {
  name: "uffd",
  args: [U, flags("sigbus events wpu async fork minor poison")],
  help: "opens userfaultfd U with these features",
  run: null,
};

export const ureg: OpRow = {
  name: "ureg",
  args: [U, MODE, P, N],
  alsoOrder: [0, 2, 3, 1],
  help: "registers the range",
  run: null,
};

export const uunreg: OpRow = {
  name: "uunreg", args: [U, P, N], help: "unregisters the range", run: null,
};

export const uwake: OpRow = {
  name: "uwake", args: [U, P, N], help: "wakes who waits for a fault in the range", run: null,
};

export const ucopy: OpRow = {
  name: "ucopy",
  args: [U, P, N, V, flags("wp nowake")],
  help: "resolves missing faults with pages full of v",
  run: null,
};

export const uzero: OpRow = {
  name: "uzero", args: [U, P, N], help: "resolves missing faults with zero pages", run: null,
};

export const uwp: OpRow = {
  name: "uwp",
  args: [U, P, N, word("ON", "0 1")],
  help: "write-protects the range (1) or lifts it (0)",
  run: null,
};

export const ucont: OpRow = {
  name: "ucont", args: [U, P, N, flags("wp")], help: "resolves minor faults", run: null,
};

export const upoison: OpRow = {
  name: "upoison", args: [U, P, N], help: "poisons the range", run: null,
};

export const umove: OpRow = {
  name: "umove",
  args: [
    U, { ...P, name: "DST" }, { ...P, name: "SRC" }, N, flags("holes"),
  ],
  help: "moves pages from SRC to DST",
  run: null,
};

export const uread: OpRow = {
  name: "uread", args: [U], help: "reads the next event, without waiting", run: null,
};

export const uclose: OpRow = {
  name: "uclose", args: [U], help: "closes the userfaultfd", run: null,
};
