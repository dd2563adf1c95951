import { flushAtEnd, reportSettings, stdoutProcessor } from '#host';
import { writeNotice } from '#platform';
import { type Config, resolveConfig } from './config.ts';
import type { Attributes } from './core/attributes.ts';
import { type Context, ROOT_CONTEXT, setSpan, spanIn } from './core/context.ts';
import { callbackMissing, report } from './core/diagnostic.ts';
import { messageOf } from './core/exception.ts';
import { INVALID_SPAN } from './core/non-recording-span.ts';
import { reportOpen, shownName } from './core/open-spans.ts';
import { processState } from './core/process-state.ts';
import type { FlushOptions, FlushResult } from './core/processor.ts';
import { TracerProvider } from './core/provider.ts';
import type { Span, WritableSpan } from './core/span.ts';
import { runInSpan } from './core/span-callback.ts';
import { isSpanContextValid, type SpanContext } from './core/span-context.ts';
import { isContext, type SpanSource, spanContextOf } from './core/span-source.ts';
import { textOf } from './core/text.ts';
import type { SpanOptions, SpanTracer, Tracer } from './core/tracer.ts';
import { SDK_NAME, SDK_VERSION } from './core/version.ts';
import { BatchSpanProcessor } from './export/batch.ts';
import { OtlpHttpExporter } from './export/otlp/http.ts';
import { metricsOf, type SdkMetric } from './export/sdk-metrics.ts';
import type { ProcessorStats } from './export/span-counts.ts';
import type { CompositePropagator } from './propagation/composite.ts';
import type { TextMapGetter, TextMapSetter } from './propagation/propagator.ts';

/** What `initialize` set up. All copies of this package in the process share it. */
interface Running {
  readonly propagator: CompositePropagator;
  /** `undefined` while tracing is off: see `isOff` in `initialize`. */
  readonly provider: TracerProvider | undefined;
  /** The tracer that `startSpan` and the helpers use. */
  readonly tracer: SpanTracer | undefined;
  readonly batch: BatchSpanProcessor | undefined;
}

/** Options of a span that `startSpan`, `withSpan` or a helper starts. */
export interface StartOptions extends Omit<SpanOptions, 'root' | 'attributes'> {
  /** Attributes that the span starts with. The sampler sees them. Default: none. */
  attributes?: Attributes;
  /** The parent: a span, a span context or a context. Default: the active context. */
  parent?: SpanSource;
  /** True starts a new trace. Default: false. */
  root?: boolean;
}

const NOTHING: FlushResult = { exported: 0, pending: 0, dropped: 0 };

function running(): Running | undefined {
  return processState.running as Running | undefined;
}

/** Returns the running setup, or else the last one, whose counters can be read after `shutdown`. */
function latest(): Running | undefined {
  return running() ?? (processState.last as Running | undefined);
}

let idle: SpanTracer | undefined;

/**
 * Returns the tracer to use while nothing records: that of a provider which is shut down. Its spans only propagate a
 * trace.
 */
function idleTracer(spanName?: string): SpanTracer {
  if (idle === undefined) {
    // Without a setup, the first span to get here is too early. With one, tracing is off, and the span is meant to go
    // nowhere.
    if (running() === undefined) processState.early = spanName;
    const provider = new TracerProvider();
    provider.shutdown();
    idle = provider.getTracer(SDK_NAME) as SpanTracer;
  }
  return idle;
}

/** Returns the active context; without one, `ROOT_CONTEXT`. */
export function activeContext(): Context {
  return processState.contextStorage.getStore() ?? ROOT_CONTEXT;
}

/**
 * Calls `callback` with `context` active, as in a span with this parent, and returns its result. Starts no span. Throws
 * only what the callback throws. An async generator that it returns runs in the context of whoever reads it.
 */
export function withContext<T>(context: Context, callback: () => T): T {
  if (typeof callback !== 'function') return callbackMissing() as T;
  return isContext(context) ? processState.contextStorage.run(context, callback) : callback();
}

