import type { Attributes } from '../core/attributes.ts';
import { ROOT_CONTEXT, spanIn } from '../core/context.ts';
import { SpanKind } from '../core/kind.ts';
import type { LinkInput } from '../core/link.ts';
import { read, textAt } from '../core/property.ts';
import type { SpanOptions } from '../core/tracer.ts';
import {
  AttrConnectionCloseCode,
  AttrConnectionCloseReason,
  AttrConnectionCloseWasClean,
  AttrConnectionID,
  AttrConnectionState,
  AttrConnectionType,
  AttrMessageDirection,
  AttrMessageSize,
} from '../realtime/names.ts';
import type { Call, TracedCall } from './event.ts';
import { setFailure } from './failure.ts';
import type { HandlerOptions } from './handler-options.ts';
import { asked } from './server-span.ts';
import { isWanted, sizeOf } from './socket-connection.ts';
import { contextOfCaller, startWithin } from './tracing.ts';

/** Returns the name and the options of an event's span. */
type Describe = (args: readonly unknown[], options: HandlerOptions) => SpanOptions & { name: string };

/**
 * The events of Workers and Durable Objects other than requests.
 *
 * Specification: OpenTelemetry semantic conventions, "FaaS spans" and "Messaging spans". WebSocket events have the
 * names that the helpers use.
 */
export const WORKER_EVENTS: Readonly<Record<string, Describe>> = {
  scheduled: ([controller]) => {
    const cron = textAt(controller, 'cron');
    const time = new Date(Number(read(controller, 'scheduledTime')));
    return invocation(`scheduled ${cron}`.trim(), 'timer', {
      'faas.cron': cron,
      ...(time.getTime() && { 'faas.time': time.toISOString() }),
    });
  },
  alarm: ([info]) => invocation('alarm', 'timer', { 'faas.alarm.retry_count': Number(read(info, 'retryCount') ?? 0) }),
  email: () => invocation('email', 'other'),
  tail: () => invocation('tail', 'other'),
  queue: ([batch], options) => {
    const queue = textAt(batch, 'queue');
    const messages = read(batch, 'messages');
    const list: unknown[] = Array.isArray(messages) ? messages : [];
    return {
      name: `process ${queue}`.trim(),
      kind: SpanKind.CONSUMER,
      attributes: {
        'faas.trigger': 'pubsub',
        'messaging.system': 'cloudflare_queues',
        'messaging.operation.type': 'process',
        'messaging.operation.name': 'process',
        'messaging.destination.name': queue,
        'messaging.batch.message_count': list.length,
      },
      links: options.carrierOf && list.flatMap((message) => linkOf(message, options)),
    };
  },
  webSocketMessage: ([socket, message], options) =>
    connection('connection.message.receive', 'active', socket, options, {
      [AttrMessageDirection]: 'receive',
      [AttrMessageSize]: sizeOf(message),
    }),
  webSocketClose: ([socket, code, reason, wasClean], options) =>
    connection('connection.closed', 'closed', socket, options, {
      [AttrConnectionCloseCode]: code as number,
      [AttrConnectionCloseReason]: (reason as string) || undefined,
      [AttrConnectionCloseWasClean]: wasClean as boolean,
    }),
  webSocketError: ([socket], options) => connection('connection.error', 'error', socket, options),
};

/**
 * Traces such an event in a trace of its own, since it carries no context. Returns nothing for a message without a
 * span.
 */
export function traceWorkerEvent(event: string, options: HandlerOptions, { args }: Call): TracedCall | undefined {
  if (event === 'webSocketMessage') {
    const [, data] = args;
    const message = { direction: 'receive', data, size: sizeOf(data), isText: typeof data === 'string' } as const;
    if (!isWanted(options.messages, message)) return undefined;
  }
  // What the runtime passes may be anything, and throw when it is read.
  const { name, ...described } = asked((given) => WORKER_EVENTS[event](given, options), args) ?? { name: event };
  const span = startWithin(options, name, described, ROOT_CONTEXT);
  if (event === 'webSocketError') setFailure(span, args[1]);
  return { parent: ROOT_CONTEXT, span };
}

function invocation(name: string, trigger: string, attributes?: Attributes): ReturnType<Describe> {
  return { name, kind: SpanKind.SERVER, attributes: { 'faas.trigger': trigger, ...attributes } };
}

function connection(
  name: string,
  state: string,
  socket: unknown,
  { connectionId }: HandlerOptions,
  attributes?: Attributes,
): ReturnType<Describe> {
  return {
    name,
    attributes: {
      [AttrConnectionID]: asked(connectionId, socket as never),
      [AttrConnectionType]: 'websocket',
      [AttrConnectionState]: state,
      ...attributes,
    },
  };
}

function linkOf(message: unknown, options: HandlerOptions): LinkInput[] {
  const sent = spanIn(contextOfCaller(options, asked(options.carrierOf, message as never)));
  return sent ? [sent] : [];
}
