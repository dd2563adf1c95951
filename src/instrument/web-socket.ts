import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import { read } from '../core/property.ts';
import type { Span } from '../core/span.ts';
import { recordError } from '../core/span-callback.ts';
import type { SettingKind } from '../setting.ts';
import { isRecording } from '../trace.ts';
import {
  checkSocketOptions,
  connectionOf,
  type SocketConnection,
  type TraceWebSocketOptions,
} from './socket-connection.ts';

// Marks a traced socket. All copies of this package share it.
const TRACED = /* @__PURE__ */ Symbol.for('@realtime-ai/trace socket');

const ID: SettingKind = ['a string', (value) => typeof value === 'string'];
// As in the helpers, a parent that cannot be used counts as none.
const PARENT: SettingKind = ['', () => true];

/** A method of a socket, as it is replaced. */
type Method = (this: unknown, ...args: unknown[]) => unknown;

/** The part of an `EventTarget` that is used. */
interface Target {
  addEventListener: Method;
  removeEventListener: Method;
}

/**
 * Traces a WebSocket: `connection.created` now, `connection.state_change`, `connection.message.send` and `.receive`
 * with their sizes, `connection.error`, and `connection.closed` with code, reason and totals. The span of a received
 * message is active while its listeners run. Accepts the `WebSocket` of the web standards, as browsers, Node, Deno, Bun
 * and Workers have it on either side, and that of the package `ws`. Messages stay as they are: no trace context is
 * added to them.
 *
 * Does nothing before `initialize`, or for a socket that is already traced. A socket that cannot be read or changed
 * stays as it is, and is reported.
 *
 * @returns The same socket, with some methods replaced.
 * @throws TypeError or RangeError naming an option that cannot be used.
 */
export function traceWebSocket<Socket extends object>(socket: Socket, options: TraceWebSocketOptions = {}): Socket {
  checkSocketOptions(options, ID, PARENT);
  if (isRecording()) {
    guarded(() => {
      const { emit, addEventListener } = socket as { emit?: unknown; addEventListener?: unknown };
      if (typeof (emit ?? addEventListener) !== 'function') {
        throw new TypeError('the socket has neither emit() nor addEventListener()');
      }
      const connection = traceMethods(socket, options);
      if (connection === undefined) return;
      if (emit === undefined) watchTarget(socket as Target, connection);
      else watchEmitter(socket, connection);
    });
  }
  return socket;
}

/**
 * Makes a socket's methods report to its connection, which is returned; `undefined` if the socket is already traced.
 */
export function traceMethods(socket: object, options: TraceWebSocketOptions): SocketConnection | undefined {
  if (TRACED in socket) return undefined;
  // If the socket cannot be changed, this throws first, before any span has been started.
  Object.defineProperty(socket, TRACED, { value: true });
  const connection = connectionOf(socket, options);
  for (const name of ['send', 'sendText', 'sendBinary']) {
    replace(socket, name, (original, self, args) => {
      const isBinary = read(args[1], 'binary');
      const span = connection.message('send', args[0], typeof isBinary === 'boolean' ? !isBinary : undefined);
      try {
        return original.apply(self, args);
      } catch (error) {
        if (span) recordError(span, error);
        throw error;
      } finally {
        span?.end();
      }
    });
  }
  for (const name of ['accept', 'close', 'terminate']) {
    replace(socket, name, (original, self, args) => {
      const result = original.apply(self, args);
      connection.look();
      return result;
    });
  }
  return connection;
}

/** Runs `trace` on a socket, which may be anything, and reports what it throws. */
export function guarded(trace: () => void): void {
  try {
    trace();
  } catch (error) {
    report('socket_unreadable', messageOf(error));
  }
}

/** Replaces a method with `call`, if the method exists. */
function replace(
  socket: object,
  name: string,
  call: (original: Method, self: unknown, args: unknown[]) => unknown,
): void {
  const original = (socket as Record<string, unknown>)[name] as Method;
  if (typeof original !== 'function') return;
  Object.defineProperty(socket, name, {
    value(this: unknown, ...args: unknown[]) {
      return call(original, this, args);
    },
    writable: true,
    configurable: true,
  });
}

/**
 * Watches a socket of the package `ws`, whose events all go through `emit`, whoever listens and however. A listener
 * would not do: one for `error` would keep a process alive that should crash because nobody handles the error.
 */
function watchEmitter(socket: object, connection: SocketConnection): void {
  replace(socket, 'emit', (original, self, args) => {
    const emit = () => original.apply(self, args);
    const [name, first, second] = args;
    if (name === 'message') {
      return connection.received(first, typeof second === 'boolean' ? !second : undefined, emit);
    }
    if (name === 'open') connection.look();
    else if (name === 'error') connection.failed(first);
    else if (name === 'close') connection.closed(first, second, first !== 1006);
    return emit();
  });
}

