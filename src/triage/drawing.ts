// SPDX-License-Identifier: GPL-2.0-only
// Draws the tree of one operation as rows: which calls get a line, and how deep they stand.
import { levelOf, markOf } from "./interest.ts";
import type { Context } from "./interest.ts";
import type { Frame, Leaf } from "./tree.ts";

export interface Row {
  at: number;
  task: number;
  depth: number;
  text: string;
  mark: string;
}

/** A frame worth a line of its own: the word it returned, unless its caller returned the same. */
function speaks(frame: Frame): boolean {
  return frame.returned !== null && frame.returned !== frame.parent?.returned;
}

export interface View {
  context: Context;
  level: number;
  /** Links of chains that are not drawn. */
  skipped: ReadonlySet<Frame>;
  /** Drawn frames that only lead to the next; filled while drawing. */
  links: Frame[];
}

/** Rows of one operation with everything up to the view's level. */
export function rowsOf(root: Frame, view: View): Row[] {
  const { context, level } = view;
  const kept = new Set<Frame>([root]);
  const keep = (frame: Frame): void => {
    for (let f: Frame | null = frame; f !== null && !kept.has(f); f = f.parent) kept.add(f);
  };
  const visit = (frame: Frame): void => {
    if (level >= 1 && speaks(frame)) keep(frame);
    for (const item of frame.items) {
      if (item.type === "frame") {
        if (item.at <= context.end || isPrimitive(item)) visit(item);
      } else if (levelOf(item, context) <= level) keep(frame);
    }
  };
  visit(root);
  const text = root.fn.replace(/^@\d+ /, "");
  const rows: Row[] = [{ at: root.at, task: root.task, depth: 0, text, mark: "" }];
  new Drawing(kept, view, rows).items(root, 0, true);
  return rows;
}

/** Draws the kept part of one tree. */
class Drawing {
  constructor(
    private readonly kept: ReadonlySet<Frame>,
    private readonly view: View,
    private readonly rows: Row[],
  ) {}

  /** `top`: nothing has been drawn yet but the operation. */
  items(frame: Frame, depth: number, top: boolean): void {
    for (const item of this.shown(frame)) {
      if (item.type === "frame") this.frame(item, depth, top);
      else this.leaf(item, depth, item.text);
    }
  }

  private leaf(leaf: Leaf, depth: number, text: string): void {
    const { at, task } = leaf;
    this.rows.push({ at, task, depth, text, mark: markOf(leaf, this.view.context) });
  }

  private frame(frame: Frame, depth: number, top: boolean): void {
    const shown = this.shown(frame);
    const { at, task, fn } = frame;
    const only = this.onlyLock(frame);
    if (isPrimitive(frame) && shown.length > 0) {
      // The call of a primitive is said by what it did.
      this.items(frame, depth, false);
    } else if (only !== null) {
      this.leaf(only, depth, `${fn}(): ${only.text}`);
    } else if (this.isSkipped(frame, top)) {
      this.items(frame, depth, top);
    } else {
      // A word for what it returns, unless lines follow that come before it returns.
      const word = speaks(frame) && shown.length === 0 ? ` - ${frame.returned}` : "";
      this.rows.push({ at, task, depth, text: `${fn}()${word}`, mark: "" });
      this.items(frame, depth + 1, false);
    }
  }

  private shown(frame: Frame): (Frame | Leaf)[] {
    const { context, level } = this.view;
    return frame.items.filter((item) =>
      item.type === "frame" ? this.kept.has(item) : levelOf(item, context) <= level,
    );
  }

  /** The lock that is all there is to show of `frame`. */
  private onlyLock(frame: Frame): Leaf | null {
    const items = this.shown(frame);
    if (items.length !== 1) return null;
    const [item] = items;
    if (item.type === "frame") return this.onlyLock(item);
    return item.kind === "lock" || item.kind === "unlock" ? item : null;
  }

  /** Calls that only lead to the next: the common way in, and some links of long chains. */
  private isSkipped(frame: Frame, top: boolean): boolean {
    const { context, links, skipped } = this.view;
    const items = this.shown(frame);
    const [next] = items;
    if (items.length !== 1 || next.type === "leaf" || isPrimitive(next)) return false;
    // The operation says how it came in; what all operations share says nothing.
    const isEntry = frame.parent?.parent === null;
    if (top && (isEntry || (context.callers.get(next.fn) ?? 0) > 1)) return true;
    links.push(frame);
    return skipped.has(frame);
  }
}

function isPrimitive(frame: Frame): boolean {
  return frame.items.length > 0 && frame.items.every((item) => item.type === "leaf");
}

