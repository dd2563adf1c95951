import type { Attributes, AttributeValue } from '../core/attributes.ts';
import { compareHrTime, type HrTime, hrDuration, millisOf } from '../core/clock.ts';
import type { ReadableSpan } from '../core/span.ts';
import { SpanStatusCode } from '../core/status.ts';
import { cut } from '../core/text.ts';

// A value longer than this is cut, so that a span stays a line.
const MAX_VALUE = 60;
// A chain of spans that is deeper goes straight down, so that its text does not grow with the square of its length.
const MAX_INDENT = 150;
// What could move a cursor, colour a terminal or turn the direction of a line.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is to be kept out
export const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * A trace for people: a line with its id, service, start and length, then a line a span, children below their
 * parent in the order in which they started.
 */
export function traceTree(spans: readonly ReadableSpan[], note: string): string {
  const children = new Map<string, ReadableSpan[]>();
  const known = new Set(spans.map((span) => span.spanContext().spanId));
  const tops: ReadableSpan[] = [];
  for (const span of [...spans].sort((a, b) => compareHrTime(a.startTime, b.startTime))) {
    const parent = span.parentSpanContext?.spanId;
    if (parent === undefined || !known.has(parent)) {
      tops.push(span);
      continue;
    }
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [span]);
    else siblings.push(span);
  }
  const lines = [headline(spans, tops[0], note)];
  // A stack of its own: a chain of spans may be longer than the call stack is deep.
  const stack = tops.reverse().map((span) => ({ span, indent: '  ', branch: '', below: '' }));
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { span, indent, branch, below } = next;
    lines.push(`${indent}${branch}${spanLine(span)}`);
    const { spanId } = span.spanContext();
    const under = children.get(spanId) ?? [];
    // Once only, should a generator give the same id twice.
    children.delete(spanId);
    const deeper = indent.length < MAX_INDENT ? indent + below : indent;
    for (let at = under.length - 1; at >= 0; at--) {
      const isLast = at === under.length - 1;
      stack.push({ span: under[at], indent: deeper, branch: isLast ? '└─ ' : '├─ ', below: isLast ? '   ' : '│  ' });
    }
  }
  return lines.join('\n');
}

function headline(spans: readonly ReadableSpan[], first: ReadableSpan, note: string): string {
  const end = spans.reduce(
    (latest, { endTime }) => (compareHrTime(endTime, latest) > 0 ? endTime : latest),
    first.endTime,
  );
  const service = first.resource.attributes['service.name'];
  const parts = [
    `trace ${first.spanContext().traceId}`,
    ...(service === undefined ? [] : [printable(String(service))]),
    new Date(millisOf(first.startTime)).toISOString(),
    durationText(hrDuration(first.startTime, end)),
    `${spans.length} ${spans.length === 1 ? 'span' : 'spans'}`,
  ];
  return `${parts.join('  ')}${note === '' ? '' : `  (${note})`}`;
}

function spanLine(span: ReadableSpan): string {
  const { status } = span;
  const parts = [printable(span.name), durationText(span.duration)];
  if (status.code === SpanStatusCode.ERROR) parts.push(`ERROR${status.message ? ` ${valueText(status.message)}` : ''}`);
  else if (status.code === SpanStatusCode.OK) parts.push('OK');
  parts.push(...attributeTexts(span.attributes));
  const events = new Map<string, number>();
  for (const { name } of span.events) events.set(name, (events.get(name) ?? 0) + 1);
  for (const [name, count] of events) parts.push(`[${printable(name)}${count > 1 ? ` x${count}` : ''}]`);
  return parts.join('  ');
}

function attributeTexts(attributes: Attributes): string[] {
  return Object.entries(attributes).map(([key, value]) => `${printable(key)}=${valueText(value)}`);
}

function valueText(value: AttributeValue | null | undefined): string {
  if (typeof value === 'string') {
    const text = shortened(value);
    return /^[\w.,:;/@+-]+$/.test(text) ? text : printable(JSON.stringify(text));
  }
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  if (typeof value === 'object') {
    return printable(shortened(JSON.stringify(value, nestedValue)));
  }
  return String(value);
}

/** Shortened before they are put together: a value may be larger than any string. */
function nestedValue(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return shortened(value);
  if (typeof value === 'bigint') return String(value);
  return value instanceof Uint8Array ? `<${value.length} bytes>` : value;
}

function shortened(text: string): string {
  return text.length > MAX_VALUE ? `${cut(text, MAX_VALUE)}…` : text;
}

function printable(text: string): string {
  return text.replace(UNPRINTABLE, '\ufffd');
}

function durationText(duration: HrTime): string {
  const millis = millisOf(duration);
  if (millis < 1) return `${Math.round(millis * 1000)} µs`;
  if (millis < 1_000) return `${millis.toFixed(millis < 100 ? 1 : 0)} ms`;
  if (millis < 60_000) return `${(millis / 1_000).toFixed(2)} s`;
  const seconds = Math.round(millis / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
