import { type Context, spanIn } from '../core/context.ts';
import { read } from '../core/property.ts';
import { textOf } from '../core/text.ts';
import { headerIn, MAX_HEADER_LENGTH, membersOf, TOKEN } from '../propagation/header.ts';
import { defaultTextMapGetter, type TextMapGetter } from '../propagation/propagator.ts';
import { extract, inject } from '../trace.ts';

/**
 * Returns the URL of a WebSocket with the trace context in its query, because browsers cannot set headers:
 * `traceparent`, and whatever else the propagators write. Replaces such fields if they are already there, and keeps
 * everything else. Never throws.
 *
 * @param options.context - Default: the active context.
 */
export function upgradeUrl(url: string | { readonly href: string }, options?: { context?: Context }): string {
  // Not the type `URL`, for which declarations would need a type library.
  const text = textOf(read(url, 'href') ?? url);
  const fields = fieldsOf(options?.context);
  const [, path, query, fragment] = /^([^?#]*)\??([^#]*)(.*)$/s.exec(text) as RegExpExecArray;
  const kept = query.split('&').filter((pair) => pair !== '' && !fields.has(pair.split('=', 1)[0]));
  return fields.size > 0 ? `${path}?${[...kept, new URLSearchParams([...fields])].join('&')}${fragment}` : text;
}

/**
 * Returns the subprotocols of a WebSocket with the trace context appended as an additional one: `traceparent-00-…`. A
 * server must not choose it. So there must be others for it to choose from, and without any, none is added. Adds only
 * fields that a subprotocol can contain: no `tracestate`, no baggage.
 *
 * @param options.context - Default: the active context.
 */
export function upgradeProtocols(protocols: string | readonly string[], options?: { context?: Context }): string[] {
  const own = typeof protocols === 'string' ? [protocols] : [...protocols];
  const added = Array.from(fieldsOf(options?.context), (field) => field.join('-')).filter((each) => TOKEN.test(each));
  return own.length > 0 ? [...own, ...added] : own;
}

/** The part of a WebSocket's request that is used: a `Request` has it, and so does Node's `IncomingMessage`. */
export interface UpgradeRequest {
  /** The URL with its query, absolute or not. */
  readonly url?: string;
  /** A plain object, `Headers` or a `Map`. */
  readonly headers: unknown;
}

/**
 * Returns the context that a WebSocket's request carries, for `{ parent }`: from its headers, else its query, else its
 * subprotocols, where {@link upgradeUrl} and {@link upgradeProtocols} put it. Returns the given context if there is
 * none. Never throws.
 *
 * @param options.context - The context to add to. Default: the active context.
 */
export function extractUpgrade(request: UpgradeRequest, options?: { context?: Context }): Context {
  const headers = read(request, 'headers');
  const protocols = headerIn(headers, 'sec-websocket-protocol', defaultTextMapGetter);
  let context = extract({}, options);
  const sources: [carrier: unknown, getter?: TextMapGetter][] = [
    [headers],
    [queryOf(textOf(read(request, 'url'))), everyValue],
    [membersOf(protocols.slice(0, MAX_HEADER_LENGTH)), ofProtocols],
  ];
  for (const [carrier, getter] of sources) {
    const found = extract(carrier, { context, getter });
    if (spanIn(found) !== spanIn(context)) return found;
    context = found;
  }
  return context;
}

/** The fields that the propagators write for a context. */
function fieldsOf(context: Context | undefined): Map<string, string> {
  const fields = new Map<string, string>();
  inject(fields, { context });
  return fields;
}

/** Returns every value of a repeated field, as for headers. */
const everyValue: TextMapGetter = {
  keys: () => [],
  get: (query, name) => (query as URLSearchParams).getAll(name),
};

/** Does the same for subprotocols, each of which is the name of a field, a dash, and a value. */
const ofProtocols: TextMapGetter = {
  keys: () => [],
  get: (protocols, name) =>
    (protocols as string[]).filter((each) => each.startsWith(`${name}-`)).map((each) => each.slice(name.length + 1)),
};

function queryOf(url: string): URLSearchParams {
  return new URLSearchParams(url.length > MAX_HEADER_LENGTH ? '' : url.replace(/^[^?]*\??|#.*/gs, ''));
}
