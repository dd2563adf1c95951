import type { IncomingMessage, ServerResponse } from 'node:http';
import { isTracingSuppressed, spanIn } from '../core/context.ts';
import { processState } from '../core/process-state.ts';
import { read, textAt } from '../core/property.ts';
import type { Span } from '../core/span.ts';
import { textOf } from '../core/text.ts';
import { activeContext } from '../trace.ts';
import { contextOfEvent, eventIn, isOpen, spanOf } from './event-span.ts';
import { setFailure } from './failure.ts';
import { CLIENT_DISCONNECTED, ERROR_TYPE, HTTP_ABORTED } from './http-names.ts';
import {
  asked,
  checkServerOptions,
  type ServerOptions,
  type ServerRequest,
  setRoute,
  setServerStatus,
  startServerSpan,
} from './server-span.ts';
import { contextOfCaller } from './tracing.ts';

/** The part of a `node:http` or `node:http2` request that is used here. */
interface NodeRequest {
  readonly method?: string;
  readonly url?: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly httpVersion?: string;
  readonly socket?: { readonly encrypted?: boolean; readonly remoteAddress?: string };
  /** Only in HTTP/2, which reports a response as finished however its stream has ended. */
  readonly stream?: unknown;
  emit(...event: unknown[]): boolean;
  /** Set by Express. */
  readonly route?: unknown;
}

/** The part of a response that is used here. */
interface NodeResponse {
  readonly statusCode: number;
  readonly headersSent: boolean;
  emit(...event: unknown[]): boolean;
  once(event: string, listener: () => void): unknown;
}

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;

/**
 * The type of the traced listener. A listener with several signatures, such as an Express application, gets that of
 * `node:http`.
 */
type Traced<T> = T extends (...args: infer Args) => infer Result
  ? [IncomingMessage, ServerResponse] extends [...Args, ...unknown[]]
    ? (...args: Args) => Result
    : (request: IncomingMessage, response: ServerResponse) => Result
  : never;

/**
 * Wraps a request listener of `node:http`, `node:https` or `node:http2` so that each request has a SERVER span in the
 * trace of its caller: `createServer(traceNodeHandler(listener))`. An Express or Connect application is such a
 * listener, Koa's `app.callback()` returns one, and Fastify accepts one through `serverFactory`. The span is active in
 * the listener and in the listeners of request and response. It ends when the response has been sent or the connection
 * is gone. What the listener returns or throws is passed on unchanged.
 *
 * Specification: OpenTelemetry semantic conventions, "HTTP server".
 *
 * @throws TypeError if `listener` is not a function; TypeError or RangeError naming an option that cannot be used.
 */
export function traceNodeHandler<T extends Listener>(listener: T, options?: ServerOptions<IncomingMessage>): Traced<T>;
export function traceNodeHandler<Request, Response, Rest extends unknown[], Result>(
  listener: (request: Request, response: Response, ...rest: Rest) => Result,
  options?: ServerOptions<Request>,
): (request: Request, response: Response, ...rest: Rest) => Result;
export function traceNodeHandler<Request, Response, Rest extends unknown[], Result>(
  listener: (request: Request, response: Response, ...rest: Rest) => Result,
  options: ServerOptions<Request> = {},
): (request: Request, response: Response, ...rest: Rest) => Result {
  if (typeof listener !== 'function') throw new TypeError('listener: a function is required');
  checkServerOptions(options);
  return function (this: unknown, ...args: [Request, Response, ...Rest]): Result {
    const handle = () => listener.apply(this, args);
    const [request, response] = args as unknown as [NodeRequest, NodeResponse];
    const { contextStorage } = processState;
    if (
      // A request that a traced server passes to a traced application is traced only once.
      isOpen(spanOf(request)) ||
      asked(options.ignore, args[0]) === true ||
      isTracingSuppressed(activeContext())
    )
      return handle();
    const caller = contextOfCaller(options, request.headers);
    const span = startServerSpan(options, caller, readRequest(request), args[0]);
    const context = contextOfEvent(caller, request, span);
    // Node emits events in the async context in which the connection started.
    for (const emitter of [request, response]) {
      try {
        const emit = emitter.emit.bind(emitter);
        emitter.emit = (...event) => {
          const active = activeContext();
          // The application may emit events, too, and within a span of its own.
          const isOwn = eventIn(active) === span && isOpen(spanIn(active));
          return contextStorage.run(isOwn ? active : context, emit, ...event);
        };
      } catch {
        // Its `emit` cannot be replaced, as may be the case in tests.
      }
    }
    if (!span.isRecording()) return contextStorage.run(context, handle);
    const { end, fail } = endWithResponse(span, request, response, () => asked(options.route, args[0]));
    const failed = (error: unknown): never => {
      fail(error);
      end?.();
      throw error;
    };
    const done = (result: unknown): unknown => {
      end?.();
      return result;
    };
    try {
      const result = contextStorage.run(context, handle);
      // A new promise, because a handler on this one would mark an unhandled rejection as handled.
      return (result instanceof Promise ? result.then(done, failed) : done(result)) as Result;
    } catch (error) {
      return failed(error);
    }
  };
}