/**
 * Sets up tracing for this process. Settings come from `config`, then from environment variables, then from defaults.
 * Writes a line to stderr, or to the console if there is none, that says where spans go, unless `quiet` is set or the
 * exporter is `none`.
 *
 * @returns The tracer that `startSpan` uses.
 * @throws Error if tracing is already set up, or if a setting cannot be used. The message then names the setting, its
 * value and what is allowed.
 */
export function initialize(config: Config = {}): Tracer {
  if (running() !== undefined) throw new Error('tracing is already initialized: call shutdown() first');
  const resolved = resolveConfig(config);
  // After a new setup, every warning is reported again.
  processState.reported.clear();
  const { exporterType, propagator, banner } = resolved;
  // Set this before creating the exporter, which may report something.
  processState.onDiagnostic = resolved.onDiagnostic;
  const spanProcessors = [...(resolved.spanProcessors ?? [])];
  // With `none` in code, processors that are passed along with it record; tests usually do this. `none` from the
  // environment turns everything off.
  const isOff = exporterType === 'none' && (config.exporterType !== 'none' || spanProcessors.length === 0);
  let batch: BatchSpanProcessor | undefined;
  if (exporterType === 'otlp') {
    const { _exporter: Exporter = OtlpHttpExporter, otlp } = resolved;
    batch = new BatchSpanProcessor(new Exporter(otlp), resolved.batch);
    spanProcessors.push(batch);
  } else if (exporterType === 'stdout') {
    spanProcessors.push(stdoutProcessor(resolved));
  }
  const provider = isOff ? undefined : new TracerProvider({ ...resolved, spanProcessors });
  const tracer = provider?.getTracer(SDK_NAME, SDK_VERSION) as SpanTracer | undefined;
  // A previous shutdown may still be under way. Remove its listeners now: two sets would wait for each other, and no
  // signal would end the process.
  processState.unwatch?.();
  processState.unwatch = provider && flushAtEnd(resolved, provider, batch);
  processState.running = { propagator, provider, tracer, batch } satisfies Running;
  reportSettings(resolved.warnings);
  if (banner !== undefined) writeNotice(`[trace] ${banner}`);
  // Spans that start after a shutdown are meant to go nowhere, so they are not early.
  if (processState.early !== undefined && processState.last === undefined && provider) {
    report('started_early', shownName(processState.early));
  }
  return tracer ?? idleTracer();
}

/**
 * Flushes, then takes tracing down. You can call `initialize` again afterwards. Does nothing before `initialize`. Never
 * rejects.
 */
export function shutdown(options?: FlushOptions): Promise<FlushResult> {
  const stopping = running();
  if (stopping !== undefined) {
    for (const end of processState.unread) end(true);
    if (stopping.provider) reportOpen(stopping.provider);
    processState.running = undefined;
    processState.last = stopping;
    processState.stopped = stopping.provider?.shutdown(options);
    const { unwatch } = processState;
    // Keep the listeners until then. If the process ends meanwhile, they report what is still pending.
    processState.stopped?.then(() => {
      unwatch?.();
      if (processState.unwatch === unwatch) processState.unwatch = undefined;
    });
  }
  // Later callers wait for the same shutdown.
  return processState.stopped ?? Promise.resolve(NOTHING);
}

/** Sends every span that ended before the call. Resolves when they are settled or the time is up. Never rejects. */
export function forceFlush(options?: FlushOptions): Promise<FlushResult> {
  return running()?.provider?.forceFlush(options) ?? Promise.resolve(NOTHING);
}

/** Exact counts of what became of all spans so far. */
export interface TraceStats extends ProcessorStats {
  /** Recording spans that have started but not ended. */
  live: number;
}

/**
 * Returns the counters of the OTLP exporter since `initialize`. After `shutdown` they keep their last values. Returns
 * `undefined` if spans do not leave over OTLP.
 */
export function stats(): TraceStats | undefined {
  const { provider, batch } = latest() ?? {};
  if (provider === undefined || batch === undefined) return undefined;
  return { live: provider.live, ...batch.stats() };
}

