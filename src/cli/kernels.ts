// SPDX-License-Identifier: GPL-2.0-only
// `faultline kernels`: which kernel version has which patch.
import Table from "cli-table3";
import color from "picocolors";
import { patch_set, patches, VERSIONS } from "../kernel/patches.ts";
import type { Patch } from "../kernel/patches.ts";
import { examples } from "./command.ts";
import type { AddCommand } from "./command.ts";

const HELP = examples(
  "npx faultline kernels",
  "npx faultline fuzz --kernel v4.11 --apply dax-collision-v1",
  "npx faultline run x.case --kernel latest --revert dax-recheck-pmd",
);

function versionTable(): string {
  const rows: readonly Patch[] = patches;
  const sets = VERSIONS.map((version) => new Set<string>(patch_set(version, [], [])));
  const head = ["patch", ...VERSIONS];
  const style = { head: [], border: [], compact: true };
  const centred = VERSIONS.map(() => "center" as const);
  const table = new Table({ head, style, colAligns: ["left", ...centred] });
  for (const { id } of rows) {
    table.push([id, ...sets.map((set) => (set.has(id) ? color.green("x") : color.dim("-")))]);
  }
  return table.toString();
}

function describe({ id, toggle, since, source, help }: Patch): string {
  const when = since === null ? "proposed, never merged: take it with --apply" : `since ${since}`;
  return `${color.bold(id)}  (${toggle}; ${when})\n  ${help}\n  ${color.dim(source)}`;
}

export const addKernels: AddCommand = (program) => {
  program
    .command("kernels")
    .description("list kernel versions and patches")
    .addHelpText("after", HELP)
    .action(() => {
      const rows: readonly Patch[] = patches;
      console.log(`${versionTable()}\n\n${rows.map(describe).join("\n")}`);
      console.log("\n--revert takes a patch out of a version, --apply puts one in.");
    });
};
