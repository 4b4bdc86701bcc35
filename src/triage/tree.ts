// SPDX-License-Identifier: GPL-2.0-only
// The run part of a trace as one tree of calls for each operation, with what happened in them.
import type { Trace, TraceEvent } from "../sched/trace.ts";
import type { RunPart } from "./timeline.ts";

/** A word for what a function returned ("FALLBACK"), or null when it is not worth one. */
export type DescribeReturn = (fn: string, value: unknown) => string | null;

export type LeafKind = "read" | "write" | "lock" | "unlock" | "change" | "wait" | "log";

export interface Leaf {
  type: "leaf";
  kind: LeafKind;
  at: number;
  task: number;
  /** Kind and number of the object, "" for a log line. */
  object: string;
  id: number;
  text: string;
}

/** A call, or (without parent) an operation. */
export interface Frame {
  type: "frame";
  at: number;
  task: number;
  parent: Frame | null;
  /** As called, and the name of the function that then ran (`fault` may be ext4_dax_fault). */
  callee: string;
  fn: string;
  returned: string | null;
  items: (Frame | Leaf)[];
}

/** Keeps the open frame of each task while events are read in order. */
class Builder {
  readonly roots: Frame[] = [];
  private readonly open = new Map<number, Frame>();

  constructor(
    private readonly describe: DescribeReturn,
    private readonly states: ReadonlyMap<number, string>,
  ) {}

  add(event: TraceEvent, at: number): void {
    switch (event.type) {
      case "op":
        if (event.result === null) this.begin(at, event.task, event.text, null);
        else this.open.delete(event.task);
        return;
      case "call": {
        const parent = this.frame(event.task, at);
        if (parent.parent !== null) parent.fn = event.fn;
        this.begin(at, event.task, event.callee, parent);
        return;
      }
      case "return":
        this.end(event.task, event.callee, event.value, at);
        return;
      case "switch":
      case "wake":
        return;
      default:
        this.leaf(event, at);
    }
  }

  private begin(at: number, task: number, callee: string, parent: Frame | null): void {
    const frame: Frame = {
      type: "frame", at, task, parent, callee, fn: callee, returned: null, items: [],
    };
    if (parent === null) this.roots.push(frame);
    else parent.items.push(frame);
    this.open.set(task, frame);
  }

  /** The open frame; a hand-made trace may begin in the middle of one. */
  private frame(task: number, at: number): Frame {
    if (!this.open.has(task)) this.begin(at, task, `task ${task}`, null);
    return this.open.get(task)!;
  }

  private end(task: number, callee: string, value: unknown, at: number): void {
    const frame = this.frame(task, at);
    if (frame.parent === null || frame.callee !== callee) return;
    frame.returned = this.describe(callee, value);
    this.open.set(task, frame.parent);
  }

  private leaf(event: Extract<TraceEvent, { task: number }>, at: number): void {
    // What observers say between operations stands in the log.
    if (event.type === "log" && !this.open.has(event.task)) return;
    const parent = this.frame(event.task, at);
    const base = { type: "leaf" as const, at, task: event.task, object: "", id: 0 };
    const push = (kind: LeafKind, text: string, object = "", id = 0): void => {
      parent.items.push({ ...base, kind, text, object, id });
    };
    if (event.type === "log") push("log", event.text);
    if (event.type === "block") push("wait", `waits for ${event.name}`, event.object);
    if (event.type === "release") push("unlock", `unlock(${event.name})`, event.object, event.id);
    if (event.type === "change") push("change", changeText(event), event.what);
    if (event.type === "point") {
      const { object, id, name, access } = event;
      if (access === "acquire") push("lock", `lock(${name})`, object, id);
      if (access === "read") push("read", `reads ${name}${this.stateAt(at)}`, object, id);
      if (access === "write") push("write", `writes ${name}`, object, id);
    }
  }

  private stateAt(at: number): string {
    const state = this.states.get(at);
    return state === undefined ? "" : `: ${state}`;
  }
}

function changeText({ what, from, to }: { what: string; from: string; to: string }): string {
  return `${what}: ${from} -> ${to}`;
}

/** What each read of an object met, as far as changes of that object tell. */
function statesRead(trace: Trace, part: RunPart): Map<number, string> {
  const states = new Map<number, string>();
  const now = new Map<string, string>();
  const early = new Map<string, number[]>();
  for (let at = part.from; at < part.to; at++) {
    const event = trace.events[at];
    if (event.type === "point" && event.access === "read") {
      const state = now.get(event.name);
      if (state !== undefined) states.set(at, state);
      else early.set(event.name, [...(early.get(event.name) ?? []), at]);
    } else if (event.type === "change") {
      // What an object changes from is what all earlier reads of it have met.
      for (const read of early.get(event.what) ?? []) states.set(read, event.from);
      early.delete(event.what);
      now.set(event.what, event.to);
    }
  }
  return states;
}

/** One tree for each operation of the run part, in the order in which they began. */
export function callTrees(trace: Trace, part: RunPart, describe: DescribeReturn): Frame[] {
  const builder = new Builder(describe, statesRead(trace, part));
  for (let at = part.from; at < part.to; at++) builder.add(trace.events[at], at);
  for (const root of builder.roots) joinLines(root);
  return builder.roots;
}

/** A write and the change it made are one line; so are a lock and the wait for it. */
function joinLines(frame: Frame): void {
  const joined: (Frame | Leaf)[] = [];
  let last: Leaf | null = null;
  for (const item of frame.items) {
    if (item.type === "frame") {
      joinLines(item);
      last = null;
    } else if (item.kind === "change" && last?.kind === "write") {
      last.text = item.text;
      last = null;
      continue;
    } else if (item.kind === "wait" && last?.kind === "lock" && last.object === item.object) {
      last.kind = "wait";
      last.text += " waits";
      continue;
    } else last = item;
    joined.push(item);
  }
  frame.items = joined;
}
