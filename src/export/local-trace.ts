import { isEndWatched } from '#platform';
import { millisOf } from '../core/clock.ts';
import type { ReadableSpan, RecordingSpan } from '../core/span.ts';
import { ERROR } from '../core/status.ts';

/**
 * What the printer needs from spans but their interface lacks or makes expensive: hexadecimal ids and objects would be
 * wasted on spans that are only counted. In pages, the printer is a separate module in which private members have other
 * mangled names, so it receives these functions as an argument.
 */
export interface LocalTrace {
  /** The local root: the topmost span of the trace that this process records. */
  rootOf(span: ReadableSpan): ReadableSpan;
  /** The open spans below a root, including the root itself; only the root if open spans are not tracked. */
  openOf(root: ReadableSpan): readonly ReadableSpan[];
  /**
   * True if a span below this root is open, and printing may wait because the end of the process is watched; false if
   * open spans are not tracked, or are too many to search.
   */
  hasOpenBelow(root: ReadableSpan): boolean;
  /** When the span started, by the monotonic clock; `undefined` if it was given a start time. */
  startOf(span: ReadableSpan): number | undefined;
  /** The duration in milliseconds. */
  millisOf(span: ReadableSpan): number;
  hasFailed(span: ReadableSpan): boolean;
  /** A number that identifies the span within the trace: 53 of the 64 bits of its id. */
  idOf(span: ReadableSpan): number;
  /** The number of the parent; 0 if there is none. */
  parentIdOf(span: ReadableSpan): number;
}

export const localTrace: LocalTrace = {
  rootOf: (span) => (span as RecordingSpan)._root,
  openOf(root) {
    const spans = (root as RecordingSpan)._tracer._provider._openSpans?.list() ?? [];
    const below = spans.filter(({ _root, ended }) => _root === root && !ended);
    return root.ended || below.includes(root as RecordingSpan) ? below : [root, ...below];
  },
  hasOpenBelow: (root) =>
    isEndWatched() && (root as RecordingSpan)._tracer._provider._openSpans?._hasBelow(root as RecordingSpan) === true,
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
