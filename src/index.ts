export type { Config, ExporterType, OtlpProtocol } from './config.ts';
export { defaultConfig } from './config.ts';
export type { AnyAttributes, Attributes, AttributeValue } from './core/attributes.ts';
export type { HrTime, TimeInput } from './core/clock.ts';
export type { Context } from './core/context.ts';
export { ROOT_CONTEXT } from './core/context.ts';
export type { Diagnostic, DiagnosticHandler } from './core/diagnostic.ts';
export type { SpanEvent } from './core/event.ts';
export type { IdGenerator } from './core/id.ts';
export { RandomIdGenerator } from './core/id.ts';
export { SpanKind } from './core/kind.ts';
export type { SpanLimits } from './core/limits.ts';
export type { Link, LinkInput } from './core/link.ts';
export { INVALID_SPAN, nonRecordingSpan } from './core/non-recording-span.ts';
export type { FlushOptions, FlushResult, SpanProcessor } from './core/processor.ts';
export type { TracerProviderOptions } from './core/provider.ts';
export { TracerProvider } from './core/provider.ts';
export type { Resource } from './core/resource.ts';
export type { ParentBasedSamplerOptions, Sampler, SamplingResult } from './core/sampler.ts';
export {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
} from './core/sampler.ts';
export type { ApiSpan, ReadableSpan, Span, StartedSpan, WritableSpan } from './core/span.ts';
export { recordError } from './core/span-callback.ts';
export type { SpanContext, TraceState } from './core/span-context.ts';
export { INVALID_SPAN_CONTEXT, isSpanContextValid, TraceFlags } from './core/span-context.ts';
export type { SpanSource } from './core/span-source.ts';
export type { SpanStatus } from './core/status.ts';
export { SpanStatusCode } from './core/status.ts';
export type { InstrumentationScope, SpanOptions, Tracer } from './core/tracer.ts';
export { BatchSpanProcessor } from './export/batch.ts';
export type { BatchSpanProcessorOptions } from './export/batch-options.ts';
export type {
  BatchingExporter,
  DropReason,
  ExportOutcome,
  ExportResult,
  SpanBatch,
  SpanExporter,
} from './export/exporter.ts';
export type { FinishedSpan } from './export/memory.ts';
export { InMemorySpanExporter } from './export/memory.ts';
export type { OtlpEncoding } from './export/otlp/encoding.ts';
export type { OtlpHeaders } from './export/otlp/headers.ts';
export type { FetchedResponse, FetchLike, OtlpHttpExporterOptions } from './export/otlp/http.ts';
export { OtlpHttpExporter } from './export/otlp/http.ts';
export { JsonEncoding } from './export/otlp/json-encoding.ts';
export type { TlsOptions } from './export/otlp/tls.ts';
export type { StdoutFormat } from './export/printer.ts';
export type { SdkMetric } from './export/sdk-metrics.ts';
export { SimpleSpanProcessor } from './export/simple.ts';
export type { ProcessorStats } from './export/span-counts.ts';
export type { StdoutSpanProcessorOptions } from './export/stdout.ts';
export { StdoutSpanProcessor } from './export/stdout.ts';
export { flushOnPageHide } from './host/page-hide.ts';
export { spanOf } from './instrument/event-span.ts';
export type { TraceFetchOptions } from './instrument/fetch.ts';
export { traceFetch } from './instrument/fetch.ts';
export { traceHandler } from './instrument/handler.ts';
export type { EventOptions, HandlerOptions } from './instrument/handler-options.ts';
export { traceNodeHandler } from './instrument/node-handler.ts';
export type { RedactUrl } from './instrument/redact-url.ts';
export { redactUrl } from './instrument/redact-url.ts';
export type { ServerOptions } from './instrument/server-span.ts';
export type { TraceWebSocketOptions, WebSocketMessage } from './instrument/socket-connection.ts';
export type { TracingOptions } from './instrument/tracing.ts';
export type { UpgradeRequest } from './instrument/upgrade.ts';
export { extractUpgrade, upgradeProtocols, upgradeUrl } from './instrument/upgrade.ts';
export { traceWebSocket } from './instrument/web-socket.ts';
export type { TraceWebSocketHandlersOptions, WebSocketHandlers } from './instrument/web-socket-handlers.ts';
export { traceWebSocketHandlers } from './instrument/web-socket-handlers.ts';
export type { B3PropagatorOptions } from './propagation/b3.ts';
export { B3InjectEncoding, B3Propagator } from './propagation/b3.ts';
export type { Baggage, BaggageEntry } from './propagation/baggage.ts';
export { baggageIn, contextWithBaggage, createBaggage, W3CBaggagePropagator } from './propagation/baggage.ts';
export type { CompositePropagatorOptions } from './propagation/composite.ts';
export { CompositePropagator } from './propagation/composite.ts';
export { environmentGetter, environmentSetter } from './propagation/environment-carrier.ts';
export type { JaegerPropagatorOptions } from './propagation/jaeger.ts';
export { JaegerPropagator } from './propagation/jaeger.ts';
export { pageContext } from './propagation/page-context.ts';
export type { TextMapGetter, TextMapPropagator, TextMapSetter } from './propagation/propagator.ts';
export { W3CTraceContextPropagator } from './propagation/trace-context.ts';
export { createTraceState } from './propagation/trace-state.ts';
export * from './realtime/ai.ts';
export {
  audioAttrs,
  connectionAttrs,
  errorAttrs,
  llmAttrs,
  pipelineAttrs,
  sessionAttrs,
  videoAttrs,
} from './realtime/attributes.ts';
export * from './realtime/connection.ts';
export type { ElementProcessOptions, Instrument, InstrumentOptions, SpanCallback } from './realtime/instrument.ts';
export * from './realtime/media.ts';
export type { AudioData, ImageData, MessageData, PipelineMessage, TextData, VideoData } from './realtime/message.ts';
export { contextOfMessage, linkMessage, MessageType } from './realtime/message.ts';
export * from './realtime/names.ts';
export * from './realtime/pipeline.ts';
export type { StartOptions, TraceStats } from './trace.ts';
export {
  activeContext,
  addEvent,
  contextWithSpan,
  extract,
  forceFlush,
  getTracer,
  initialize,
  inject,
  isInitialized,
  logWithTrace,
  sdkMetrics,
  setAttributes,
  shutdown,
  spanFromContext,
  spanId,
  startSpan,
  stats,
  traceId,
  withContext,
  withSpan,
} from './trace.ts';
