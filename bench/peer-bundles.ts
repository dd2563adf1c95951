import { fileURLToPath } from 'node:url';

/** A peer's equivalent of "provider, batching, OTLP over HTTP", as a user would write it for a page. */
export interface PeerBundle {
  readonly name: string;
  /** Where its packages are installed. */
  readonly folder: string;
  readonly program: string;
}

const peer = (name: string) => fileURLToPath(new URL(`peers/${name}`, import.meta.url));

export const OPENTELEMETRY_BUNDLES: readonly PeerBundle[] = [
  {
    name: 'OpenTelemetry JS 2.12',
    folder: peer('opentelemetry-2'),
    program: `
      import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
      import { resourceFromAttributes } from '@opentelemetry/resources';
      import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
      const exporter = new OTLPTraceExporter({ url: 'https://collector.example/v1/traces' });
      const provider = new BasicTracerProvider({
        resource: resourceFromAttributes({ 'service.name': 'page' }),
        spanProcessors: [new BatchSpanProcessor(exporter)],
      });
      provider.getTracer('page').startSpan('first').end();
    `,
  },
  {
    name: 'OpenTelemetry JS 3.1',
    folder: peer('opentelemetry-3'),
    program: `
      import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
      import { resourceFromAttributes } from '@opentelemetry/resources';
      import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
      const exporter = new OTLPTraceExporter({ url: 'https://collector.example/v1/traces' });
      const provider = new TracerProvider({
        resource: resourceFromAttributes({ 'service.name': 'page' }),
        spanProcessors: [new BatchSpanProcessor({ exporter })],
      });
      provider.getTracer('page').startSpan('first').end();
    `,
  },
];

/** The equivalents of SDKs of another kind. dd-trace has none, since it is only for Node. */
export const BESIDE_BUNDLES: readonly PeerBundle[] = [
  {
    name: 'Sentry 11.12',
    folder: peer('sentry-browser'),
    // The least that traces: no integrations for errors or page loads.
    program: `
      import {
        BrowserClient, defaultStackParser, getCurrentScope, makeFetchTransport, spanStreamingIntegration, startInactiveSpan,
      } from '@sentry/browser';
      const client = new BrowserClient({
        dsn: 'https://0@sentry.example/1',
        integrations: [spanStreamingIntegration()],
        stackParser: defaultStackParser,
        tracesSampleRate: 1,
        transport: makeFetchTransport,
      });
      getCurrentScope().setClient(client);
      client.init();
      startInactiveSpan({ name: 'first' }).end();
    `,
  },
  {
    name: 'Effect 4.1',
    folder: peer('effect'),
    program: `
      import { Effect, Layer } from 'effect';
      import { FetchHttpClient } from 'effect/http';
      import { OtlpSerialization, OtlpTracer } from 'effect/observability';
      const tracing = OtlpTracer.layer({
        url: 'https://collector.example/v1/traces',
        resource: { serviceName: 'page' },
      }).pipe(Layer.provide([OtlpSerialization.layerProtobuf, FetchHttpClient.layer]));
      Effect.runFork(Effect.void.pipe(Effect.withSpan('first'), Effect.provide(tracing)));
    `,
  },
];
