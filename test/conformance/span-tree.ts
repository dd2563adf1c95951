import type { DecodedSpan } from '../oracle/otlp.ts';

/**
 * Returns the names of spans, followed by their children in parentheses, in the order in which they started:
 * `outer(first, second(third))`. Traces are separated by spaces. A `?` marks a span whose parent is missing.
 */
export function treeOf(spans: readonly DecodedSpan[]): string {
  const byId = new Map(spans.map((span) => [idOf(span.traceId, span.spanId), span]));
  const sorted = [...byId.values()].sort((one, other) =>
    one.startTimeUnixNano < other.startTimeUnixNano ? -1 : one.startTimeUnixNano > other.startTimeUnixNano ? 1 : 0,
  );
  const shown = (span: DecodedSpan): string => {
    const children = sorted.filter(
      ({ traceId, parentSpanId }) => traceId === span.traceId && parentSpanId === span.spanId,
    );
    return children.length === 0 ? span.name : `${span.name}(${children.map(shown).join(', ')})`;
  };
  return sorted
    .filter(({ traceId, parentSpanId }) => !byId.has(idOf(traceId, parentSpanId)))
    .map((span) => (span.parentSpanId === '' ? '' : '?') + shown(span))
    .join(' ');
}

function idOf(traceId: string, spanId: string): string {
  return `${traceId}-${spanId}`;
}
