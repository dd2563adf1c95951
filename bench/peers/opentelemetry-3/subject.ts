import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { TracerProvider, type ReadableSpan } from '@opentelemetry/sdk-trace';
import type { Subject } from '../../subject.ts';

/** OpenTelemetry JS 3.x: spans are kept as they end and serialised by `drain`. */
export function openTelemetry3(): Subject {
  let ended: ReadableSpan[] = [];
  const provider = new TracerProvider({
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
    name: 'OpenTelemetry JS 3.1',
    tracer: provider.getTracer('bench', '1.0.0'),
    async drain() {
      const spans = ended;
      ended = [];
      return ProtobufTraceSerializer.serializeRequest(spans) as Uint8Array;
    },
  };
}
