// SPDX-License-Identifier: GPL-2.0-only
// @types/seedrandom does not describe the single-algorithm entry points.
declare module "seedrandom/lib/xor128.js" {
  export default function xor128(seed: number): { int32(): number };
}
