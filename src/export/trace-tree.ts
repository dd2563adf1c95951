import { compareHrTime, type HrTime } from '../core/clock.ts';
import type { ReadableSpan } from '../core/span.ts';

/** A span at its place in a trace. Times are nanoseconds since the trace began. */
export interface TraceNode {
  readonly span: ReadableSpan;
  readonly isOpen: boolean;
  readonly start: number;
  /** That of the whole trace while the span is open. */
  readonly end: number;
  readonly parent: TraceNode | undefined;
  /** In the order of their starts. */
  readonly children: TraceNode[];
}

/** The spans of a trace as a tree. */
export interface TraceTree {
  /** Each before what is below it, in the order of their starts. */
  readonly nodes: TraceNode[];
  /** Unix time. */
  readonly start: HrTime;
  /** Nanoseconds from the first start to the last end. */
  readonly length: number;
}

interface GrowingNode extends TraceNode {
  end: number;
  parent: GrowingNode | undefined;
  readonly children: GrowingNode[];
}

/** Of `spans`, which are at least one; of the open ones the end is that of the trace, as far as it is known. */
export function traceTree(ended: readonly ReadableSpan[], open: readonly ReadableSpan[]): TraceTree {
  // Read once: a span works its times out whenever it is asked.
  const placed = [...new Set([...ended, ...open])].map((span) => ({ span, startTime: span.startTime }));
  placed.sort((a, b) => compareHrTime(a.startTime, b.startTime));
  const start = placed[0].startTime;
  const nodes = placed.map(({ span, startTime }): GrowingNode => {
    const from = nanosSince(start, startTime);
    const end = Math.max(nanosSince(start, span.endTime), from);
    return { span, isOpen: !span.ended, start: from, end, parent: undefined, children: [] };
  });
  let length = 0;
  for (const { span, end, isOpen } of nodes) {
    length = Math.max(length, end);
    if (isOpen) for (const { time } of span.events) length = Math.max(length, nanosSince(start, time));
  }
  const byId = new Map<string, GrowingNode>();
  for (const node of nodes) {
    if (node.isOpen) node.end = length;
    const { spanId } = node.span.spanContext();
    // The first, should a generator give the same id twice.
    if (!byId.has(spanId)) byId.set(spanId, node);
  }
  for (const node of nodes) {
    const parent = byId.get(node.span.parentSpanContext?.spanId ?? '');
    if (parent === undefined || parent === node) continue;
    node.parent = parent;
    parent.children.push(node);
  }
  return { nodes: inDepth(nodes), start, length };
}

/** Each node once, before what is below it. */
function inDepth(nodes: readonly GrowingNode[]): TraceNode[] {
  const found = new Set<TraceNode>();
  const walk = (top: GrowingNode) => {
    // A stack of its own: a chain of spans may be longer than the call stack is deep.
    const stack = [top];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (found.has(node)) continue;
      found.add(node);
      for (let at = node.children.length - 1; at >= 0; at--) stack.push(node.children[at]);
    }
  };
  for (const node of nodes) if (node.parent === undefined) walk(node);
  for (const node of nodes) {
    if (found.has(node)) continue;
    // Its ancestors are its descendants, by a generator that is broken.
    node.parent = undefined;
    walk(node);
  }
  return [...found];
}

/** Nanoseconds from `start` to `time`. */
export function nanosSince(start: HrTime, time: HrTime): number {
  return (time[0] - start[0]) * 1e9 + time[1] - start[1];
}

/** What a span took by itself, in nanoseconds: while none below it ran. */
export function ownTime({ start, end, children }: TraceNode): number {
  let own = end - start;
  let until = start;
  for (const child of children) {
    const to = Math.min(child.end, end);
    if (to > until) own -= to - Math.max(child.start, until);
    until = Math.max(until, to);
  }
  return own;
}
