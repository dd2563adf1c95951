import { language } from '#platform';
import type { Attributes } from '../core/attributes.ts';
import { now } from '../core/clock.ts';
import { type Context, isTracingSuppressed, ROOT_CONTEXT, setSpan } from '../core/context.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import { SpanKind } from '../core/kind.ts';
import { processState } from '../core/process-state.ts';
import { read } from '../core/property.ts';
import type { Span } from '../core/span.ts';
import { textOf } from '../core/text.ts';
import { either, FUNCTION, OBJECT, type SettingKind } from '../setting.ts';
import { errorTypeOf, setError, setFailure } from './failure.ts';
import {
  ERROR_TYPE,
  HTTP_ABORTED,
  HTTP_STATUS,
  methodAttributes,
  SERVER_ADDRESS,
  SERVER_PORT,
  URL_FULL,
} from './http-names.ts';
import { type RedactUrl, recordableUrl } from './redact-url.ts';
import { type BodyEnd, BodyWatcher, type Progress, WatchedBody, watchResponse } from './response-body.ts';
import { asked } from './server-span.ts';
import { checkOptions, injectInto, startWithin, type TracingOptions } from './tracing.ts';
import { expectReading } from './unread-bodies.ts';

/** Options of {@link traceFetch}. */
export interface TraceFetchOptions extends TracingOptions {
  /**
   * Which servers receive the trace context (`traceparent`, `tracestate`, `baggage`): origins (`https://api.example`),
   * patterns that an origin must match, or a function that returns true for a URL. Default: in pages the page's own
   * origin, since others would have to allow these headers (CORS); elsewhere every server.
   */
  propagateTo?: readonly (string | RegExp)[] | ((url: URL) => boolean);
  /** Returns true for a URL that is not traced. Default: none. */
  ignore?: (url: URL) => boolean;
  /** Additional attributes of the spans. Default: none. */
  attributes?: Attributes;
  /**
   * Returns a URL as it may be recorded. Default: user, password and parameters that are likely to be secret are
   * hidden.
   */
  redactUrl?: RedactUrl;
}

/** Any `fetch`: the runtime's, undici's, or that of a Worker's binding. */
type Fetch = (input: never, init?: never) => Promise<object>;

/** The runtime's `fetch`, if a type library declares it. */
type GlobalFetch = typeof globalThis extends { fetch: infer F extends Fetch } ? F : Fetch;

const ORIGINS: SettingKind = ['an array of origins and patterns', Array.isArray];
/** The response's headers have arrived; only its body is missing. */
const HEADERS_EVENT = 'http.response.headers';
const BODY_CANCELLED = 'http.response.body.cancelled';
/** Where redirects led. */
const RESPONSE_URL = 'http.response.url';

const TRACED = /* @__PURE__ */ Symbol.for('@realtime-ai/trace fetch');
/** What a traced `fetch` has under `TRACED`: the one that it calls, and its options. */
type Traced = readonly [plain: typeof globalThis.fetch, options?: TraceFetchOptions];

/**
 * Wraps a `fetch` so that each request has a CLIENT span, a child of the active one, and carries its context. The span
 * ends when the body of the response has been read, is cancelled or dropped, or breaks off; if nobody reads the body, or
 * the status is 400 or above, it ends with the headers. Responses, errors and other members of `fetch` stay as they
 * are. A traced `fetch` keeps its options when it is traced again, except those that are given again.
 *
 * Specification: OpenTelemetry semantic conventions, "HTTP client".
 *
 * @typeParam F - The type of `fetch`, and of the function that is returned.
 * @param fetch - Default: that of the runtime.
 * @throws TypeError if `fetch` is not a function; TypeError or RangeError naming an option that cannot be used.
 */
