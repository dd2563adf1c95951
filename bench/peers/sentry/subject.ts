import { createTransport, initAndBind, startInactiveSpan } from '@sentry/core';
import { ServerRuntimeClient } from '@sentry/core/server';
import type { BesideSubject, SpanStarter } from '../../subject.ts';

/** Starts a client as `Sentry.init` does, without integrations, whose requests come to `send`. */
function client(tracesSampleRate: number, send: (body: string | Uint8Array) => void): ServerRuntimeClient {
  return initAndBind(ServerRuntimeClient, {
    dsn: 'https://0123456789abcdef@sentry.example/1',
    tracesSampleRate,
    integrations: [],
    stackParser: () => [],
    transport: (options) =>
      createTransport(options, async ({ body }) => {
        send(body);
        return { statusCode: 200 };
      }),
  }) as unknown as ServerRuntimeClient;
}

// Its spans have the names that the cases know, and take events without ever sending them.
const tracer: SpanStarter = {
  startSpan: (name, options) => startInactiveSpan({ name, attributes: options?.attributes }),
};

/**
 * Sentry's core, as its SDKs for servers use it: spans are streamed in envelopes of JSON. All spans of a case are of one
 * trace, and so of few envelopes, which is to Sentry's advantage.
 */
export const subject: BesideSubject = {
  name: 'Sentry 11.12',

  recording() {
    let sent: Uint8Array = new Uint8Array();
    const encoder = new TextEncoder();
    const started = client(1, (body) => {
      sent = typeof body === 'string' ? encoder.encode(body) : body;
    });
    return {
      tracer,
      drain() {
        started.emit('flush');
        return sent;
      },
    };
  },

  unsampled() {
    client(0, () => {});
    return tracer;
  },
};
