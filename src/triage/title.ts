// SPDX-License-Identifier: GPL-2.0-only
// Titles of findings without what changes from run to run: one table of rules, in syzkaller's way.

interface Rule {
  match: RegExp;
  put: string;
}

/** Applied in order; a later rule sees the placeholders of the earlier ones. */
const RULES: readonly Rule[] = [
  // In the log, what only an observer saw is marked as ours.
  { match: /^faultline: /, put: "" },
  // Offsets in functions and lines of files move with every edit.
  { match: /\+0x[0-9a-f]+\/0x[0-9a-f]+/g, put: "" },
  { match: /(\.(?:c|h|S|ts)):\d+(?::\d+)?/g, put: "$1:LINE" },
  // Page-table entries are 16 hexadecimal digits and say nothing about which bug it is.
  { match: /\b(bad p[gum4]d )\S+?\([0-9a-f]{1,16}\)/g, put: "$1(ptrval)(ENTRY)" },
  { match: /\b((?:pgd|p4d|pud|pmd|pte):)[0-9a-f]{8,16}\b/g, put: "$1ENTRY" },
  // Pointers: raw, hashed by %p, or already withheld.
  { match: /\(_*ptrval_*\)/g, put: "(ptrval)" },
  { match: /\b(mm:)(?:0x)?[0-9a-f]+\b/g, put: "$1(ptrval)" },
  { match: /\b(?:0x)?[0-9a-f]{16}\b/g, put: "(ptrval)" },
  { match: /\b0x[0-9a-f]+\b/g, put: "0xN" },
  // Who it was: names of processes, tasks and CPUs.
  { match: /\b(in process )\S+( +)(?=p(?:te|fn):)/g, put: "$1NAME$2" },
  { match: /\b(by task )\S+\/\d+/g, put: "$1NAME/N" },
  { match: /\b(task )\S+:\d+/g, put: "$1NAME:N" },
  { match: /\b(CPU)#\d+/g, put: "$1#N" },
  { match: /(, [\w.-]+)\/\d+\b/g, put: "$1/N" },
  { match: /\b(pfn:)[0-9a-f]+\b/g, put: "$1N" },
  // Amounts. An index or a type names the counter: two counters are two bugs.
  { match: /(?<=[\s:=(])(?<!\b(?:idx|type)[:=])-?\d+(?![\w.])/g, put: "N" },
];

/** The kernel's text, byte for byte, but for pointers, numbers, pids and entries. */
export function normaliseTitle(title: string): string {
  let text = title.trim();
  for (const { match, put } of RULES) text = text.replace(match, put);
  return text;
}