/** Watches an `EventTarget`, the WebSocket of the standards. */
function watchTarget(socket: Target, connection: SocketConnection): void {
  const { addEventListener, removeEventListener } = socket;
  const listen = (type: string, listener: (event: unknown) => void) => addEventListener.call(socket, type, listener);
  listen('open', () => connection.look());
  listen('error', (event) =>
    connection.failed(read(event, 'error') ?? (read(event, 'message') || 'the connection failed')),
  );
  listen('close', (event) => connection.closed(read(event, 'code'), read(event, 'reason'), read(event, 'wasClean')));
  watchMessages(socket, connection, addEventListener, removeEventListener);
}

/**
 * Wraps the listeners for messages, so that the span of a message is active while they run. Each listener has one
 * wrapper, so the socket can tell them apart and remove them as before. Listeners that were there before are not
 * wrapped, and run as before. The first wrapped listener starts the span; a last listener, added here, ends it.
 */
function watchMessages(
  socket: Target,
  connection: SocketConnection,
  addEventListener: Method,
  removeEventListener: Method,
): void {
  const wrappers = new WeakMap<object, object>();
  const spans = new WeakMap<object, Span | typeof NONE>();
  let isUnderWay = false;
  let isLast = false;

  const begin = (event: object) => {
    isUnderWay = true;
    let span = spans.get(event);
    if (span === undefined) {
      span = connection.message('receive', read(event, 'data')) ?? NONE;
      spans.set(event, span);
    }
    return span === NONE ? undefined : (span as Span);
  };
  const last = (event: object) => {
    end(begin(event));
    isUnderWay = false;
    if (!isLast) beLast();
  };
  const beLast = () => {
    // If it were removed and added during an event, it would miss that event.
    isLast = !isUnderWay;
    if (isUnderWay) return;
    removeEventListener.call(socket, 'message', last);
    addEventListener.call(socket, 'message', last);
  };
  const wrapperOf = (listener: unknown): unknown => {
    if (Object(listener) !== listener) return listener;
    const known = wrappers.get(listener as object);
    if (known !== undefined) return known;
    const wrapper = function (this: unknown, event: object) {
      const call = () =>
        typeof listener === 'function'
          ? listener.call(this, event)
          : (listener as { handleEvent(event: object): unknown }).handleEvent(event);
      const span = begin(event);
      try {
        return connection.run(span, call);
      } finally {
        // No later listener may get the event.
        if (read(event, 'cancelBubble')) end(span);
      }
    };
    wrappers.set(listener as object, wrapper);
    // Runtimes register `onmessage` through the method that is replaced here.
    wrappers.set(wrapper, wrapper);
    return wrapper;
  };

  replace(socket, 'addEventListener', (original, self, [type, listener, ...rest]) => {
    if (type !== 'message' || self !== socket) return original.call(self, type, listener, ...rest);
    // The listener may have been added before it could be wrapped.
    if (wrapperOf(listener) !== listener) removeEventListener.call(socket, type, listener, ...rest);
    original.call(socket, type, wrapperOf(listener), ...rest);
    return beLast();
  });
  replace(socket, 'removeEventListener', (original, self, [type, listener, ...rest]) => {
    original.call(self, type, listener, ...rest);
    if (type === 'message' && self === socket) original.call(socket, type, wrapperOf(listener), ...rest);
  });

  beLast();
  const accessor = accessorOf(socket, 'onmessage');
  if (accessor?.get !== undefined && accessor.set !== undefined) {
    const { get, set } = accessor;
    let handler: unknown = get.call(socket);
    const assign = (value: unknown) => {
      set.call(socket, typeof value === 'function' ? wrapperOf(value) : value);
      handler = value;
      beLast();
    };
    Object.defineProperty(socket, 'onmessage', {
      get: () => (typeof handler === 'function' ? handler : get.call(socket)),
      set: assign,
      enumerable: true,
      configurable: true,
    });
    if (typeof handler === 'function') assign(handler);
  }
}

// Stands for the span of a message that gets none.
const NONE = 0;

function end(span: Span | undefined): void {
  // The span has already ended if a listener kept the event from the others.
  if (span?.isRecording()) span.end();
}

/** The getter and setter of a property, own or inherited. */
function accessorOf(object: object | null, name: string): PropertyDescriptor | undefined {
  for (let owner = object; owner !== null; owner = Object.getPrototypeOf(owner)) {
    const descriptor = Object.getOwnPropertyDescriptor(owner, name);
    if (descriptor !== undefined) return descriptor;
  }
  return undefined;
}
