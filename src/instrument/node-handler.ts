import type { IncomingMessage, ServerResponse } from 'node:http';
import { isTracingSuppressed, ROOT_CONTEXT, setSpan } from '../core/context.ts';
import { processState } from '../core/process-state.ts';
import { read, textAt } from '../core/property.ts';
import type { Span } from '../core/span.ts';
import { textOf } from '../core/text.ts';
import { keepSpan, spanOf } from './event-span.ts';
import { setFailure } from './failure.ts';
import { CLIENT_DISCONNECTED, ERROR_TYPE, HTTP_ABORTED } from './http-names.ts';
import {
  asked,
  type ServerOptions,
  type ServerRequest,
  setRoute,
  setServerStatus,
  startServerSpan,
} from './server-span.ts';
import { contextOfCaller } from './tracing.ts';

/** What is used of the request that `node:http` and `node:http2` hand over. */
interface NodeRequest {
  readonly method?: string;
  readonly url?: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly httpVersion?: string;
  readonly socket?: { readonly encrypted?: boolean; readonly remoteAddress?: string };
  /** HTTP/2 has one, and says that a response is finished however its stream has ended. */
  readonly stream?: unknown;
  /** Express has them. */
  readonly route?: { readonly path?: unknown };
  readonly baseUrl?: string;
}

/** What is used of the response. */
interface NodeResponse {
  readonly statusCode: number;
  readonly headersSent: boolean;
  once(event: string, listener: () => void): unknown;
}

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;

/** The same listener; of one that is called in several ways, as applications of Express are, the way of `node:http`. */
type Traced<T> = T extends (...args: infer Args) => infer Result
  ? [IncomingMessage, ServerResponse] extends [...Args, ...unknown[]]
    ? (...args: Args) => Result
    : (request: IncomingMessage, response: ServerResponse) => Result
  : never;

/**
 * A request listener of `node:http`, `node:https` or `node:http2` that makes a SERVER span of each request, within the
 * trace of its caller: `createServer(traceNodeHandler(listener))`. An application of Express or Connect is such a listener,
 * Koa's `app.callback()` returns one, Fastify takes one by `serverFactory`. The span is active in the listener and in the
 * listeners of request and response; it ends when the response is sent or the connection is gone. What the listener returns
 * or throws stays as it is.
 *
 * Specification: OpenTelemetry semantic conventions, "HTTP server".
 *
 * @throws TypeError where `listener` is no function.
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
  return function (this: unknown, ...args: [Request, Response, ...Rest]): Result {
    const handle = () => listener.apply(this, args);
    const [request, response] = args as unknown as [NodeRequest, NodeResponse];
    const { contextStorage } = processState;
    // One that is traced already, by the server around an application that is traced, too, is not traced twice.
    if (spanOf(request)?.isRecording() || asked(options.ignore, args[0]) === true) return handle();
    if (isTracingSuppressed(contextStorage.getStore() ?? ROOT_CONTEXT)) return handle();
    const caller = contextOfCaller(options, request.headers);
    const span = startServerSpan(options, caller, readRequest(request), args[0]);
    const context = setSpan(caller, span);
    if (!span.isRecording()) return contextStorage.run(context, handle);
    keepSpan(request, span);
    // Node emits events within whatever the connection began in.
    for (const emitter of [request, response] as { emit?(...args: unknown[]): boolean }[]) {
      try {
        const { emit } = emitter;
        if (typeof emit !== 'function') continue;
        emitter.emit = (...event) => contextStorage.run(context, () => emit.apply(emitter, event));
      } catch {
        // One that takes no other, as tests may have them.
      }
    }
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
      // Another promise and not a listener on this one, so that a rejection nobody handles is still one.
      return (result instanceof Promise ? result.then(done, failed) : done(result)) as Result;
    } catch (error) {
      return failed(error);
    }
  };
}

function readRequest(request: NodeRequest): ServerRequest {
  const { headers, socket } = request;
  const scheme = textAt(headers, ':scheme') || (socket?.encrypted ? 'https' : 'http');
  return {
    method: textOf(request.method),
    url: textOf(request.url),
    scheme,
    header: (name) => textOf(headers[name] ?? (name === 'host' ? headers[':authority'] : undefined)),
    protocolVersion: request.httpVersion === '2.0' ? '2' : request.httpVersion,
    peer: socket?.remoteAddress,
  };
}

/**
 * Ends the span when the response is out, or when there is nobody left to get it.
 *
 * @returns What records what the listener failed with; and what ends the span, where the response does not say when it is out.
 */
function endWithResponse(
  span: Span,
  request: NodeRequest,
  response: NodeResponse,
  ownRoute: () => unknown,
): { fail: (error: unknown) => void; end: (() => void) | undefined } {
  let isOver = false;
  const failures: unknown[] = [];
  const fail = (error: unknown): void => {
    // Frameworks break a response off with what its handler has thrown.
    if (failures.includes(error)) return;
    failures.push(error);
    setFailure(span, error);
  };
  const end = (isFinished: boolean): void => {
    if (isOver) return;
    isOver = true;
    setRoute(span, textOf(request.method), ownRoute() ?? expressRoute(request));
    // What the server broke the response off with; of HTTP/2 the stream has it. Without, it was the client.
    const error = read(response, 'errored') ?? read(request.stream, 'errored');
    const isBroken = !isFinished || read(request.stream, 'aborted') === true;
    // A client that waits in vain for what has failed goes, too.
    if (isBroken && !error && failures.length === 0) {
      span.setAttributes({ [HTTP_ABORTED]: true, [ERROR_TYPE]: CLIENT_DISCONNECTED });
    }
    // A status that was not sent is only what it would have been.
    if (response.headersSent) setServerStatus(span, response.statusCode);
    if (error) fail(error);
    span.end();
  };
  try {
    response.once('finish', () => end(true));
    response.once('close', () => end(read(response, 'writableFinished') === true));
    return { fail, end: undefined };
  } catch {
    return { fail, end: () => end(true) };
  }
}

/** The route as Express has it: a router's place and the path in it. */
function expressRoute({ route, baseUrl }: NodeRequest): string | undefined {
  return typeof route?.path === 'string' ? textOf(baseUrl) + route.path : undefined;
}
