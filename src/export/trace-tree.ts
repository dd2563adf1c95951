import { compareHrTime, hrDuration, millisOf } from '../core/clock.ts';
import type { ReadableSpan } from '../core/span.ts';

/** A span at its place in a trace. Its times are in milliseconds since the trace began. */
export interface TreeRow {
  readonly span: ReadableSpan;
  /** The parent span, if it is present. */
  readonly parent: ReadableSpan | undefined;
  readonly start: number;
  readonly end: number;
  /** The time not spent in a child, in milliseconds. */
  readonly self: number;
  /** Whether a sibling follows, for each span above except the top, and for the span itself. */
  readonly followed: readonly boolean[];
  readonly hasChildren: boolean;
  /** 0 at the top. */
  readonly depth: number;
  /** True if the span has not ended. */
  readonly isOpen: boolean;
}

/** The spans of a trace, or of a part of it. */
export interface TraceTree {
  /** Never empty. Children are below their parent, in the order in which they started. */
  readonly rows: readonly TreeRow[];
  /** The duration of the whole, in milliseconds. */
  readonly total: number;
}

// In a deeper chain, `followed` keeps only the deepest levels: otherwise its size grows with the square of the depth.
const MAX_LEVELS = 64;

/**
 * @param ended - At least one span, in any order. Parents may be missing.
 * @param open - Open spans above or beside them.
 */
export function traceTree(ended: readonly ReadableSpan[], open: readonly ReadableSpan[] = []): TraceTree {
  const spans = [...open, ...ended];
  const children = new Map<string, ReadableSpan[]>();
  const known = new Set(spans.map((span) => span.spanContext().spanId));
  const sorted = [...spans].sort((a, b) => compareHrTime(a.startTime, b.startTime));
  const origin = sorted[0].startTime;
  const tops: ReadableSpan[] = [];
  for (const span of sorted) {
    const parent = span.parentSpanContext?.spanId;
    if (parent === undefined || !known.has(parent)) {
      tops.push(span);
      continue;
    }
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [span]);
    else siblings.push(span);
  }
  const startOf = (span: ReadableSpan) => millisOf(hrDuration(origin, span.startTime));
  const ownEndOf = (span: ReadableSpan) => startOf(span) + millisOf(span.duration);
  const total = spans.reduce((latest, span) => Math.max(latest, ownEndOf(span)), 0);
  const endOf = (span: ReadableSpan) => (open.includes(span) ? total : ownEndOf(span));
  const rows: TreeRow[] = [];
  // An explicit stack: a chain of spans may be deeper than the call stack.
  const stack: Pick<TreeRow, 'span' | 'parent' | 'depth' | 'followed'>[] = [];
  const startAt = (spans: readonly ReadableSpan[]) => {
    for (const span of [...spans].reverse()) stack.push({ span, parent: undefined, depth: 0, followed: [] });
  };
  startAt(tops);
  while (rows.length < spans.length) {
    const next = stack.pop();
    if (next === undefined) {
      // Broken ids have made spans their own ancestors. One of them has to be the first.
      const [[parent, under]] = children;
      children.delete(parent);
      startAt(under);
      continue;
    }
    const { span, parent, depth, followed } = next;
    const { spanId } = span.spanContext();
    const under = children.get(spanId) ?? [];
    // Used once only, in case an id generator returns the same id twice.
    children.delete(spanId);
    const [start, end] = [startOf(span), endOf(span)];
    // Overlapping children count once.
    let self = end - start;
    let seen = start;
    for (const child of under) {
      // A child may start after its parent has ended.
      const from = Math.max(startOf(child), seen);
      const until = Math.min(endOf(child), end);
      if (until > from) {
        self -= until - from;
        seen = until;
      }
    }
    rows.push({
      span,
      parent,
      start,
      end,
      self,
      followed,
      hasChildren: under.length > 0,
      depth,
      isOpen: open.includes(span),
    });
    const above = followed.length < MAX_LEVELS ? followed : followed.slice(1);
    for (let at = under.length - 1; at >= 0; at--) {
      stack.push({ span: under[at], parent: span, depth: depth + 1, followed: [...above, at < under.length - 1] });
    }
  }
  return { rows, total };
}
