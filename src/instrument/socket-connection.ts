import type { Attributes } from '../core/attributes.ts';
import { ROOT_CONTEXT, setSpan, spanIn } from '../core/context.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import { randomId } from '../core/id.ts';
import { nonRecordingSpan } from '../core/non-recording-span.ts';
import { processState } from '../core/process-state.ts';
import { read } from '../core/property.ts';
import type { Span } from '../core/span.ts';
import { recordError } from '../core/span-callback.ts';
import { isSpanContextValid, type SpanContext } from '../core/span-context.ts';
import { isContext, type SpanSource, spanContextOf } from '../core/span-source.ts';
import { textOf, utf8Length } from '../core/text.ts';
import {
  instrumentConnectionClosed,
  instrumentConnectionCreated,
  instrumentConnectionError,
  instrumentConnectionMessage,
  instrumentConnectionStateChange,
} from '../realtime/connection.ts';
import {
  AttrConnectionCloseCode,
  AttrConnectionCloseReason,
  AttrConnectionCloseWasClean,
  AttrConnectionReceivedCount,
  AttrConnectionReceivedSize,
  AttrConnectionSentCount,
  AttrConnectionSentSize,
} from '../realtime/names.ts';
import { checkSettings, either, FUNCTION, OBJECT, oneOf, type SettingKind } from '../setting.ts';
import { activeContext } from '../trace.ts';

/** What is known of a WebSocket message before it gets a span. */
export interface WebSocketMessage {
  /** Whether this side sends or receives it. */
  readonly direction: 'send' | 'receive';
  /** The data as it was sent or received. It is not kept. */
  readonly data: unknown;
  /** Size in bytes; text counts as UTF-8. */
  readonly size: number;
  /** True for text, false for bytes. */
  readonly isText: boolean;
}

/** Options of `traceWebSocket`. */
export interface TraceWebSocketOptions {
  /** `connection.id`. Default: 16 random hexadecimal digits. */
  id?: string;
  /**
   * The parent of the connection's spans: a span, a span context or a context, such as `extractUpgrade` returns. A
   * function is asked before each span, so that the messages of a socket which outlives a turn can belong to the turn.
   * Default, also if the function returns none: the span that is active at the call; if there is none,
   * `connection.created` is the parent of all others.
   */
  parent?: SpanSource | (() => SpanSource | undefined);
  /** Attributes of every span of the connection. Default: none. */
  attributes?: Attributes;
  /**
   * Which messages get a span: `all`, `text`, `none`, or those for which a function returns true. All messages count
   * toward the totals of `connection.closed`. Default: `all`.
   */
  messages?: 'all' | 'text' | 'none' | ((message: WebSocketMessage) => boolean);
}

const TYPE = 'websocket';
const STATES = ['connecting', 'open', 'closing', 'closed'];
const CLOSED = 3;

/** Creates the spans of one WebSocket. Nothing here throws, except what a callback throws. */
export interface SocketConnection {
  /** Counts a message and starts its span, which the caller ends; `undefined` if it gets none. */
  message(direction: WebSocketMessage['direction'], data: unknown, isText?: boolean): Span | undefined;
  /**
   * Calls `callback` with the span of a received message active, and records what it throws. Without a span, the parent
   * that the connection's spans would have now is active, if one was given.
   */
  run<T>(span: Span | undefined, callback: () => T): T;
  /** Calls `callback` within the span of a received message, if it gets one. */
  received<T>(data: unknown, isText: boolean | undefined, callback: () => T): T;
  /** Checks whether the state has changed since the last time. */
  look(): void;
  failed(error: unknown): void;
  closed(code: unknown, reason: unknown, wasClean: unknown): void;
}

export const MESSAGES: SettingKind = /* @__PURE__ */ either(/* @__PURE__ */ oneOf('all', 'text', 'none'), FUNCTION);

/** @throws TypeError or RangeError naming an option that cannot be used. */
export function checkSocketOptions(options: object, id: SettingKind, parent: SettingKind): void {
  checkSettings('options', options, { id, parent, attributes: OBJECT, messages: MESSAGES });
}

