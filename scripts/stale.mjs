// SPDX-License-Identifier: GPL-2.0-only
// Tells whether .build still matches the sources; plain JavaScript, because every command asks.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const FOLDERS = ["src", "fuzz", "scripts"];
const FILES = ["package.json", "package-lock.json"];

/** @param {string} name */
function isInput(name) {
  return /\.(ts|mjs|json)$/.test(name) && !name.endsWith(".test.ts");
}

/**
 * @param {string} root
 * @param {string} folder
 * @param {string[]} found
 */
function collect(root, folder, found) {
  /** @type {import("node:fs").Dirent[]} */
  let entries = [];
  try {
    entries = readdirSync(join(root, folder), { withFileTypes: true });
  } catch {
    return; // A folder that is not there has no inputs.
  }
  for (const entry of entries) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) collect(root, path, found);
    else if (isInput(entry.name)) found.push(path);
  }
}

/**
 * One line per input with its size and time: equal text means equal inputs, also after a checkout
 * that made files older.
 * @param {string} root
 * @returns {string}
 */
export function inputsOf(root) {
  const found = [...FILES];
  for (const folder of FOLDERS) collect(root, folder, found);
  const lines = found.sort().map((path) => {
    const stat = statSync(join(root, path), { throwIfNoEntry: false });
    return stat === undefined ? path : `${path} ${stat.size} ${stat.mtimeMs}`;
  });
  return lines.join("\n");
}

/**
 * What the last finished build wrote down: its inputs and the files it made.
 * @param {string} root
 * @returns {{ inputs: string, files: string[] }}
 */
export function readStamp(root) {
  try {
    return JSON.parse(readFileSync(join(root, ".build/stamp.json"), "utf8"));
  } catch {
    return { inputs: "", files: [] };
  }
}

/**
 * @param {string} root
 * @returns {boolean}
 */
export function isStale(root) {
  return readStamp(root).inputs !== inputsOf(root);
}
