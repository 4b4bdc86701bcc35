// SPDX-License-Identifier: GPL-2.0-only
// Hand-written cases as the first inputs of a corpus: on every kernel of the campaign.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeRecords } from "../../program/bytes.ts";
import type { Target } from "../../program/target.ts";
import { parseCase } from "../../program/text.ts";
import { attempt } from "../command.ts";
import { findInputs } from "../input.ts";

/** Cases of `folder` that the records of `target` can say; returns how many inputs they made. */
export function plantSeeds(folder: string, target: Target, corpus: string): number {
  if (!existsSync(folder)) return 0;
  let planted = 0;
  for (const path of findInputs(folder)) {
    if (!path.endsWith(".case")) continue;
    const c = parseCase(attempt("read", path, () => readFileSync(path, "utf8")), path);
    for (const config of target.configs) {
      const bytes = encodeRecords({ ...c, config }, target);
      if (bytes === null) continue;
      const file = join(corpus, createHash("sha1").update(bytes).digest("hex"));
      attempt("write", file, () => writeFileSync(file, bytes));
      planted++;
    }
  }
  return planted;
}
