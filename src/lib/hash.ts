// SPDX-License-Identifier: GPL-2.0-only
// Small integer hashes (FNV-1a and a murmur-style finaliser): identities and features, nothing
// secure.

/** One mixing step: folds `value` into the 32-bit `hash`. */
export function mix(hash: number, value: number): number {
  return Math.imul(hash ^ value, 0x01000193) ^ (hash >>> 15);
}

/** Spreads the bits of a 32-bit integer over the whole word; result is unsigned. */
export function spread(value: number): number {
  let h = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** FNV-1a over the UTF-16 units of `text`; unsigned 32 bits. */
export function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** `value` as eight lower-case hexadecimal digits. */
export function hex8(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}