/**
 * Returns what a provider (default: the one of `initialize`) measures about itself, under the names of OpenTelemetry's
 * conventions for SDK metrics. The result is a snapshot for you to pass to whatever collects metrics. After `shutdown`
 * it has the last values. It is `[]` if nothing is recorded.
 */
export function sdkMetrics(provider: TracerProvider | undefined = latest()?.provider): SdkMetric[] {
  return provider === undefined ? [] : metricsOf(provider);
}

/**
 * Returns a tracer for a scope of your own. You can use it before `initialize` and across a `shutdown`. Default: this
 * package's scope.
 */
export function getTracer(name: string = SDK_NAME, version?: string, options?: { schemaUrl?: string }): Tracer {
  let owner: TracerProvider | undefined;
  let tracer: Tracer;
  const current = (spanName: string): Tracer => {
    const provider = running()?.provider;
    if (provider === undefined) return idleTracer(spanName);
    if (provider !== owner) {
      owner = provider;
      tracer = provider.getTracer(name, version ?? (name === SDK_NAME ? SDK_VERSION : undefined), options);
    }
    return tracer;
  };
  return {
    startSpan: (spanName, options, context) => current(spanName).startSpan(spanName, options, context),
    startActiveSpan: (...args: [string, SpanOptions, Context, (span: Span) => unknown]) =>
      current(args[0]).startActiveSpan(...args),
  } as Tracer;
}

/** Returns true between `initialize` and `shutdown`. */
export function isInitialized(): boolean {
  return running() !== undefined;
}

/** Returns true if spans that start now go somewhere. */
export function isRecording(): boolean {
  return running()?.tracer !== undefined;
}

/**
 * Starts a span without making it active. To give it children, pass `{ parent: span }` or call `span.run()`, or use
 * `withSpan` instead. Never throws. Before `initialize` the span records nothing.
 */
export function startSpan(name: string, options?: StartOptions): Span {
  return startWith(name, options);
}

/** Does the same with attributes in the form that helpers have them: see `SpanTracer.startSpan`. */
export function startWith(
  name: string,
  options?: StartOptions,
  keys?: readonly string[],
  values?: readonly Attributes[string][],
): Span {
  try {
    const tracer = running()?.tracer ?? idleTracer(name);
    const parent = options?.root === true ? undefined : (options?.parent ?? undefined);
    return parent === undefined || isContext(parent)
      ? tracer.startSpan(name, options, parent, keys, values)
      : tracer.startChild(name, options, parent, keys, values);
  } catch (error) {
    report('start_failed', messageOf(error));
    return INVALID_SPAN;
  }
}

/**
 * Runs `callback` in a new, active span. Records what it throws, and ends the span when the result is there: at once,
 * when a promise settles, or when an async generator is done.
 *
 * @returns What `callback` returns. A promise of a class of its own, as API clients return, becomes a plain promise.
 */
export function withSpan<T>(name: string, callback: (span: Span) => T): T;
export function withSpan<T>(name: string, options: StartOptions | undefined, callback: (span: Span) => T): T;
export function withSpan<T>(
  name: string,
  optionsOrCallback: StartOptions | undefined | ((span: Span) => T),
  callback?: (span: Span) => T,
): T {
  if (typeof optionsOrCallback === 'function') return runSpan(startSpan(name), undefined, optionsOrCallback);
  return runSpan(startSpan(name, optionsOrCallback), parentOf(optionsOrCallback), callback);
}

/**
 * Returns the parent in `options`, or none if they cannot be read. In that case `startSpan` has already reported it.
 */
function parentOf(options: StartOptions | undefined): SpanSource | undefined {
  try {
    return options?.parent;
  } catch {
    return undefined;
  }
}

/**
 * Runs `callback` with `span` active, in `parent` if that is a context, else in the active context. `onResult` receives
 * each result: the value, what a promise resolves to, or each value that an async generator yields.
 */
