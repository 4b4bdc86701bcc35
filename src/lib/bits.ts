// SPDX-License-Identifier: GPL-2.0-only
// Sets of tasks as bit masks.

/** The lowest member, or -1 of the empty set. */
export function lowest(mask: number): number {
  return mask === 0 ? -1 : 31 - Math.clz32(mask & -mask);
}

export function size(mask: number): number {
  let n = 0;
  for (let m = mask; m !== 0; m &= m - 1) n++;
  return n;
}

/** The `n`-th member, counted from 0 and from the lowest. */
export function member(mask: number, n: number): number {
  let m = mask;
  for (let i = 0; i < n; i++) m &= m - 1;
  return lowest(m);
}

export function members(mask: number): number[] {
  const list: number[] = [];
  for (let m = mask; m !== 0; m &= m - 1) list.push(lowest(m));
  return list;
}
