// SPDX-License-Identifier: GPL-2.0-only
// Our own parsers under plain Jazzer: any bytes are a case that prints and encodes back to itself,
// and any text is a case or an error that says where.
import { UserError } from "../src/lib/assert.ts";
import { bytesAreTotal, caseText } from "../src/program/laws.ts";
import { dax, machine } from "../src/program/targets.ts";
import { parseCase } from "../src/program/text.ts";

function textIsCaseOrError(text: string): void {
  try {
    caseText(parseCase(text, "fuzz"));
  } catch (error) {
    if (error instanceof UserError && /^fuzz:\d+:\d+: expected /.test(error.message)) return;
    throw error;
  }
}

export function fuzz(data: Uint8Array): void {
  for (const target of [dax, machine]) bytesAreTotal(data, target);
  textIsCaseOrError(new TextDecoder().decode(data));
}
