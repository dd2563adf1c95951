import { flushAtEnd, reportSettings, stdoutProcessor } from '#host';
import { writeError } from '#platform';
import { type Config, resolveConfig } from './config.ts';
import type { Attributes } from './core/attributes.ts';
import { type Context, ROOT_CONTEXT, setSpan, spanIn } from './core/context.ts';
import { callbackMissing, report } from './core/diagnostic.ts';
import { messageOf } from './core/exception.ts';
import { INVALID_SPAN } from './core/non-recording-span.ts';
import { processState } from './core/process-state.ts';
import type { FlushOptions, FlushResult } from './core/processor.ts';
import { TracerProvider } from './core/provider.ts';
import type { Span, WritableSpan } from './core/span.ts';
import { runInSpan } from './core/span-callback.ts';
import { isSpanContextValid, type SpanContext } from './core/span-context.ts';
import { isContext, type SpanSource, spanContextOf } from './core/span-source.ts';
import { cut, textOf } from './core/text.ts';
import type { SpanOptions, SpanTracer, Tracer } from './core/tracer.ts';
import { SDK_NAME, SDK_VERSION } from './core/version.ts';
import { BatchSpanProcessor } from './export/batch.ts';
import { OtlpHttpExporter } from './export/otlp/http.ts';
import { metricsOf, type SdkMetric } from './export/sdk-metrics.ts';
import type { ProcessorStats } from './export/span-counts.ts';
import type { CompositePropagator } from './propagation/composite.ts';
import type { TextMapGetter, TextMapSetter } from './propagation/propagator.ts';

/** What `initialize` set up; shared by all copies of this package in the process. */
interface Running {
  readonly propagator: CompositePropagator;
  /** `undefined` with the exporter `none` and no processors of the caller's. */
  readonly provider: TracerProvider | undefined;
  /** The tracer of `startSpan` and of the helpers. */
  readonly tracer: SpanTracer | undefined;
  readonly batch: BatchSpanProcessor | undefined;
}

/** What can be said of a span when it is started by `startSpan`, `withSpan` or a helper. */
export interface StartOptions extends Omit<SpanOptions, 'root' | 'attributes'> {
  /** Attributes from the start on, which a sampler sees, too. Default: none. */
  attributes?: Attributes;
  /** The parent: a span, a span context or a context. Default: the active context. */
  parent?: SpanSource;
  /** True starts a new trace. Default: false. */
  root?: boolean;
}

// Of open spans as many are told by name.
const MAX_NAMES = 5;
const MAX_NAME = 60;
const NOTHING: FlushResult = { exported: 0, pending: 0, dropped: 0 };

function running(): Running | undefined {
  return processState.running as Running | undefined;
}

/** What runs, or else what ran last: its counters are asked for after `shutdown`. */
function latest(): Running | undefined {
  return running() ?? (processState.last as Running | undefined);
}

let idle: SpanTracer | undefined;

/** The tracer where nothing is set up, that of a provider which is shut down: its spans only pass a trace on. */
function idleTracer(spanName?: string): SpanTracer {
  if (idle === undefined) {
    // The first span that asks for it is too early, unless it is to go nowhere.
    if (running() === undefined) processState.early = spanName;
    const provider = new TracerProvider();
    provider.shutdown();
    idle = provider.getTracer(SDK_NAME) as SpanTracer;
  }
  return idle;
}

function shownName(name: string): string {
  return JSON.stringify(cut(textOf(name), MAX_NAME));
}

function activeContext(): Context {
  return processState.contextStorage.getStore() ?? ROOT_CONTEXT;
}

/**
 * Sets up tracing for this process: from `config`, from environment variables, and from defaults, in this order.
 * Writes a line to stderr that says where spans go, unless `quiet` is set.
 *
 * @returns The tracer that `startSpan` uses, too.
 * @throws Error when tracing is already set up, or for a setting that cannot be used: the message names the
 * setting, its value and what is allowed.
 */
