import { createTransport, initAndBind, startInactiveSpan } from '@sentry/core';
import { ServerRuntimeClient } from '@sentry/core/server';
import type { BesideSubject, SpanStarter } from '../../subject.ts';

/** Starts a client as `Sentry.init` does, but without integrations. Its requests are passed to `send`. */
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

// Sentry's spans already have the interface of the cases. They accept events but never send them.
const tracer: SpanStarter = {
  startSpan: (name, options) => startInactiveSpan({ name, attributes: options?.attributes }),
};

/**
 * Sentry's core as its server SDKs use it: spans are streamed in JSON envelopes. All spans of a case belong to one
 * trace, and therefore fit in few envelopes. This favors Sentry.
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
