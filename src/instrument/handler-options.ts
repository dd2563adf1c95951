import type { Config } from '../config.ts';
import type { ServerOptions } from './server-span.ts';
import type { TraceWebSocketOptions } from './socket-connection.ts';
import type { TracingOptions } from './tracing.ts';

/** What is said of the events of a handler, whatever kind they are. */
export interface EventOptions extends TracingOptions {
  /**
   * What `initialize` is given at the first event, unless tracing is set up by then: settings, or a function that makes them of
   * the environment of the event, where the runtime hands one over. That is their `env`, too. What cannot be used is reported
   * as `config_refused`, and events go on untraced. Default: `{}`.
   */
  config?: Config | ((env: never) => Config);
  /**
   * Milliseconds without a sign of life after which a span is ended, with `timeout` for its `error.type`: without an answer of
   * the handler, or without anybody reading on in its body. Handler and body go on. Default: 300,000.
   */
  timeoutMillis?: number;
  /**
   * Whether each event sends what has ended, in what the runtime waits for (`ctx.waitUntil`), or what sends it: for a `tracer`
   * that is not of `initialize`. Where a process goes on after the response, nothing is sent by events. Default: true.
   */
  flush?: boolean | (() => Promise<unknown>);
}

/** Options of `traceHandler`. */
export interface HandlerOptions extends EventOptions, ServerOptions<Request> {
  /**
   * True ends the span of a request when its body has been sent, false when the headers are known: then bodies are not touched,
   * which saves their way through a stream. Default: true.
   */
  timeBody?: boolean;
  /**
   * What carries the context that a message of a queue was sent with, as `inject` wrote it there: `(message) => message.body`.
   * The span of the batch is linked to it. Default: none.
   */
  carrierOf?: (message: never) => unknown;
  /** What a WebSocket of a Durable Object is called, for `connection.id`. Default: none. */
  connectionId?: (socket: never) => string | undefined;
  /** Which messages of such a WebSocket get a span: `all`, `text`, `none`, or what a function says. Default: `all`. */
  messages?: TraceWebSocketOptions['messages'];
}
