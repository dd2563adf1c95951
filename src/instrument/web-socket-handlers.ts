import { FUNCTION } from '../setting.ts';
import { isRecording } from '../trace.ts';
import { checkSocketOptions, type SocketConnection, type TraceWebSocketOptions } from './socket-connection.ts';
import { guarded, traceMethods } from './web-socket.ts';

/** The part that is used of the handlers that Bun's server calls, each with the socket that it concerns. */
export interface WebSocketHandlers<Socket extends object> {
  // Methods, so that handlers with parameters of other types are accepted.
  /** A socket has opened. */
  open?(socket: Socket): unknown;
  /** A message has arrived. */
  message(socket: Socket, message: never, ...others: never[]): unknown;
  /** A socket has closed. */
  close?(socket: Socket, code: number, reason: string): unknown;
}

/** Options of `traceWebSocketHandlers`. */
export interface TraceWebSocketHandlersOptions<Socket extends object>
  extends Pick<TraceWebSocketOptions, 'attributes' | 'messages'> {
  /** Returns the `connection.id` of a socket. Default: 16 random hexadecimal digits. */
  id?: (socket: Socket) => string;
  /**
   * Returns the parent of a socket's spans; see `traceWebSocket`. Default: the span that is active when the socket
   * opens.
   */
  parent?: (socket: Socket) => TraceWebSocketOptions['parent'];
}

/**
 * Traces the sockets of a server that shares handlers among all its sockets instead of giving them listeners: Bun's, as
 * passed to `Bun.serve({ websocket })`. The spans are those of `traceWebSocket`. The span of a message is active while
 * its handler runs.
 *
 * @returns Handlers to use in place of these.
 * @throws TypeError or RangeError naming an option that cannot be used.
 */
export function traceWebSocketHandlers<Socket extends object, Handlers extends WebSocketHandlers<Socket>>(
  handlers: Handlers & WebSocketHandlers<Socket>,
  options: TraceWebSocketHandlersOptions<Socket> = {},
): Handlers {
  checkSocketOptions(options, FUNCTION, FUNCTION);
  const connections = new WeakMap<object, SocketConnection>();
  const { open, message, close } = handlers as unknown as Record<string, (...args: unknown[]) => unknown>;
  const traced = {
    open(this: unknown, socket: Socket, ...args: unknown[]) {
      if (isRecording()) {
        guarded(() => {
          const { id, parent, ...others } = options;
          const connection = traceMethods(socket, { ...others, id: id?.(socket), parent: parent?.(socket) });
          if (connection) connections.set(socket, connection);
        });
      }
      return open?.call(this, socket, ...args);
    },
    message(this: unknown, socket: Socket, ...args: unknown[]) {
      const connection = connections.get(socket);
      const handle = () => message.call(this, socket, ...args);
      return connection ? connection.received(args[0], undefined, handle) : handle();
    },
    close(this: unknown, socket: Socket, ...args: unknown[]) {
      // 1006 means that this side closed without a handshake, or never heard that the other side closed.
      connections.get(socket)?.closed(args[0], args[1], args[0] !== 1006);
      return close?.call(this, socket, ...args);
    },
  };
  // Handlers of a class are inherited.
  return Object.create(
    Object.getPrototypeOf(handlers),
    Object.getOwnPropertyDescriptors({ ...handlers, ...traced }),
  ) as Handlers;
}
