import { millisOf } from '../core/clock.ts';
import type { ReadableSpan, RecordingSpan } from '../core/span.ts';
import { ERROR } from '../core/status.ts';

/**
 * What the printer asks of spans beyond their interface, because that has no answer or a dear one: of hexadecimal digits and
 * objects nobody needs those of spans that are only counted. The printer of a page is a module by itself, in which the
 * short names of members are others, and so it is handed these.
 */
export interface LocalTrace {
  /** The top of what this process records of the trace. */
  rootOf(span: ReadableSpan): ReadableSpan;
  /** The open spans below a root, itself included; only itself where nobody keeps them. */
  openOf(root: ReadableSpan): readonly ReadableSpan[];
  /** When it has started, by the monotonic clock; `undefined` where somebody gave it a time. */
  startOf(span: ReadableSpan): number | undefined;
  /** How long it took, in milliseconds. */
  millisOf(span: ReadableSpan): number;
  hasFailed(span: ReadableSpan): boolean;
  /** A number of its own within the trace: 53 of the 64 bits of its id. */
  idOf(span: ReadableSpan): number;
  /** That of its parent; 0 where there is none. */
  parentIdOf(span: ReadableSpan): number;
}

export const localTrace: LocalTrace = {
  rootOf: (span) => (span as RecordingSpan)._root,
  openOf(root) {
    const spans = (root as RecordingSpan)._tracer._provider._openSpans?.list() ?? [];
    const below = spans.filter(({ _root, ended }) => _root === root && !ended);
    return root.ended || below.includes(root as RecordingSpan) ? below : [root, ...below];
  },
  startOf(span) {
    const { _start } = span as RecordingSpan;
    return typeof _start === 'number' ? _start : undefined;
  },
  millisOf(span) {
    const { _start, _end } = span as RecordingSpan;
    return typeof _start === 'number' && typeof _end === 'number' ? _end - _start : millisOf(span.duration);
  },
  hasFailed: (span) => (span as RecordingSpan)._status?.code === ERROR,
  idOf: (span) => wide((span as RecordingSpan)._idHigh, (span as RecordingSpan)._idLow),
  parentIdOf: (span) => wide((span as RecordingSpan)._parentHigh, (span as RecordingSpan)._parentLow),
};

function wide(high: number, low: number): number {
  return high * 2 ** 32 + (low >>> 0);
}
