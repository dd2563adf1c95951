import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { Subject } from '../../subject.ts';

/** OpenTelemetry JS 2.x: spans are kept as they end and serialised by `drain`. */
export function openTelemetry2(): Subject {
  let ended: ReadableSpan[] = [];
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'bench' }),
    spanProcessors: [
      {
        onStart: () => {},
        onEnd: (span) => {
          ended.push(span);
        },
        forceFlush: async () => {},
        shutdown: async () => {},
      },
    ],
  });
  return {
    name: 'OpenTelemetry JS 2.12',
    tracer: provider.getTracer('bench', '1.0.0'),
    async drain() {
      const spans = ended;
      ended = [];
      return ProtobufTraceSerializer.serializeRequest(spans) as Uint8Array;
    },
  };
}