export function traceFetch<F extends Fetch = GlobalFetch>(
  fetch: F = globalThis.fetch as unknown as F,
  added: TraceFetchOptions = {},
): F {
  if (typeof fetch !== 'function') throw new TypeError('fetch: a function is required');
  // Tracing a traced `fetch` again would create two spans for each request.
  const [plain, inner] = (fetch as { [TRACED]?: Traced })[TRACED] ?? [fetch as unknown as typeof globalThis.fetch];
  checkOptions(added, { propagateTo: either(ORIGINS, FUNCTION), attributes: OBJECT });
  const {
    tracer = inner?.tracer,
    propagator = inner?.propagator,
    propagateTo = inner?.propagateTo,
    ignore = inner?.ignore,
    attributes = inner?.attributes,
    redactUrl = inner?.redactUrl,
  } = added;
  const options: TraceFetchOptions = { tracer, propagator, propagateTo, ignore, attributes, redactUrl };
  const propagates = propagation(propagateTo);
  const traced = (...args: Parameters<typeof globalThis.fetch>): Promise<Response> => {
    const active = processState.contextStorage.getStore() ?? ROOT_CONTEXT;
    // This applies to an exporter's own requests.
    if (isTracingSuppressed(active)) return plain(...args);
    let request: ClientRequest | undefined;
    try {
      request = readRequest(args, options);
    } catch (error) {
      report('request_unreadable', messageOf(error));
    }
    if (request === undefined) return plain(...args);
    const { name, attributes, url } = request;
    const span = startWithin(options, name, { kind: SpanKind.CLIENT, attributes }, active);
    const context = setSpan(active, span);
    const sent = url?.host && propagates(url) ? withHeaders(args, options, context) : args;
    return send(plain, sent, name, span, context, options.redactUrl);
  };
  // Keeps members such as Bun's `preconnect`.
  return Object.assign(traced, fetch, { [TRACED]: [plain, options] satisfies Traced }) as unknown as F;
}

interface ClientRequest {
  readonly name: string;
  readonly attributes: Attributes;
  /** `undefined` for an invalid URL, which `fetch` itself rejects. */
  readonly url: URL | undefined;
}

/** Returns nothing for a request that is not traced. */
function readRequest(
  [input, init]: Parameters<typeof fetch>,
  { attributes, ignore, redactUrl }: TraceFetchOptions,
): ClientRequest | undefined {
  const request = typeof input === 'object' && !('href' in input) ? input : undefined;
  const url = urlOf(request?.url ?? textOf(input));
  if (url && asked(ignore, url)) return undefined;
  const method = textOf(init?.method ?? request?.method ?? 'GET');
  const [name, found]: [string, Attributes] = methodAttributes(
    // `fetch` accepts these methods in any case.
    /^(get|head|post|put|delete|options)$/i.test(method) ? method.toUpperCase() : method,
  );
  if (url?.host) {
    found[URL_FULL] = recordableUrl(url.href, redactUrl);
    found[SERVER_ADDRESS] = url.hostname.replace(/^\[|\]$/g, '');
    found[SERVER_PORT] = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  } else {
    // The rest of such a URL is a file's path, or the content itself: `data:`, `blob:`.
    found[URL_FULL] = url?.protocol;
  }
  return { name, attributes: Object.assign(found, attributes), url };
}

function urlOf(text: string): URL | undefined {
  try {
    return new URL(text, (globalThis as { location?: { href: string } }).location?.href);
  } catch {
    return undefined;
  }
}

/** The arguments of a `fetch` with the context in their headers; unchanged if it cannot be added. */
function withHeaders(
  args: Parameters<typeof fetch>,
  options: TraceFetchOptions,
  context: Context,
): Parameters<typeof fetch> {
  try {
    let [input, init] = args;
    const prototype = init && Object.getPrototypeOf(init);
    // A request in place of options has no properties of its own to copy.
    if (prototype && Object.getPrototypeOf(prototype)) {
      input = new Request(input, init);
      init = undefined;
    }
    const { headers: own, referrer, referrerPolicy } = input as Partial<Request>;
    const { headers: initial = own } = init ?? {};
    const headers = new Headers(initial);
    const fields = new Headers();
    injectInto(options, context, fields);
    // Whoever passes on the headers of a received request passes on the `tracestate` of another trace.
    if (fields.has('traceparent')) headers.delete('tracestate');
    for (const [field, value] of fields) headers.set(field, value);
    return [
      input,
      {
        // A request that is passed together with options loses these.
        referrer,
        referrerPolicy,
        ...init,
        headers,
      },
    ];
  } catch {
    // Invalid headers, which `fetch` itself rejects.
    return args;
  }
}

