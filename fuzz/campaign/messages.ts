// SPDX-License-Identifier: GPL-2.0-only
// The worker's side of the pipe to its campaign.
import { writeSync } from "node:fs";
import type { Message } from "../../src/triage/messages.ts";
import { StopFuzzing } from "../engine.ts";

/** The pipe to the campaign, beside stdin, stdout and stderr. */
const PIPE = 3;

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** Writes at once: libFuzzer's loop never lets Node's own queue run. */
export function send(message: Message): void {
  let rest = Buffer.from(`${JSON.stringify(message)}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(PIPE, rest));
    } catch (error) {
      // Nobody listens any more: the campaign was killed, and its workers go too.
      if (isCode(error, "EPIPE") || isCode(error, "EBADF")) throw new StopFuzzing();
      if (!isCode(error, "EAGAIN")) throw error;
    }
  }
}
