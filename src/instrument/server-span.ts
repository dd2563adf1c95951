import type { Attributes } from '../core/attributes.ts';
import type { Context } from '../core/context.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import { SpanKind } from '../core/kind.ts';
import { read, textAt } from '../core/property.ts';
import type { Span } from '../core/span.ts';
import { cut } from '../core/text.ts';
import { either, FUNCTION, OBJECT, type SettingKind } from '../setting.ts';
import { setError } from './failure.ts';
import {
  CLIENT_ADDRESS,
  ERROR_TYPE,
  HTTP_ROUTE,
  HTTP_STATUS,
  methodAttributes,
  PROTOCOL_VERSION,
  SERVER_ADDRESS,
  SERVER_PORT,
  URL_PATH,
  URL_QUERY,
  URL_SCHEME,
  USER_AGENT,
} from './http-names.ts';
import { type RedactUrl, recordableUrl } from './redact-url.ts';
import { checkOptions, startWithin, type TracingOptions } from './tracing.ts';

/** Options for tracing the requests that a server receives. `Request` is the server's type for one. */
export interface ServerOptions<Request> extends TracingOptions {
  /**
   * Returns the route that a request matched, as it was written: `/users/:id`. Called when the request is answered; the
   * route becomes part of the span's name. Default: the framework's route, if it is known how to read it.
   */
  route?: (request: Request) => string | undefined;
  /** Returns true for a request that is not traced, such as a health check. Default: none. */
  ignore?: (request: Request) => boolean;
  /** Additional attributes of the span, or a function that returns them for a request. Default: none. */
  attributes?: Attributes | ((request: Request) => Attributes);
  /**
   * Returns a URL as it may be recorded. Default: user, password and parameters that are likely to be secret are
   * hidden.
   */
  redactUrl?: RedactUrl;
}

/** @throws TypeError or RangeError naming an option that cannot be used; `others` are the kinds of further ones. */
export function checkServerOptions(options: object, others?: Readonly<Record<string, SettingKind>>): void {
  checkOptions(options, { route: FUNCTION, attributes: either(OBJECT, FUNCTION), ...others });
}

/** What a span records of a request, whatever type the server has for it. */
export interface ServerRequest {
  readonly method: string;
  /** An absolute URL, or a path and what follows it. */
  readonly url: string;
  /** `http` or `https`, if `url` does not contain it. */
  readonly scheme?: string;
  /** The value of a header by its lowercase name; nothing if it is missing. */
  header(name: string): string | null | undefined;
  /** Such as `1.1` or `2`. */
  readonly protocolVersion?: string;
  /** The address that the connection comes from. */
  readonly peer?: string;
}

// Anyone can send these headers, so only a useful part of each is kept.
const MAX_HEADER = 500;

/**
 * Starts the SERVER span of a request, within the context of its caller. Never throws: what cannot be read is left out.
 *
 * Specification: OpenTelemetry semantic conventions, "HTTP server".
 */
export function startServerSpan<Request>(
  options: ServerOptions<Request>,
  context: Context,
  request: ServerRequest,
  original: Request,
): Span {
  let name = 'HTTP';
  let attributes: Attributes = {};
  try {
    [name, attributes] = methodAttributes(request.method);
    Object.assign(attributes, requestAttributes(request, options.redactUrl));
    const { attributes: own } = options;
    Object.assign(attributes, typeof own === 'function' ? own(original) : own);
  } catch (error) {
    report('request_unreadable', messageOf(error));
  }
  return startWithin(options, name, { kind: SpanKind.SERVER, attributes }, context);
}

/** Sets the route of a request's span. Never throws. */
export function setRoute(span: Span, method: string, route: unknown): void {
  if (typeof route !== 'string' || route === '') return;
  span.setAttribute(HTTP_ROUTE, route);
  span.updateName(`${methodAttributes(method)[0]} ${route}`);
}

/**
 * Records the response status. It is an error of the SERVER span only from 500 on, where the server is at fault. An
 * error that the span already has says more, so it stays.
 */
export function setServerStatus(span: Span, status: number): void {
  span.setAttribute(HTTP_STATUS, status);
  if (status < 500) return;
  const message = read(read(span, 'status'), 'message') as string | undefined;
  setError(span, textAt(read(span, 'attributes'), ERROR_TYPE) || String(status), message);
}

/** Calls a function of the user's. Returns nothing if it throws. */
export function asked<Subject, Answer>(
  ask: ((subject: Subject) => Answer) | undefined,
  subject: Subject,
): Answer | undefined {
  try {
    return ask?.(subject);
  } catch (error) {
    report('request_unreadable', messageOf(error));
    return undefined;
  }
}

/** Returns what a request says. An attribute without a value sets nothing. */
function requestAttributes(
  { url, scheme, header, protocolVersion, peer }: ServerRequest,
  redact: RedactUrl | undefined,
): Attributes {
  const recordable = recordableUrl(url, redact);
  const [, ownScheme = scheme, authority, path, query] =
    /^(?:([a-z][\w+.-]*):\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?/is.exec(recordable ?? '') as RegExpExecArray;
  const used = String(ownScheme).toLowerCase();
  const [, address, port] =
    /^(?:.*@)?(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/s.exec(cut(authority ?? header('host') ?? '', MAX_HEADER)) ?? [];
  // Cloudflare's own header comes first, since clients cannot set it there. Otherwise the first address counts, which
  // is as trustworthy as the proxies in between.
  const client = header('cf-connecting-ip') || header('x-forwarded-for') || peer || '';
  return {
    [URL_SCHEME]: ownScheme && used,
    [URL_PATH]: recordable === undefined ? recordable : path || '/',
    [URL_QUERY]: query || undefined,
    [SERVER_ADDRESS]: address?.replace(/^\[|\]$/g, '') || undefined,
    [SERVER_PORT]: address ? Number(port) || { http: 80, https: 443 }[used] : undefined,
    [USER_AGENT]: cut(header('user-agent') ?? '', MAX_HEADER) || undefined,
    // Without port, brackets and quotes, which some proxies add, and without the prefix that IPv6 sockets give to IPv4.
    [CLIENT_ADDRESS]:
      /^[\s",[]*(?:::ffff:(?=\d+\.))?(\d+(?:\.\d+){3}|[^\s",\]]*)/i.exec(cut(client, MAX_HEADER))?.[1] || undefined,
    [PROTOCOL_VERSION]: protocolVersion,
  };
}
