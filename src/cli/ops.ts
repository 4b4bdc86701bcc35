// SPDX-License-Identifier: GPL-2.0-only
// `faultline ops`: the operations of the case language.
import color from "picocolors";
import { UserError } from "../lib/assert.ts";
import type { OpRow } from "../program/op.ts";
import { opRows } from "../program/ops/index.ts";
import { usage } from "../program/text.ts";
import { examples } from "./command.ts";
import type { AddCommand } from "./command.ts";

function describe(row: OpRow): string {
  const mark = row.run === null ? color.yellow(" (unimplemented)") : "";
  return `${color.bold(usage(row))}${mark}\n    ${row.help}`;
}

export const addOps: AddCommand = (program) => {
  program
    .command("ops")
    .description("list the operations of the case language")
    .argument("[name...]", "only these")
    .addHelpText("after", examples("npx faultline ops", "npx faultline ops mmap madvise"))
    .action((wanted: string[]) => {
      for (const name of wanted) {
        if (!opRows.some((row) => row.name === name)) {
          throw new UserError(`there is no operation "${name}"; \`faultline ops\` lists them`);
        }
      }
      const rows = wanted.length === 0 ? opRows : opRows.filter((r) => wanted.includes(r.name));
      console.log(rows.map(describe).join("\n"));
      if (wanted.length > 0) return;
      const missing = opRows.filter((row) => row.run === null).length;
      console.log(`\n${opRows.length} operations, ${missing} of them unimplemented.`);
    });
};