export function initialize(config: Config = {}): Tracer {
  if (running() !== undefined) throw new Error('tracing is already initialized: call shutdown() first');
  const resolved = resolveConfig(config);
  // Whoever sets tracing up again is warned again.
  processState.reported.clear();
  const { exporterType, propagator, banner } = resolved;
  // Before the exporter is made, which may have something to say.
  processState.onDiagnostic = resolved.onDiagnostic;
  const spanProcessors = [...(resolved.spanProcessors ?? [])];
  // Processors that are handed over together with `none` are to be used, in tests as a rule; `none` from the
  // environment switches everything off.
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
  // Those of a shutdown that is still under way go now: two that wait for each other would let no signal end the process.
  processState.unwatch?.();
  processState.unwatch = provider && flushAtEnd(resolved, provider, () => batch?._delivery._unsent() ?? '');
  processState.running = { propagator, provider, tracer, batch } satisfies Running;
  reportSettings(resolved.warnings);
  if (banner !== undefined) writeError(`[trace] ${banner}`);
  // What is started after a shutdown is meant to go nowhere.
  if (processState.early !== undefined && processState.last === undefined && provider) {
    report('started_early', shownName(processState.early));
  }
  return tracer ?? idleTracer();
}

/**
 * Flushes and takes tracing down; afterwards `initialize` works again. Without `initialize` it does nothing.
 * Never rejects.
 */
export function shutdown(options?: FlushOptions): Promise<FlushResult> {
  const stopping = running();
  if (stopping !== undefined) {
    for (const end of processState.unread) end(true);
    reportOpen(stopping.provider);
    processState.running = undefined;
    processState.last = stopping;
    processState.stopped = stopping.provider?.shutdown(options);
    const { unwatch } = processState;
    // Not before: what is still pending is to be told of, should the process end meanwhile.
    processState.stopped?.then(() => {
      unwatch?.();
      if (processState.unwatch === unwatch) processState.unwatch = undefined;
    });
  }
  // Whoever calls next waits for the same end.
  return processState.stopped ?? Promise.resolve(NOTHING);
}

/** Says of spans that nobody has ended that they are lost: how many, and of some what they are called. */
function reportOpen(provider: TracerProvider | undefined): void {
  if (!provider?.live) return;
  const names = new Set(provider._openSpans?.list().map(({ name }) => shownName(name)));
  const shown = [...names].slice(0, MAX_NAMES).join(', ');
  report('spans_open', `${provider.live} not ended${shown && `, such as ${shown}`}`);
}

/**
 * Sends every span that ended before the call. Resolves when they are settled or the time is up. Never rejects.
 */
export function forceFlush(options?: FlushOptions): Promise<FlushResult> {
  return running()?.provider?.forceFlush(options) ?? Promise.resolve(NOTHING);
}

/** What became of all spans so far; exact. */
export interface TraceStats extends ProcessorStats {
  /** Recording spans that have started and not ended. */
  live: number;
}

/**
 * The counters of the OTLP exporter since `initialize`, after `shutdown` the last ones; `undefined` where spans do not
 * leave by OTLP.
 */
export function stats(): TraceStats | undefined {
  const { provider, batch } = latest() ?? {};
  if (provider === undefined || batch === undefined) return undefined;
  return { live: provider.live, ...batch.stats() };
}

/**
 * What a provider (default: that of `initialize`) knows of itself, under the names of OpenTelemetry's conventions for
 * SDK metrics: a snapshot, to be handed on to whatever collects metrics. After `shutdown` they are the
 * last ones; `[]` where nothing is recorded.
 */
export function sdkMetrics(provider: TracerProvider | undefined = latest()?.provider): SdkMetric[] {
  return provider === undefined ? [] : metricsOf(provider);
}

/** A tracer for a scope of your own, usable before `initialize` and across a `shutdown`. Default: this package's scope. */
export function getTracer(name: string = SDK_NAME, version?: string): Tracer {
  let owner: TracerProvider | undefined;
  let tracer: Tracer;
  const current = (spanName: string): Tracer => {
    const provider = running()?.provider;
    if (provider === undefined) return idleTracer(spanName);
    if (provider !== owner) {
      owner = provider;
      tracer = provider.getTracer(name, version ?? (name === SDK_NAME ? SDK_VERSION : undefined));
    }
    return tracer;
  };
  return {
    startSpan: (spanName, options, context) => current(spanName).startSpan(spanName, options, context),
    startActiveSpan: (...args: [string, SpanOptions, Context, (span: Span) => unknown]) =>
      current(args[0]).startActiveSpan(...args),
  } as Tracer;
}

