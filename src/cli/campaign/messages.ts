// SPDX-License-Identifier: GPL-2.0-only
// The campaign's side of the pipe to a worker.
import type { Message } from "../../triage/messages.ts";

/** Null for a line that no worker of ours wrote. */
export function parseMessage(line: string): Message | null {
  try {
    const value: unknown = JSON.parse(line);
    const known = typeof value === "object" && value !== null && "type" in value;
    return known ? (value as Message) : null;
  } catch {
    return null;
  }
}
