// SPDX-License-Identifier: GPL-2.0-only
// What the scheduler keeps of a task: its generator and how it last stopped.
import type { Preemptible } from "./point.ts";

export interface Task {
  /** Also its CPU and its bit in masks. */
  id: number;
  body: Preemptible<void> | null;
  /** True while it stands at a point whose access has not happened yet. */
  atPoint: boolean;
}
