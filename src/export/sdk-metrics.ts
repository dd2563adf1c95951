import type { TracerProvider } from '../core/provider.ts';
import { BatchSpanProcessor } from './batch.ts';
import type { BatchingExporter } from './exporter.ts';
import { OtlpHttpExporter } from './otlp/http.ts';
import { SimpleSpanProcessor } from './simple.ts';

/** A figure of the tracer about itself, as of now. */
export interface SdkMetric {
  /** Of the conventions: `otel.sdk.span.live`, … */
  readonly name: string;
  /** `updowncounter` for what rises and falls, `counter` for what only rises. */
  readonly kind: 'counter' | 'updowncounter';
  /** Of what. */
  readonly unit: '{span}';
  /** The number as it is now. */
  readonly value: number;
  /** Of which component, and for what reason. */
  readonly attributes: Readonly<Record<string, string | number>>;
}

const RESULTS = ['DROP', 'RECORD_ONLY', 'RECORD_AND_SAMPLE'];
const ORIGINS = ['none', 'local', 'remote'];
// What is lost before an exporter has it; the other reasons are an exporter's.
const PROCESSOR_REASONS = ['queue_full', 'encode_failed', 'shutdown'];

/**
 * What the tracer knows of itself, under the names of OpenTelemetry's conventions: a snapshot, to be handed on to
 * whatever collects metrics. Of what has not happened there is no figure.
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
    // By the conventions a span is processed when an exporter has it.
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
