import type { Context } from '../core/context.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import { read, textAt } from '../core/property.ts';
import { spanContextOf } from '../core/span-source.ts';
import { activeContext } from '../trace.ts';
import type { Call, TracedCall } from './event.ts';
import { eventIn, isOpen, spanOf } from './event-span.ts';
import { setError } from './failure.ts';
import type { HandlerOptions } from './handler-options.ts';
import type { OpenEvent } from './open-event.ts';
import { isLeftAlone, passOnBody } from './outgoing-body.ts';
import { asked, type ServerRequest, setRoute, setServerStatus, startServerSpan } from './server-span.ts';
import { contextOfCaller } from './tracing.ts';

/**
 * Traces a request as a SERVER span, with the parent from the headers. Returns nothing for a request that is ignored,
 * or that another traced handler passes on.
 */
export function traceRequest(options: HandlerOptions, { args }: Call): TracedCall | undefined {
  const request = args[0] as Request;
  if (isOpen(spanOf(request)) || asked(options.ignore, request) === true) return undefined;
  const active = activeContext();
  const caller = contextOfCaller(options, read(request, 'headers'));
  // A traced server may pass on what it has received as another request. An event may also have started a server or a
  // timer, whose requests are in its context but not in its trace.
  const outer = eventIn(active);
  const isInner = isOpen(outer) && spanContextOf(caller).traceId === outer?.spanContext().traceId;
  const parent = isInner ? active : caller;
  return {
    parent,
    span: startServerSpan(options, parent, serverRequest(args), request),
    // Deno's signal aborts after each response, and Deno prints a warning to stderr if anything listens to it.
    signal: 'Deno' in globalThis ? undefined : (read(request, 'signal') as AbortSignal | undefined),
    finish: (event, result, context) => finish(options, event, request, result, context),
  };
}

function serverRequest([request, second]: readonly unknown[]): ServerRequest {
  return {
    method: textAt(request, 'method'),
    url: textAt(request, 'url'),
    header: (name) => (request as Request).headers.get(name),
    // On Workers, it is in `cf`.
    protocolVersion: /[\d.]+$/.exec(textAt(read(request, 'cf'), 'httpProtocol'))?.[0],
    peer: peerOf(request, second),
  };
}

/** The address of the client, as srvx, Deno and Bun provide it. */
function peerOf(request: unknown, server: unknown): string {
  const askBun = (about: unknown) =>
    (server as { requestIP?(request: unknown): unknown } | undefined)?.requestIP?.(about);
  return (
    textAt(request, 'ip') || textAt(read(server, 'remoteAddr'), 'hostname') || textAt(asked(askBun, request), 'address')
  );
}

/** Records on the span how the request was answered, and returns the response with the body to pass on. */
async function finish(
  { route, timeBody = true }: HandlerOptions,
  event: OpenEvent | undefined,
  request: Request,
  result: unknown,
  context: Context,
): Promise<unknown> {
  const span = event?.span.isRecording() && event.span;
  const response = result as Response;
  try {
    const status = read(response, 'status');
    if (span) {
      setRoute(span, request.method, asked(route, request));
      // Bun learns of an upgrade in another way, and expects no response.
      if (result === undefined && request.headers.get('upgrade')) setServerStatus(span, 101);
      else if (typeof status !== 'number') setError(span, 'no_response', 'the handler did not return a Response');
      else if (status === 0) setError(span, 'network_error', 'the handler returned Response.error()');
      else setServerStatus(span, status);
    }
    const isTimed = timeBody && (status as number) >= 200 && request.method !== 'HEAD' && !isLeftAlone(response);
    // A body that is not timed is not even accessed.
    const body = isTimed ? response.body : null;
    if (body?.locked || read(response, 'bodyUsed')) {
      if (span) setError(span, 'body_used', 'the body of the response has been read or is locked');
    } else if (body) return await passOnBody(response, body, context, event);
  } catch (error) {
    report('response_unreadable', messageOf(error));
  }
  event?.end();
  return result;
}
