// SPDX-License-Identifier: GPL-2.0-only
// The trace of one run: made only in a second, traced execution of the same case, for reports.
import { kindOf, run } from "./point.ts";
import type { Access } from "./point.ts";
import { listenToCalls, siteOf } from "./site.ts";

export type TraceEvent =
  /** An access: the task did something that another CPU can see. */
  | {
      type: "point";
      step: number;
      task: number;
      site: number;
      /** Kind of object ("pmd", "mmap_lock"), which one, and what was done to it. */
      object: string;
      id: number;
      name: string;
      access: Access;
    }
  | { type: "call"; task: number; fn: string; callee: string; site: number }
  | { type: "return"; task: number; fn: string; callee: string; value: unknown }
  /** State changed: `what` is the object's name, from and to as a kernel developer says it. */
  | { type: "change"; task: number; what: string; from: string; to: string }
  | { type: "release"; task: number; object: string; id: number; name: string }
  | { type: "block"; task: number; object: string; name: string }
  | { type: "wake"; task: number; tasks: number[]; name: string }
  | { type: "switch"; from: number; to: number; preempted: boolean }
  | { type: "op"; task: number; phase: Phase; text: string; result: string | null }
  | { type: "log"; task: number; text: string };

export type Phase = "setup" | "run" | "teardown";

/** What points and scheduler tell while a run is traced. */
export interface Recorder {
  point(task: number, site: number, kind: number, object: number): void;
  block(task: number, kind: number, object: number): void;
  wake(tasks: number, kind: number, object: number): void;
  switched(from: number, to: number, preempted: boolean): void;
}

export class Trace implements Recorder {
  readonly events: TraceEvent[] = [];

  point(task: number, site: number, kind: number, object: number): void {
    const { name, access, describe } = kindOf(kind);
    const step = run.step;
    this.events.push({
      type: "point", step, task, site, object: name, id: object, name: describe(object), access,
    });
  }

  block(task: number, kind: number, object: number): void {
    const { name, describe } = kindOf(kind);
    this.events.push({ type: "block", task, object: name, name: describe(object) });
  }

  wake(tasks: number, kind: number, object: number): void {
    const list = Array.from({ length: 16 }, (_, t) => t).filter((t) => (tasks >> t) & 1);
    const name = kindOf(kind).describe(object);
    this.events.push({ type: "wake", task: run.current, tasks: list, name });
  }

  switched(from: number, to: number, preempted: boolean): void {
    this.events.push({ type: "switch", from, to, preempted });
  }

  add(event: TraceEvent): void {
    this.events.push(event);
  }
}

let active: Trace | null = null;

/** True in a traced run; guard anything that builds strings. */
export function tracing(): boolean {
  return active !== null;
}

/** A lock was dropped or a reference put: no point, but the reader of a report wants to see it. */
export function traceRelease(kind: number, id: number): void {
  if (active === null) return;
  const { name, describe } = kindOf(kind);
  active.add({ type: "release", task: run.current, object: name, id, name: describe(id) });
}

/** `what` went from `from` to `to`. Call only when tracing(). */
export function traceChange(what: string, from: string, to: string): void {
  active?.add({ type: "change", task: run.current, what, from, to });
}

export function traceLog(text: string): void {
  active?.add({ type: "log", task: run.current, text });
}

export function traceOp(phase: Phase, text: string, result: string | null): void {
  active?.add({ type: "op", task: run.current, phase, text, result });
}

/** Starts (or with null ends) recording. */
export function recordTo(trace: Trace | null): void {
  active = trace;
  run.recorder = trace;
  listenToCalls(
    trace === null
      ? null
      : {
          call: (key) => {
            const { fn, callee } = siteOf(key);
            trace.add({ type: "call", task: run.current, fn, callee, site: key });
          },
          left: (key, value) => {
            const { fn, callee } = siteOf(key);
            trace.add({ type: "return", task: run.current, fn, callee, value });
          },
        },
  );
}
