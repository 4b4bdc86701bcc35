// SPDX-License-Identifier: GPL-2.0-only
// The kernel log and the ways in which a kernel says that something is wrong.
// Models: lib/bug.c, kernel/panic.c, kernel/printk. Reduced: no registers, no stack dump.
import { traceLog } from "../sched/trace.ts";

/** A fatal finding: the kernel stops here. Caught only by execute(). */
export class KernelBug extends Error {
  constructor(readonly title: string) {
    super(title);
  }
}

export const log = {
  /** Every message, in order. */
  lines: [] as string[],
  /** Messages that are findings by themselves; the first is the title of the run. */
  findings: [] as string[],
  /** What only an observer from outside can see; a title when the kernel itself said nothing. */
  observed: [] as string[],
};

export function log_reset(): void {
  if (log.lines.length === 0) return;
  log.lines.length = 0;
  log.findings.length = 0;
  log.observed.length = 0;
}

/** A line of the kernel log that is no finding. */
export function printk(text: string): void {
  log.lines.push(text);
  traceLog(text);
}

/** A message by which Linux reports a bug and goes on ("BUG: ...", "bad pmd"). */
export function pr_bug(text: string): void {
  printk(text);
  log.findings.push(text);
}

/** An oracle saw what no kernel would notice. Said once a run for each text. */
export function observe(text: string): void {
  if (log.observed.includes(text)) return;
  printk(`faultline: ${text}`);
  log.observed.push(text);
}

/** Stops the kernel with `text` as the title. */
export function panic(text: string): never {
  printk(text);
  throw new KernelBug(text);
}

/** `expression` as written in the C source, `where` its file; line numbers are not modelled. */
export function VM_BUG_ON(condition: boolean, expression: string, where: string): void {
  if (!condition) return;
  printk(`kernel BUG at ${where}!`);
  panic(`BUG: VM_BUG_ON(${expression}) at ${where}`);
}

/** VM_BUG_ON_PAGE: prints the page's state first. */
export function VM_BUG_ON_PAGE(condition: boolean, expression: string, where: string): void {
  if (!condition) return;
  printk(`page dumped because: VM_BUG_ON_PAGE(${expression})`);
  VM_BUG_ON(true, expression, where);
}

/** WARN_ON_ONCE at `where` in function `fn`. */
export function WARN_ON_ONCE(condition: boolean, where: string, fn: string): boolean {
  const text = `WARNING: at ${where} ${fn}`;
  if (condition && !log.findings.includes(text)) pr_bug(text);
  return condition;
}
