import type { Attributes, AttributeValue } from '../core/attributes.ts';
import { millisOf } from '../core/clock.ts';
import type { ReadableSpan } from '../core/span.ts';
import { SpanStatusCode } from '../core/status.ts';
import { cut } from '../core/text.ts';
import { durationText } from './duration.ts';
import { printable } from './text-width.ts';

/** The characters that details are written with. */
export interface DetailStyle {
  readonly mark: string;
  readonly link: string;
  readonly ellipsis: string;
  readonly micro: string;
}

// A longer value is cut, to leave room for others.
const MAX_VALUE = 60;
const MAX_MESSAGE = 300;
const MAX_LINKS = 3;
const MAX_STACK = 8_192;
const MAX_CAUSES_SHOWN = 2;
// Attributes that most readers would skip: names say the same, or they have the same value everywhere.
const DULL = [
  /^(pipeline\.name|pipeline\.element|message\.type|audio\.media_type|video\.media_type|connection\.type|exception\..*)$/,
  /^(http\.request\.method|url\.scheme|server\.(address|port)|network\.protocol\.version|user_agent\.original)$/,
];
// How many attributes of an event are shown.
const MAX_EVENT_ATTRIBUTES = 4;

/**
 * The events, attributes and links of a span on one line, in this order; `''` if there are none. A narrow terminal cuts
 * off the end, so attributes that `wanted` selects come first.
 *
 * @param parent - The span above. An attribute that has the same value there is shown only if `wanted` selects it.
 * @param wanted - Keys of attributes, and prefixes of keys that end in `*`. Default: all that say something.
 */
export function detailsOf(
  span: ReadableSpan,
  parent: ReadableSpan | undefined,
  wanted: readonly string[] | undefined,
  style: DetailStyle,
): string {
  const events = eventsOf(span, style);
  const attributes = attributesOf(span, parent, wanted, style);
  return [...(wanted ? [...attributes, ...events] : [...events, ...attributes]), ...linksOf(span, style)].join('  ');
}

function eventsOf(span: ReadableSpan, { mark, ellipsis, micro }: DetailStyle): string[] {
  const events = new Map<string, { count: number; first: number; last: number; attributes: Attributes }>();
  for (const { name, time, attributes = {} } of span.events) {
    if (name === 'exception' && span.status.code === SpanStatusCode.ERROR) continue;
    const millis = Math.max(0, millisOf(time) - millisOf(span.startTime));
    const { count = 0, first = millis, last = millis } = events.get(name) ?? {};
    events.set(name, { count: count + 1, first: Math.min(first, millis), last: Math.max(last, millis), attributes });
  }
  return [...events].map(([name, { count, first, last, attributes }]) => {
    const offset = (millis: number) => `+${durationText(millis, micro)}`;
    const times = count > 1 ? `x${count} ` : '';
    const until = offset(last) === offset(first) ? '' : ` to ${offset(last)}`;
    // Each of several events would have its own.
    const own = count > 1 ? [] : Object.entries(attributes).slice(0, MAX_EVENT_ATTRIBUTES);
    const said = own.map(([key, value]) => attributeText(key, value, ellipsis)).join(' ');
    return `${mark} ${printable(cut(name, MAX_VALUE))} ${times}${offset(first)}${until}${said && ` (${said})`}`;
  });
}

function attributesOf(
  span: ReadableSpan,
  parent: ReadableSpan | undefined,
  wanted: readonly string[] | undefined,
  { ellipsis }: DetailStyle,
): string[] {
  const above = wanted === undefined ? parent?.attributes : undefined;
  return Object.entries(span.attributes)
    .filter(
      ([key, value]) =>
        isWanted(key, wanted) &&
        (wanted !== undefined || !isSaid(span.name, value)) &&
        (value === undefined || above?.[key] !== value),
    )
    .map(([key, value]) => attributeText(key, value, ellipsis));
}