export function runSpan<T>(
  span: Span,
  parent: SpanSource | undefined,
  callback: ((span: Span) => T) | undefined,
  onResult?: (result: unknown) => void,
): T {
  if (typeof callback !== 'function') {
    span.end();
    return callbackMissing() as T;
  }
  const active = activeContext();
  const base = isContext(parent) ? parent : active;
  // If nothing is recorded and the active span stays the same, create neither a context nor a promise.
  if (base === active && span === (spanIn(active) ?? INVALID_SPAN) && !span.isRecording()) return callback(span);
  return runInSpan(span, setSpan(base, span), callback, onResult);
}

/** Adds an event to a span, at the current time. */
export function addEvent(span: WritableSpan, name: string, attributes?: Attributes): void {
  span?.addEvent?.(name, attributes);
}

/** Sets attributes on a span. */
export function setAttributes(span: WritableSpan, attributes: Attributes): void {
  span?.setAttributes?.(attributes);
}

/** Returns the span in a context (default: the active one), or a span that records nothing if there is none. */
export function spanFromContext(context?: Context): Span {
  try {
    return spanIn(context ?? activeContext()) ?? INVALID_SPAN;
  } catch {
    return INVALID_SPAN;
  }
}

/** Returns a context with `span`, built on `context` (default: the active one). */
export function contextWithSpan(span: { spanContext(): SpanContext }, context: Context = activeContext()): Context {
  return setSpan(context, span as Span);
}

/**
 * Returns the trace id of a context (default: the active one) or span: 32 hexadecimal digits, or `''` if there is none.
 */
export function traceId(context: SpanSource = activeContext()): string {
  const found = spanContextOf(context);
  return isSpanContextValid(found) ? found.traceId : '';
}

/**
 * Returns the span id of a context (default: the active one) or span: 16 hexadecimal digits, or `''` if there is none.
 */
export function spanId(context: SpanSource = activeContext()): string {
  const found = spanContextOf(context);
  return isSpanContextValid(found) ? found.spanId : '';
}

/** Returns `[trace_id=… span_id=…] message`, or the bare message if there is no span. */
export function logWithTrace(message: string, context: SpanSource = activeContext()): string {
  const found = spanContextOf(context);
  return isSpanContextValid(found) ? `[trace_id=${found.traceId} span_id=${found.spanId}] ${textOf(message)}` : message;
}

/**
 * Writes the trace context and the baggage of a context into `carrier`: a plain object, `Headers`, a `Map`, or anything
 * that `setter` can write to. `environmentSetter`, for example, writes to the environment of a child process. Writes
 * nothing before `initialize`. Never throws.
 *
 * @param options.context - The context to write. Default: the active context.
 * @param options.setter - Writes one field. Default: writes to a plain object, `Headers` or a `Map`.
 */
export function inject<Carrier>(
  carrier: Carrier,
  options?: { context?: Context; setter?: TextMapSetter<Carrier> },
): void {
  try {
    running()?.propagator.inject(options?.context ?? activeContext(), carrier, options?.setter as TextMapSetter);
  } catch (error) {
    report('propagator_failed', messageOf(error));
  }
}

/**
 * Reads trace context and baggage from `carrier`: a plain object, `Headers`, a `Map`, or anything that `getter` can
 * read. `environmentGetter`, for example, reads `process.env`. Never throws, and ignores invalid fields.
 *
 * @param options.context - The context to add to. Default: the active context.
 * @param options.getter - Reads fields. Default: reads a plain object, `Headers` or a `Map`.
 * @returns A context for `{ parent }`. Before `initialize` it is the context to add to, unchanged.
 */
export function extract<Carrier>(
  carrier: Carrier,
  options?: { context?: Context; getter?: TextMapGetter<Carrier> },
): Context {
  let context = activeContext();
  try {
    context = options?.context ?? context;
    return running()?.propagator.extract(context, carrier, options?.getter as TextMapGetter) ?? context;
  } catch (error) {
    report('propagator_failed', messageOf(error));
    return context;
  }
}