/** True between `initialize` and `shutdown`. */
export function isInitialized(): boolean {
  return running() !== undefined;
}

/** True where spans that are started go somewhere. */
export function isRecording(): boolean {
  return running()?.tracer !== undefined;
}

/**
 * Starts a span. It is not active: children come by `{ parent: span }`, by `span.run()`, or by `withSpan`.
 * Never throws; before `initialize` the span records nothing.
 */
export function startSpan(name: string, options?: StartOptions): Span {
  return startWith(name, options);
}

/** The same, with attributes in the form that helpers have them in: see `SpanTracer`. */
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
 * Runs `callback` in a new, active span; records what it throws and ends the span when its result is there: at
 * once, when a promise settles, or when an async generator is done.
 *
 * @returns What `callback` returns.
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

/** The parent that options name; none where they cannot be read, which `startSpan` has reported by then. */
function parentOf(options: StartOptions | undefined): SpanSource | undefined {
  try {
    return options?.parent;
  } catch {
    return undefined;
  }
}

/**
 * Runs `callback` in `span`, within the context that `parent` is, or else the active one. `onResult` sees what comes
 * out: the value, that of a promise, each one that an async generator yields.
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
  // Where nothing is recorded and nothing changes, neither a context nor a promise is made.
  if (base === active && span === (spanIn(active) ?? INVALID_SPAN) && !span.isRecording()) return callback(span);
  return runInSpan(span, setSpan(base, span), callback, onResult);
}

/** Adds an event to a span, now. */
export function addEvent(span: WritableSpan, name: string, attributes?: Attributes): void {
  span?.addEvent?.(name, attributes);
}

/** Sets attributes of a span. */
export function setAttributes(span: WritableSpan, attributes: Attributes): void {
  span?.setAttributes?.(attributes);
}

/** The span of a context, of the active one by default; a span that records nothing where there is none. */
export function spanFromContext(context?: Context): Span {
  try {
    return spanIn(context ?? activeContext()) ?? INVALID_SPAN;
  } catch {
    return INVALID_SPAN;
  }
}

/** A context with `span` in it, built on `context`, by default the active one. */
export function contextWithSpan(span: { spanContext(): SpanContext }, context: Context = activeContext()): Context {
  return setSpan(context, span as Span);
}

/** The trace id of a context (default: the active one) or span: 32 hexadecimal digits, or `''` where there is none. */
export function traceId(context: SpanSource = activeContext()): string {
  const found = spanContextOf(context);
  return isSpanContextValid(found) ? found.traceId : '';
}

/** The span id of a context (default: the active one) or span: 16 hexadecimal digits, or `''` where there is none. */
export function spanId(context: SpanSource = activeContext()): string {
  const found = spanContextOf(context);
  return isSpanContextValid(found) ? found.spanId : '';
}

/** `[trace_id=… span_id=…] message`, or the bare message where there is no span. */
export function logWithTrace(message: string, context: SpanSource = activeContext()): string {
  const found = spanContextOf(context);
  return isSpanContextValid(found) ? `[trace_id=${found.traceId} span_id=${found.spanId}] ${textOf(message)}` : message;
}

/**
 * Writes the trace context and the baggage of a context into `carrier`: a plain object, `Headers`, a `Map`, or
 * anything that `setter` can write to, `environmentSetter` for example to the environment of a child process. Never
 * throws.
 *
 * @param options.context - Default: the active context.
 * @param options.setter - How a field is written. Default: as to a plain object, `Headers` or a `Map`. Before `initialize`
 * nothing is written.
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
 * read, `environmentGetter` for example `process.env`. Never throws: what is not valid is not there.
 *
 * @param options.context - The context to add to. Default: the active context.
 * @param options.getter - How fields are read. Default: as of a plain object, `Headers` or a `Map`.
 * @returns A context for `{ parent }`; before `initialize` the one that was to be added to.
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
