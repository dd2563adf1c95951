import type { ReadableSpan, RecordingSpan } from '../core/span.ts';

// What of a trace is in this process, as those ask who know spans by their interface only.

/** The top of what is recorded here. */
export function rootOf(span: ReadableSpan): ReadableSpan {
  return (span as RecordingSpan)._root;
}

/** The open spans below a root, itself included; itself only where nobody keeps them. */
export function openOf(root: ReadableSpan): ReadableSpan[] {
  const spans = (root as RecordingSpan)._tracer._provider._openSpans?.list() ?? [];
  const below = spans.filter(({ _root, ended }) => _root === root && !ended);
  return below.includes(root as RecordingSpan) || root.ended ? below : [root, ...below];
}

/** When a span has started, by the monotonic clock; `undefined` where somebody gave it a time. */
export function startOf(span: ReadableSpan): number | undefined {
  const { _start } = span as RecordingSpan;
  return typeof _start === 'number' ? _start : undefined;
}
