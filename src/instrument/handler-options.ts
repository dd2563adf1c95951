import type { Config } from '../config.ts';
import type { ServerOptions } from './server-span.ts';
import type { TraceWebSocketOptions } from './socket-connection.ts';
import type { TracingOptions } from './tracing.ts';

/** Options for the events of a handler, of whatever kind. */
export interface EventOptions extends TracingOptions {
  /**
   * The settings for `initialize` at the first event, unless tracing is set up by then; or a function that returns them
   * for the event's environment, if the runtime provides one. That environment is also the default for their `env`.
   * Settings that cannot be used are reported as `config_refused`, and events continue untraced. Default: `{}`.
   */
  config?: Config | ((env: never) => Config);
  /**
   * Milliseconds without activity after which a span is ended, with `timeout` as its `error.type`: the handler does not
   * answer, or nobody reads on in its body. Handler and body continue. Default: 300,000.
   */
  timeoutMillis?: number;
  /**
   * Whether each event exports the spans that have ended, while the runtime waits (`ctx.waitUntil`); or a function that
   * exports them, for a `tracer` that is not from `initialize`. Where the process lives on after the response, events
   * export nothing. Default: true.
   */
  flush?: boolean | (() => Promise<unknown>);
}

/** Options of `traceHandler`. */
export interface HandlerOptions extends EventOptions, ServerOptions<Request> {
  /**
   * True ends the span of a request when the response's body has been sent. False ends it when the headers are known
   * and leaves bodies alone, which saves passing them through a stream. Default: true.
   */
  timeBody?: boolean;
  /**
   * Returns what carries the context with which a queue message was sent, as `inject` wrote it:
   * `(message) => message.body`. The span of the batch is linked to that context. Default: none.
   */
  carrierOf?: (message: never) => unknown;
  /** Returns the `connection.id` of a Durable Object's WebSocket. Default: none. */
  connectionId?: (socket: never) => string | undefined;
  /**
   * Which messages of such a WebSocket get a span: `all`, `text`, `none`, or those for which a function returns true.
   * Default: `all`.
   */
  messages?: TraceWebSocketOptions['messages'];
}
