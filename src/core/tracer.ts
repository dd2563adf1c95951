import type { Attributes } from './attributes.ts';
import { anchorAt, now, type TimeInput } from './clock.ts';
import { type Context, isTracingSuppressed, ROOT_CONTEXT, SPAN_KEY, setSpan, spanIn } from './context.ts';
import { callbackMissing, report } from './diagnostic.ts';
import { messageOf } from './exception.ts';
import { randomWord, wordOfHex } from './id.ts';
import { SpanKind } from './kind.ts';
import type { SpanLimits } from './limits.ts';
import type { Link } from './link.ts';
import type { LocalTrace } from './local-trace.ts';
import { INVALID_SPAN, NonRecordingSpan, nonRecordingSpan, passOn } from './non-recording-span.ts';
import { processState } from './process-state.ts';
import type { TracerProvider } from './provider.ts';
import { ParentSampling, parentSamplingOf, SamplingDecision, type SamplingResult } from './sampler.ts';
import { detailedLink, type LinkInput, nameOf, ParentOrigin, RecordingSpan, type Span } from './span.ts';
import { TraceFlags } from './span-context.ts';
import { type SpanSource, spanContextOf } from './span-source.ts';

/** What can be said of a span when it is started. */
export interface SpanOptions {
  /** Default: `SpanKind.INTERNAL`. */
  kind?: SpanKind;
  /** Attributes the sampler sees, too. */
  attributes?: Attributes;
  links?: readonly LinkInput[];
  /** Default: now. */
  startTime?: TimeInput;
  /** True starts a new trace whatever the context holds. Default: false. */
  root?: boolean;
}

/**
 * Starts spans. The shape is that of `@opentelemetry/api`.
 *
 * Specification: OpenTelemetry Trace API, "Tracer".
 */
export interface Tracer {
  /** Starts a span, child of the one in `context` (default: the active context). It is not active. */
  startSpan(name: string, options?: SpanOptions, context?: Context): Span;
  /** Starts a span and calls `fn` with it active. `fn` ends it; its result is returned. */
  startActiveSpan<F extends (span: Span) => unknown>(name: string, fn: F): ReturnType<F>;
  startActiveSpan<F extends (span: Span) => unknown>(name: string, options: SpanOptions, fn: F): ReturnType<F>;
  startActiveSpan<F extends (span: Span) => unknown>(
    name: string,
    options: SpanOptions,
    context: Context,
    fn: F,
  ): ReturnType<F>;
}

/** Whose spans they are: the library or module that a tracer was made for. */
export interface InstrumentationScope {
  readonly name: string;
  readonly version?: string;
  readonly schemaUrl?: string;
}

/** The tracer behind the interface. */
export class SpanTracer implements Tracer {
  readonly provider: TracerProvider;
  readonly scope: InstrumentationScope;
  // Copied from the provider: read for every attribute and event.
  readonly limits: SpanLimits;

  constructor(provider: TracerProvider, scope: InstrumentationScope) {
    this.provider = provider;
    this.scope = scope;
    this.limits = provider.limits;
  }

  startSpan(name: string, options?: SpanOptions, context?: Context): Span {
    try {
      let within = context ?? processState.contextStorage.getStore() ?? ROOT_CONTEXT;
      // Samplers and processors must not take the span in it for the parent.
      if (options?.root === true) within = within.deleteValue(SPAN_KEY);
      const parent = spanIn(within);
      if (isTracingSuppressed(within)) return passOn(parent);
      return this.start(name, options, parent, within);
    } catch (error) {
      return failed(error);
    }
  }

  startActiveSpan<F extends (span: Span) => unknown>(
    name: string,
    optionsOrFn: SpanOptions | F,
    contextOrFn?: Context | F,
    fn?: F,
  ): ReturnType<F> {
    const callback = (fn ?? contextOrFn ?? optionsOrFn) as (span: Span) => ReturnType<F>;
    if (typeof callback !== 'function') return callbackMissing() as ReturnType<F>;
    const options = callback === optionsOrFn ? undefined : (optionsOrFn as SpanOptions);
    const given = fn === undefined ? undefined : (contextOrFn as Context);
    const context = given ?? processState.contextStorage.getStore() ?? ROOT_CONTEXT;
    const span = this.startSpan(name, options, context);
    return processState.contextStorage.run(setSpan(context, span), callback, span);
  }

  /** Starts a span under `parent`, a span or span context, whatever the active context holds. */
  startChild(name: string, options: SpanOptions | undefined, parent: SpanSource): Span {
    try {
      return this.start(name, options, parent, undefined);
    } catch (error) {
      return failed(error);
    }
  }