function send(
  fetch: typeof globalThis.fetch,
  args: Parameters<typeof globalThis.fetch>,
  name: string,
  span: Span,
  context: Context,
  redactUrl: RedactUrl | undefined,
): Promise<Response> {
  const { contextStorage } = processState;
  if (!span.isRecording()) return contextStorage.run(context, () => fetch(...args));
  let isOver = false;
  const finish = ({ cancelled, error }: BodyEnd = {}, at?: number): void => {
    if (isOver) return;
    isOver = true;
    const signal = (read(args[1], 'signal') ?? read(args[0], 'signal')) as AbortSignal | undefined;
    // Whoever aborts a request also stops to read its body. Which of the two is noticed first is chance.
    const reason = error ?? (cancelled && signal?.aborted ? signal.reason : undefined);
    if (reason !== undefined) fail(span, reason, signal);
    else if (cancelled) span.setAttribute(BODY_CANCELLED, true);
    span.end(at);
  };
  const failed = (error: unknown): never => {
    finish({ error: error ?? new Error(String(error)) });
    throw error;
  };
  let answer: Promise<Response>;
  try {
    answer = contextStorage.run(context, () => fetch(...args));
  } catch (error) {
    return failed(error);
  }
  if (typeof read(answer, 'then') !== 'function') {
    // A stand-in for `fetch` in a test may answer synchronously.
    finish();
    return answer;
  }
  return answer.then((response) => {
    // A malformed response must still reach the caller.
    try {
      receive(response, name, span, context, finish, redactUrl);
    } catch (error) {
      report('response_unreadable', messageOf(error));
      finish();
    }
    return response;
  }, failed);
}

/** Records the response on the span, which ends with the body, or at once if there is none. */
function receive(
  response: Response,
  name: string,
  span: Span,
  context: Context,
  finish: (end?: BodyEnd, at?: number) => void,
  redactUrl: RedactUrl | undefined,
): void {
  const { status } = response;
  const headersAt = now();
  // 0 for a cross-origin response whose status a page may not see.
  if (status > 0) span.setAttribute(HTTP_STATUS, status);
  if (status >= 400) setError(span, String(status));
  if (response.redirected) span.setAttribute(RESPONSE_URL, recordableUrl(response.url, redactUrl));
  // Below 200, it is a WebSocket on Workers, or a response that a page may not see. The body of an error is often left
  // unread, and its span would be missing from the trace that it explains.
  const isEmpty = name === 'HEAD' || status < 200 || status >= 400 || [204, 205, 304].includes(status);
  if (isEmpty || response.headers.get('content-length') === '0') {
    finish();
    return;
  }
  span.addEvent(HEADERS_EVENT, undefined, headersAt);
  const progress: Progress = { isBegun: false, readAt: headersAt };
  const end = (how?: BodyEnd, at?: number): void => {
    isRead();
    finish(how, at);
  };
  // No closure here may use it: `end` must not hold it.
  const body = new WatchedBody(progress, end);
  const isRead = expectReading(body, context, (isLast, isLost) => {
    const { isBegun, readAt } = progress;
    if (isLast || !isBegun) end({ cancelled: isLost && isBegun }, readAt);
  });
  watchResponse(response, new BodyWatcher(body));
}

/**
 * Records why a request failed. The caller wants an abort, so it is recorded without an error status. A timeout is an
 * error.
 */
function fail(span: Span, error: unknown, signal: AbortSignal | undefined): void {
  const isAborted = read(signal, 'aborted') === true && errorTypeOf(read(signal, 'reason')) !== 'TimeoutError';
  if (isAborted) span.setAttributes({ [HTTP_ABORTED]: true, [ERROR_TYPE]: errorTypeOf(error) });
  else setFailure(span, error);
}

/** @throws TypeError for an entry that is not an origin. */
function propagation(propagateTo: TraceFetchOptions['propagateTo']): (url: URL) => boolean {
  if (propagateTo === undefined) {
    return language === 'nodejs' ? () => true : (url) => url.origin === globalThis.location?.origin;
  }
  if (typeof propagateTo === 'function') {
    return (url) => asked(propagateTo, url) === true;
  }
  const matchers = propagateTo.map((each: unknown) => {
    if (each instanceof RegExp) return (origin: string) => origin.search(each) !== -1;
    const allowed = typeof each === 'string' ? urlOf(each)?.origin : undefined;
    if (allowed === undefined || allowed === 'null' || !/^[^/]+:\/\/[^/]+\/?$/.test(each as string)) {
      throw new TypeError(`propagateTo: ${JSON.stringify(textOf(each))} is not an origin such as https://api.example`);
    }
    return (origin: string) => origin === allowed;
  });
  return ({ origin }) => matchers.some((matches) => matches(origin));
}
