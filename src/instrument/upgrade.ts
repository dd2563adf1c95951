import { type Context, spanIn } from '../core/context.ts';
import { read } from '../core/property.ts';
import { textOf } from '../core/text.ts';
import { headerIn, MAX_HEADER_LENGTH, membersOf, TOKEN } from '../propagation/header.ts';
import { defaultTextMapGetter, type TextMapGetter } from '../propagation/propagator.ts';
import { extract, inject } from '../trace.ts';

/**
 * The URL of a WebSocket with the trace context in its query, since browsers let nobody set a header: `traceparent`, and
 * what else the propagators write. What such fields were there before is replaced, all else stays as it is. Never throws.
 *
 * @param options.context - Default: the active context.
 */
export function upgradeUrl(url: string | { readonly href: string }, options?: { context?: Context }): string {
  // Not the type of `URL`, which declarations would need a library for.
  const text = textOf(read(url, 'href') ?? url);
  const fields = fieldsOf(options?.context);
  const [, path, query, fragment] = /^([^?#]*)\??([^#]*)(.*)$/s.exec(text) as RegExpExecArray;
  const kept = query.split('&').filter((pair) => pair !== '' && !fields.has(pair.split('=', 1)[0]));
  return fields.size > 0 ? `${path}?${[...kept, new URLSearchParams([...fields])].join('&')}${fragment}` : text;
}

/**
 * The subprotocols of a WebSocket with the trace context behind them, as one more: `traceparent-00-…`. A server must not choose
 * that one; so there have to be others for it to choose from, and without any none is added. Of what the propagators write,
 * only what a subprotocol may be made of goes along: no `tracestate`, no baggage.
 *
 * @param options.context - Default: the active context.
 */
export function upgradeProtocols(protocols: string | readonly string[], options?: { context?: Context }): string[] {
  const own = typeof protocols === 'string' ? [protocols] : [...protocols];
  const added = Array.from(fieldsOf(options?.context), (field) => field.join('-')).filter((each) => TOKEN.test(each));
  return own.length > 0 ? [...own, ...added] : own;
}

/** What is used of the request that asks for a WebSocket: a `Request`, or node's `IncomingMessage`, has it. */
export interface UpgradeRequest {
  /** With the query, absolute or not. */
  readonly url?: string;
  /** A plain object, `Headers` or a `Map`. */
  readonly headers: unknown;
}

/**
 * The context that a request for a WebSocket has come with, for `{ parent }`: that of its headers, else of its query, else of
 * its subprotocols, as {@link upgradeUrl} and {@link upgradeProtocols} put it there. The given context where there is none.
 * Never throws.
 *
 * @param options.context - The context to add to. Default: the active context.
 */
export function extractUpgrade(request: UpgradeRequest, options?: { context?: Context }): Context {
  const headers = read(request, 'headers');
  let context = extract({}, options);
  const sources: [carrier: unknown, getter?: TextMapGetter][] = [
    [headers],
    [queryOf(textOf(read(request, 'url'))), everyValue],
    [protocolFieldsOf(headerIn(headers, 'sec-websocket-protocol', defaultTextMapGetter))],
  ];
  for (const [carrier, getter] of sources) {
    const found = extract(carrier, { context, getter });
    if (spanIn(found) !== spanIn(context)) return found;
    context = found;
  }
  return context;
}

/** What the propagators write of a context. */
function fieldsOf(context: Context | undefined): Map<string, string> {
  const fields = new Map<string, string>();
  inject(fields, { context });
  return fields;
}

/** Each value of a field that is there several times, as it is with headers. */
const everyValue: TextMapGetter = {
  keys: () => [],
  get: (query, name) => (query as URLSearchParams).getAll(name),
};

function queryOf(url: string): URLSearchParams {
  return new URLSearchParams(url.length > MAX_HEADER_LENGTH ? '' : url.replace(/^[^?]*\??|#.*/gs, ''));
}

/** The fields among subprotocols: what stands before the first dash of each, and all values that it has. */
function protocolFieldsOf(header: string): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const protocol of membersOf(header.slice(0, MAX_HEADER_LENGTH))) {
    const [, name, value] = /^([^-]*)-(.*)$/.exec(protocol) ?? [];
    if (name === undefined) continue;
    const values = fields.get(name);
    if (values === undefined) fields.set(name, [value]);
    else values.push(value);
  }
  return fields;
}