function readRequest(request: NodeRequest): ServerRequest {
  const { headers, socket } = request;
  return {
    method: textOf(request.method),
    url: textOf(request.url),
    scheme: textAt(headers, ':scheme') || (socket?.encrypted ? 'https' : 'http'),
    header: (name) => textOf(headers[name] ?? (name === 'host' ? headers[':authority'] : undefined)),
    protocolVersion: request.httpVersion === '2.0' ? '2' : request.httpVersion,
    peer: socket?.remoteAddress,
  };
}

/**
 * Ends the span when the response has been sent, or when nobody is left to receive it.
 *
 * @returns `fail`, which records the error of the listener, and `end`, which ends the span if the response does not
 * report when it has been sent.
 */
function endWithResponse(
  span: Span,
  request: NodeRequest,
  response: NodeResponse,
  ownRoute: () => unknown,
): { fail: (error: unknown) => void; end: (() => void) | undefined } {
  const expressRoute = watchRoute(request);
  const failures: unknown[] = [];
  const fail = (error: unknown): void => {
    // Frameworks destroy a response with the error that its handler threw.
    if (failures.includes(error)) return;
    failures.push(error);
    setFailure(span, error);
  };
  const end = (isFinished: unknown): void => {
    if (!span.isRecording()) return;
    setRoute(span, textOf(request.method), ownRoute() ?? expressRoute());
    // The error with which the server broke off the response; in HTTP/2, the stream has it. Without one, it was the
    // client.
    const error = read(response, 'errored') ?? read(request.stream, 'errored');
    const isBroken = !isFinished || read(request.stream, 'aborted');
    // A client also disconnects when it waits in vain for a response that failed.
    if (isBroken && !error && failures.length === 0) {
      span.setAttributes({ [HTTP_ABORTED]: true, [ERROR_TYPE]: CLIENT_DISCONNECTED });
    }
    // A status that was not sent does not count.
    if (response.headersSent) setServerStatus(span, response.statusCode);
    if (error) fail(error);
    span.end();
  };
  try {
    response.once('finish', () => end(true));
    response.once('close', () => end(read(response, 'writableFinished')));
    return { fail, end: undefined };
  } catch {
    return { fail, end: () => end(true) };
  }
}

/**
 * Returns a function that returns the route as Express reports it: the router's mount path and the path within it. When
 * a handler has failed, Express takes the mount path back, so it is read as soon as the route has matched.
 */
function watchRoute(request: NodeRequest): () => unknown {
  let route: unknown;
  let path: unknown;
  const matched = (value: unknown): void => {
    route = value;
    const own = read(route, 'path');
    path = typeof own === 'string' ? textAt(request, 'baseUrl') + own : undefined;
  };
  try {
    matched(request.route);
    // Not enumerable, because servers without Express have no such property.
    Object.defineProperty(request, 'route', { get: () => route, set: matched, configurable: true });
  } catch {
    // A request to which nothing can be added gets no route either.
  }
  return () => path;
}