function linksOf(span: ReadableSpan, { link }: DetailStyle): string[] {
  const links = span.links.slice(0, MAX_LINKS).map(({ context }) => {
    const isOwn = context.traceId === span.spanContext().traceId;
    return `${link}${isOwn ? `span ${context.spanId}` : `trace ${context.traceId}`}`;
  });
  if (span.links.length > MAX_LINKS) links.push(`${link}${span.links.length - MAX_LINKS} more`);
  return links;
}

/** What went wrong and where it was thrown; `undefined` if the span has not failed. */
export function errorOf(span: ReadableSpan, { ellipsis }: DetailStyle): string | undefined {
  if (span.status.code !== SpanStatusCode.ERROR) return undefined;
  const thrown = span.events.filter(({ name }) => name === 'exception').at(-1)?.attributes;
  const { 'exception.type': type, 'exception.message': message, 'exception.stacktrace': stack } = thrown ?? {};
  const said = span.status.message || message || '';
  // The type of a thrown value that is not an error, as in `throw 'text'`, says nothing.
  const kind = type && type !== 'Error' && type !== 'string' ? type : '';
  // A status code of HTTP, if nothing was thrown.
  const code = String(span.attributes['error.type'] ?? 'error').replace(/^(?=\d{3}$)/, 'HTTP ');
  const text = [kind, said].filter(Boolean).join(': ') || code;
  const short = text.length > MAX_MESSAGE ? cut(text, MAX_MESSAGE) + ellipsis : text;
  const [own, ...causes] = String(stack ?? '')
    .slice(0, MAX_STACK)
    .split('\nCaused by: ');
  const place = placeOf(own);
  const cause = causes.slice(0, MAX_CAUSES_SHOWN).map((each) => `  caused by ${each.split('\n', 1)[0]}`);
  return printable((short + cause.join('')).replace(/[^\S ]+/g, ' ')) + (place && `  at ${printable(place)}`);
}

/** The topmost stack frame outside the runtime: function, the last two parts of the path, line and column. */
function placeOf(stack: string): string {
  for (const line of stack.split('\n')) {
    // V8 writes `at f (file:1:2)`, others `f@file:1:2`.
    const [, v8Name, v8Place, name, place] =
      /^\s*at (?:(.*?) \()?([^()]+:\d+(?::\d+)?)\)?$|^([^@]*)@(.+:\d+:\d+)$/.exec(line) ?? [];
    const full = v8Place ?? place;
    if (full === undefined || /^(node|bun|ext|deno|native):/.test(full)) continue;
    const path = full.split(/[\\/]/).slice(-2).join('/');
    const called = v8Name ?? name;
    return called ? `${called} (${path})` : path;
  }
  return '';
}

function isWanted(key: string, wanted: readonly string[] | undefined): boolean {
  if (wanted === undefined) return !DULL.some((each) => each.test(key));
  return wanted.some((each) => (each.endsWith('*') ? key.startsWith(each.slice(0, -1)) : key === each));
}

/** True if the value is the last word of the name, as the `audio.operation` `encode` is in `audio.encode`. */
function isSaid(name: string, value: unknown): boolean {
  return typeof value === 'string' && value !== '' && name.split(/[. ]/).at(-1) === value;
}

function attributeText(key: string, value: AttributeValue | null | undefined, ellipsis: string): string {
  return `${printable(cut(key, MAX_VALUE))}=${valueText(value, ellipsis)}`;
}

function valueText(value: AttributeValue | null | undefined, ellipsis: string): string {
  const shortened = (text: string) => (text.length > MAX_VALUE ? cut(text, MAX_VALUE) + ellipsis : text);
  if (typeof value === 'string') {
    const text = shortened(value);
    return /^[\w.,:;/@+-]+$/.test(text) ? text : printable(JSON.stringify(text));
  }
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  if (typeof value !== 'object') return String(value);
  // Parts are shortened before they are joined, because a value may be larger than any string.
  const nested = (_key: string, part: unknown): unknown => {
    if (typeof part === 'string') return shortened(part);
    if (typeof part === 'bigint') return String(part);
    return part instanceof Uint8Array ? `<${part.length} bytes>` : part;
  };
  return printable(shortened(JSON.stringify(value, nested)));
}
