import { isRecording } from '../trace.ts';
import { checkSocketOptions, type SocketConnection, type TraceWebSocketOptions } from './socket-connection.ts';
import { guarded, traceMethods } from './web-socket.ts';

/** What is used of the handlers that Bun's server calls, each with the socket that it is about. */
export interface WebSocketHandlers<Socket extends object> {
  // As methods, so that handlers with parameters of other types will do.
  /** A socket is open. */
  open?(socket: Socket): unknown;
  /** A message has come. */
  message(socket: Socket, message: never, ...others: never[]): unknown;
  /** A socket is closed. */
  close?(socket: Socket, code: number, reason: string): unknown;
}

/** Settings of `traceWebSocketHandlers`. */
export interface TraceWebSocketHandlersOptions<Socket extends object>
  extends Pick<TraceWebSocketOptions, 'attributes' | 'messages'> {
  /** The `connection.id` of a socket. Default: 16 random hexadecimal digits. */
  id?: (socket: Socket) => string;
  /** The parent of a socket's spans; see `traceWebSocket`. Default: the active span at its opening. */
  parent?: (socket: Socket) => TraceWebSocketOptions['parent'];
}

/**
 * Traces the sockets of a server whose sockets have no listeners, but handlers that all of them share: those of Bun, as
 * `Bun.serve({ websocket })` takes them. The spans are those of `traceWebSocket`; that of a message is active while its
 * handler runs.
 *
 * @returns Handlers to be used in the place of these.
 * @throws TypeError naming an option that cannot be used.
 */
export function traceWebSocketHandlers<Socket extends object, Handlers extends WebSocketHandlers<Socket>>(
  handlers: Handlers & WebSocketHandlers<Socket>,
  options: TraceWebSocketHandlersOptions<Socket> = {},
): Handlers {
  checkSocketOptions(options);
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
      const span = connection?.message('receive', args[0]);
      const handle = () => message.call(this, socket, ...args);
      if (connection === undefined || span === undefined) return handle();
      try {
        return connection.run(span, handle);
      } finally {
        span.end();
      }
    },
    close(this: unknown, socket: Socket, ...args: unknown[]) {
      // What this side ends without a handshake, or never hears the end of, is 1006.
      connections.get(socket)?.closed(args[0], args[1], args[0] !== 1006);
      return close?.call(this, socket, ...args);
    },
  };
  return { ...handlers, ...traced } as unknown as Handlers;
}
