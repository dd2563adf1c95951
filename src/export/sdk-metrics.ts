import type { TracerProvider } from '../core/provider.ts';
import { BatchSpanProcessor } from './batch.ts';
import type { BatchingExporter } from './exporter.ts';
import { OtlpHttpExporter } from './otlp/http.ts';
import { SimpleSpanProcessor } from './simple.ts';

/** A metric of the tracer about itself. */
export interface SdkMetric {
  /** The name in the semantic conventions, such as `otel.sdk.span.live`. */
  readonly name: string;
  /** `updowncounter` for a value that rises and falls, `counter` for one that only rises. */
  readonly kind: 'counter' | 'updowncounter';
  /** The unit: what is counted. */
  readonly unit: '{span}';
  /** The current value. */
  readonly value: number;
  /** Attributes in the conventions, such as the component and the error type. */
  readonly attributes: Readonly<Record<string, string | number>>;
}

const RESULTS = ['DROP', 'RECORD_ONLY', 'RECORD_AND_SAMPLE'];
const ORIGINS = ['none', 'local', 'remote'];
// Reasons for losing a span before an exporter has it. The other reasons belong to exporters.
const PROCESSOR_REASONS = ['queue_full', 'encode_failed', 'shutdown'];

/**
 * Returns a snapshot of the tracer's metrics about itself, under the names of OpenTelemetry's conventions, to pass on
 * to a metrics library. Leaves out counters of 0, except those of the spans processed and exported.
 *
 * Specification: OpenTelemetry semantic conventions, "OpenTelemetry SDK metrics".
 */
export function metricsOf(provider: TracerProvider): SdkMetric[] {
  const metrics: SdkMetric[] = [];
  const add = (
    kind: SdkMetric['kind'],
    name: string,
    value: number,
    attributes: SdkMetric['attributes'],
    isAlways = kind === 'updowncounter',
  ) => {
    if (value > 0 || isAlways) metrics.push({ name: `otel.sdk.${name}`, kind, unit: '{span}', value, attributes });
  };
  add('updowncounter', 'span.live', provider.live, {});
  for (const [at, count] of provider._started.entries()) {
    add('counter', 'span.started', count, {
      'otel.span.sampling_result': RESULTS[at % 3],
      'otel.span.parent.origin': ORIGINS[Math.floor(at / 3)],
    });
  }
  for (const [at, processor] of provider._processors.entries()) {
    if (!(processor instanceof BatchSpanProcessor)) continue;
    const { acknowledged, rejected, unknown, pending, dropped } = processor.stats();
    let inFlight = 0;
    for (const { _spans } of processor._delivery._flights) inFlight += _spans;

    const type = processor instanceof SimpleSpanProcessor ? 'simple_span_processor' : 'batching_span_processor';
    const component = componentOf(type, at);
    let lost = 0;
    for (const [reason, count] of Object.entries(dropped)) {
      if (!PROCESSOR_REASONS.includes(reason)) continue;
      lost += count;
      const errorType = reason === 'shutdown' ? 'already_shutdown' : reason;
      add('counter', 'processor.span.processed', count, { ...component, 'error.type': errorType });
    }
    const failed = Object.values(dropped).reduce((sum, count) => sum + count, 0) - lost;
    // By the conventions, a span is processed once an exporter has it.
    const handedOver = acknowledged + rejected + unknown + failed + inFlight;
    add('counter', 'processor.span.processed', handedOver, component, true);
    add('updowncounter', 'processor.span.queue.size', pending - inFlight, component);
    add('updowncounter', 'processor.span.queue.capacity', processor._options.maxQueueSize, component);

    const exporter = exporterOf(processor._delivery._exporter, at);
    add('updowncounter', 'exporter.span.inflight', inFlight, exporter);
    add('counter', 'exporter.span.exported', acknowledged, exporter, true);
    add('counter', 'exporter.span.exported', rejected, { ...exporter, 'error.type': 'rejected' });
    add('counter', 'exporter.span.exported', unknown, { ...exporter, 'error.type': 'unknown' });
    for (const [reason, count] of Object.entries(dropped)) {
      if (!PROCESSOR_REASONS.includes(reason)) {
        add('counter', 'exporter.span.exported', count, { ...exporter, 'error.type': reason });
      }
    }
  }
  return metrics;
}

function componentOf(type: string, at: number): Record<string, string> {
  return { 'otel.component.type': type, 'otel.component.name': `${type}/${at}` };
}

function exporterOf(exporter: BatchingExporter, at: number): SdkMetric['attributes'] {
  const { url, componentType = exporter instanceof OtlpHttpExporter ? typeOf(exporter) : 'exporter' } = exporter;
  const component = componentOf(componentType, at);
  if (url === undefined || !URL.canParse(url)) return component;
  const { hostname, port, protocol } = new URL(url);
  return {
    ...component,
    'server.address': hostname.replace(/^\[|\]$/g, ''),
    'server.port': port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
  };
}

function typeOf({ _encoding }: OtlpHttpExporter): string {
  return _encoding.contentType === 'application/json' ? 'otlp_http_json_exporter' : 'otlp_http_exporter';
}