  /** `context` is what samplers and processors are shown; without it they see one that holds the parent alone. */
  private start(
    name: string,
    options: SpanOptions | undefined,
    parentSpan: SpanSource | undefined,
    context: Context | undefined,
  ): Span {
    const { provider } = this;
    if (provider.isShutDown) return passOn(parentSpan);

    const parent =
      parentSpan === undefined || parentSpan instanceof RecordingSpan || parentSpan instanceof NonRecordingSpan
        ? parentSpan
        : // A span context, or a span of another library or copy of this package, of which only its context counts.
          nonRecordingSpan(spanContextOf(parentSpan));
    let trace: LocalTrace;
    let flags: number;
    let parentHigh = 0;
    let parentLow = 0;
    let origin: ParentOrigin = ParentOrigin.NONE;
    if (parent?.trace === undefined) {
      trace = provider.newTrace();
      flags = provider.rootFlags;
    } else {
      trace = parent.trace;
      flags = parent.flags;
      parentHigh = parent.idHigh;
      parentLow = parent.idLow;
      if (parent instanceof NonRecordingSpan) origin = parent.isRemote ? ParentOrigin.REMOTE : ParentOrigin.UNRECORDED;
      else origin = parent.tracer.provider === provider ? ParentOrigin.LOCAL : ParentOrigin.UNRECORDED;
    }

    let decision: SamplingDecision;
    let result: SamplingResult | undefined;
    if (provider.decide !== undefined) {
      const sampling =
        origin === ParentOrigin.NONE
          ? ParentSampling.NONE
          : parentSamplingOf((flags & TraceFlags.SAMPLED) !== 0, origin === ParentOrigin.REMOTE);
      decision = provider.decide(sampling, trace.word2, trace.word3);
    } else {
      result = this.askSampler(name, options, trace, origin === ParentOrigin.NONE ? undefined : parent, context);
      decision = result.decision;
      // The parent keeps its own trace state, so this span goes on with a copy of the trace.
      if (result.traceState !== undefined) trace = trace.copy(result.traceState);
    }
    flags = decision === SamplingDecision.RECORD_AND_SAMPLED ? flags | TraceFlags.SAMPLED : flags & ~TraceFlags.SAMPLED;

    let idHigh = randomWord();
    // All zero would be invalid; the odds are 2^-64.
    let idLow = randomWord() || 1;
    if (provider.idGenerator !== undefined) {
      const id = provider.newSpanId();
      idHigh = wordOfHex(id, 0);
      idLow = wordOfHex(id, 8);
    }
    if (decision === SamplingDecision.NOT_RECORD) {
      return new NonRecordingSpan(trace, flags, idHigh, idLow, false, undefined);
    }

    const reading = now();
    if (origin !== ParentOrigin.LOCAL) {
      // Each local root has an anchor of its own, so that a context which is extracted once and used for hours
      // does not keep the clock of the first hour.
      if (origin !== ParentOrigin.NONE) trace = trace.copy(trace.traceState);
      trace.root = trace;
      trace.anchor = anchorAt(reading);
    }
    const span = new RecordingSpan(
      this,
      trace,
      typeof name === 'string' ? name : nameOf(name),
      kindOf(options?.kind),
      flags,
      idHigh,
      idLow,
      parentHigh,
      parentLow,
      origin,
      reading,
    );
    if (options) {
      if (options.attributes) span.setAttributes(options.attributes);
      if (options.startTime !== undefined) span.startAt(options.startTime);
      if (options.links) span.addLinks(options.links);
    }
    if (result?.attributes) span.setAttributes(result.attributes);
    if (provider.watchesStarts) provider.onStart(span, context ?? contextOf(parent));
    provider.started++;
    return span;
  }

  /** The long way, for samplers that are not built in. A sampler that throws has decided against the span. */
  private askSampler(
    name: string,
    options: SpanOptions | undefined,
    trace: LocalTrace,
    parent: Span | undefined,
    context: Context | undefined,
  ): SamplingResult {
    const { sampler } = this.provider;
    let why = 'gave no decision';
    try {
      const result = sampler.shouldSample(
        context ?? contextOf(parent),
        trace.traceId,
        typeof name === 'string' ? name : nameOf(name),
        kindOf(options?.kind),
        options?.attributes ?? {},
        linksOf(options, this.limits.linkCountLimit),
      );
      const { decision } = result;
      if (decision === 0 || decision === 1 || decision === 2) return result;
    } catch (error) {
      why = `threw: ${messageOf(error)}`;
    }
    report('sampler_failed', `the sampler ${why}; the span is not sampled`);
    return { decision: SamplingDecision.NOT_RECORD };
  }
}

/** The links that were given, for a sampler; without those that cannot be read, which the span will count. */
function linksOf(options: SpanOptions | undefined, limit: number): Link[] {
  const links: Link[] = [];
  try {
    const given = options?.links;
    if (!Array.isArray(given)) return links;
    for (const link of given.slice(0, limit)) {
      const detailed = detailedLink(link);
      links.push({ ...detailed, context: spanContextOf(detailed.context) });
    }
  } catch {
    // The sampler sees those before.
  }
  return links;
}

function contextOf(parent: Span | undefined): Context {
  return parent === undefined ? ROOT_CONTEXT : setSpan(ROOT_CONTEXT, parent);
}

function kindOf(kind: unknown): SpanKind {
  return kind === 1 || kind === 2 || kind === 3 || kind === 4 ? kind : SpanKind.INTERNAL;
}

/** The net under the hot path: options and contexts whose getters throw cost their span and nothing else. */
function failed(error: unknown): Span {
  report('start_failed', `a span could not be started, its options or context threw: ${messageOf(error)}`);
  return INVALID_SPAN;
}