/** Starts the spans of a connection with `connection.created`. */
export function connectionOf(socket: object, options: TraceWebSocketOptions): SocketConnection {
  const { id = randomId(2), attributes, messages } = options;
  const active = activeContext();
  let fallback: SpanSource = active;
  const parentNow = (): SpanSource => {
    const { parent } = options;
    if (typeof parent !== 'function') return parent ?? fallback;
    try {
      return parent() ?? fallback;
    } catch (error) {
      report('socket_unreadable', messageOf(error));
      return fallback;
    }
  };
  const own = () => {
    const parent = parentNow();
    return { parent: isSpanContextValid(spanContextOf(parent)) ? parent : fallback, attributes };
  };
  const first = parentNow();
  const created = instrumentConnectionCreated(id, TYPE, { parent: first, attributes });
  created.end();
  // One trace per connection, not one per message.
  if (!isSpanContextValid(spanContextOf(first))) fallback = created.spanContext();

  const totals = { send: { count: 0, bytes: 0 }, receive: { count: 0, bytes: 0 } };
  let state = stateOf(socket);
  let isClosed = false;
  const become = (next: string) => {
    if (next === state) return;
    instrumentConnectionStateChange(id, TYPE, state, next, own()).end();
    state = next;
  };

  return {
    message(direction, data, isText = typeof data === 'string') {
      const size = sizeOf(data);
      const total = totals[direction];
      total.count++;
      total.bytes += size;
      if (!isWanted(messages, { direction, data, size, isText })) return undefined;
      // A sent message belongs to the span that sends it.
      const context = direction === 'send' ? activeContext() : ROOT_CONTEXT;
      const isSender = isSpanContextValid(spanContextOf(context));
      return instrumentConnectionMessage(id, TYPE, direction, size, isSender ? { parent: context, attributes } : own());
    },
    run(span, callback) {
      const { contextStorage } = processState;
      // A runtime may put a listener of its own around a wrapped one.
      if (span ? spanIn(activeContext()) === span : options.parent == null) return callback();
      try {
        const { parent } = own();
        const base = isContext(parent) ? parent : setSpan(active, asSpan(parent));
        return contextStorage.run(span ? setSpan(base, span) : base, callback);
      } catch (error) {
        if (span) recordError(span, error);
        throw error;
      }
    },
    received(data, isText, callback) {
      const span = this.message('receive', data, isText);
      try {
        return this.run(span, callback);
      } finally {
        span?.end();
      }
    },
    look() {
      if (!isClosed) become(stateOf(socket));
    },
    failed(error) {
      // Workers report a lost connection after every end, even a clean one.
      if (!isClosed) instrumentConnectionError(id, TYPE, error, own()).end();
    },
    closed(code, reason, wasClean) {
      if (isClosed) return;
      isClosed = true;
      become(STATES[CLOSED]);
      const { send, receive } = totals;
      instrumentConnectionClosed(id, TYPE, {
        ...own(),
        attributes: {
          ...attributes,
          [AttrConnectionCloseCode]: typeof code === 'number' ? code : undefined,
          [AttrConnectionCloseReason]: textOf(reason) || undefined,
          [AttrConnectionCloseWasClean]: typeof wasClean === 'boolean' ? wasClean : undefined,
          [AttrConnectionSentCount]: send.count,
          [AttrConnectionSentSize]: send.bytes,
          [AttrConnectionReceivedCount]: receive.count,
          [AttrConnectionReceivedSize]: receive.bytes,
        },
      }).end();
    },
  };
}

/** The span that a span or a span context stands for. */
function asSpan(source: object): Span {
  return 'spanContext' in source ? (source as Span) : nonRecordingSpan(source as SpanContext);
}

/** True if a message gets a span. Never throws. */
export function isWanted(messages: TraceWebSocketOptions['messages'] = 'all', message: WebSocketMessage): boolean {
  if (typeof messages !== 'function') return messages === 'all' || (messages === 'text' && message.isText);
  try {
    return messages(message);
  } catch (error) {
    report('socket_unreadable', messageOf(error));
    return false;
  }
}

/** The state in words. A socket that does not report one counts as open. */
function stateOf(socket: object): string {
  return STATES[read(socket, 'readyState') as number] ?? 'open';
}

/** Size in bytes of what is sent or received; 0 if it is unknown. Never throws. */
export function sizeOf(data: unknown): number {
  if (typeof data === 'string') return utf8Length(data);
  try {
    // Fragments, as the package `ws` delivers them.
    if (Array.isArray(data)) return data.reduce((sum: number, part: unknown) => sum + bytesOf(part), 0);
  } catch {
    // `data` may be a proxy that throws.
  }
  return bytesOf(data);
}

/** Size in bytes of a buffer, a view of one, or a `Blob`. */
function bytesOf(data: unknown): number {
  const size = read(data, 'byteLength') ?? read(data, 'size');
  return typeof size === 'number' && size >= 0 ? size : 0;
}
