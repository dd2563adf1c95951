import { type AnyAttributes, type Attributes, pairAttributes } from './attributes.ts';
import { anchorAt, now, type TimeInput } from './clock.ts';
import { type Context, isTracingSuppressed, ROOT_CONTEXT, SPAN_KEY, setSpan, spanIn } from './context.ts';
import { callbackMissing, report } from './diagnostic.ts';
import { messageOf } from './exception.ts';
import { hexOf, pool, ROOT_WORDS, SPAN_WORDS } from './id.ts';
import type { SpanKind } from './kind.ts';
import type { LimitsByUse } from './limits.ts';
import { detailedLink, type Link, type LinkInput } from './link.ts';
import {
  HAS_IS_REMOTE,
  INVALID_SPAN,
  IS_REMOTE,
  NonRecordingSpan,
  nonRecordingSpan,
  passOn,
  W3C_FLAGS,
} from './non-recording-span.ts';
import { processState } from './process-state.ts';
import type { TracerProvider } from './provider.ts';
import { NOT_RECORD, RECORD_AND_SAMPLED, type Sampler, type SamplingDecision, type SamplingResult } from './sampler.ts';
import { RecordingSpan, type Span } from './span.ts';
import type { TraceState } from './span-context.ts';
import { type SpanSource, spanContextOf } from './span-source.ts';
import { textOf } from './text.ts';

/** Options of a span that is started. */
export interface SpanOptions {
  /** The role of the span in its trace. Default: `SpanKind.INTERNAL`. */
  kind?: SpanKind;
  /** Attributes that the span starts with. The sampler sees them. */
  attributes?: AnyAttributes;
  /** Links to related spans other than the parent. Default: none. */
  links?: readonly LinkInput[];
  /** The start time. Default: now. */
  startTime?: TimeInput;
  /** True starts a new trace, whatever the context holds. Default: false. */
  root?: boolean;
}

/**
 * Starts spans. The shape is that of `@opentelemetry/api`.
 *
 * Specification: OpenTelemetry Trace API, "Tracer".
 */
export interface Tracer {
  /** Starts a span as a child of the one in `context` (default: the active context). Does not make it active. */
  startSpan(name: string, options?: SpanOptions, context?: Context): Span;
  /**
   * Starts a span and calls `fn` with it active. `fn` must end the span. Returns the result of `fn`.
   *
   * @typeParam F - A function that is given the span.
   */
  startActiveSpan<F extends (span: Span) => unknown>(name: string, fn: F): ReturnType<F>;
  /**
   * Does the same with options.
   *
   * @typeParam F - A function that is given the span.
   */
  startActiveSpan<F extends (span: Span) => unknown>(name: string, options: SpanOptions, fn: F): ReturnType<F>;
  /**
   * Does the same under a span that is not the active one.
   *
   * @typeParam F - A function that is given the span.
   */
  startActiveSpan<F extends (span: Span) => unknown>(
    name: string,
    options: SpanOptions,
    context: Context,
    fn: F,
  ): ReturnType<F>;
}

/** The library or module that a tracer was made for, and that its spans belong to. */
export interface InstrumentationScope {
  /** The name of the library or module. */
  readonly name: string;
  /** Its version. Default: none. */
  readonly version?: string;
  /** The schema URL of the conventions that its keys follow. Default: none. */
  readonly schemaUrl?: string;
}

/** The implementation of {@link Tracer}. */
export class SpanTracer implements Tracer {
  readonly _provider: TracerProvider;
  readonly _scope: InstrumentationScope;
  // Copied from the provider, because it is read for every attribute and event.
  readonly _limits: LimitsByUse;

  constructor(provider: TracerProvider, scope: InstrumentationScope) {
    this._provider = provider;
    this._scope = scope;
    this._limits = provider._limits;
  }

  /**
   * Helpers pass their attributes as `keys` and a value for each, so that no object is built and taken apart again.
   * There may be more values than keys. Attributes in `options` come on top.
   */
  startSpan(
    name: string,
    options?: SpanOptions,
    context?: Context,
    keys?: readonly string[],
    values?: readonly Attributes[string][],
  ): Span {
    try {
      // Undefined if nothing is active. Not looking into a context then saves 14 % of an unsampled span.
      let within = context ?? processState.contextStorage.getStore();
      let parent: Span | undefined;
      if (within !== undefined) {
        // Samplers and processors must not take the span in the context for the parent.
        if (options?.root === true) within = within.deleteValue(SPAN_KEY);
        parent = spanIn(within);
        if (isTracingSuppressed(within)) return passOn(parent);
      }
      return this._start(name, options, parent, within, keys, values);
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
  startChild(
    name: string,
    options: SpanOptions | undefined,
    parent: SpanSource,
    keys?: readonly string[],
    values?: readonly Attributes[string][],
  ): Span {
    try {
      return this._start(name, options, parent, undefined, keys, values);
    } catch (error) {
      return failed(error);
    }
  }

  /** `context` is passed to samplers and processors. Without it they get one that holds only the parent. */
  private _start(
    name: string,
    options: SpanOptions | undefined,
    parentSpan: SpanSource | undefined,
    context: Context | undefined,
    keys: readonly string[] | undefined,
    values: readonly Attributes[string][] | undefined,
  ): Span {
    const { _provider } = this;
    if (_provider._isShutDown) return passOn(parentSpan);

    const named =
      parentSpan === undefined || parentSpan instanceof NonRecordingSpan
        ? parentSpan
        : // A span context, or a span of another library or another copy of this package: only its context counts.
          nonRecordingSpan(spanContextOf(parentSpan));
    let at: number;
    let word0: number;
    let word1: number;
    let word2: number;
    let word3: number;
    let flags = _provider._rootFlags;
    let traceState: TraceState | undefined;
    let parentHigh = 0;
    let parentLow = 0;
    let root: RecordingSpan | undefined;
    let parentFlags: number | undefined;
    if (named !== undefined && (named._idHigh | named._idLow) !== 0) {
      word0 = named._word0;
      word1 = named._word1;
      word2 = named._word2;
      word3 = named._word3;
      traceState = named._traceState;
      parentHigh = named._idHigh;
      parentLow = named._idLow;
      flags = named._flags & (W3C_FLAGS | IS_REMOTE);
      if (named instanceof RecordingSpan) {
        // What a recording span says about being remote applies to its parent.
        flags &= W3C_FLAGS;
        if (named._tracer._provider === _provider) root = named._root;
      }
      parentFlags = flags;
      at = _provider._newIds(SPAN_WORDS);
    } else {
      at = _provider._newIds(ROOT_WORDS);
      word0 = pool[at + 2];
      word1 = pool[at + 3];
      word2 = pool[at + 4];
      word3 = pool[at + 5];
    }
    const high = pool[at];
    const low = pool[at + 1];
    let decision: SamplingDecision;
    let sampled: SamplingResult | undefined;
    if (_provider._decide !== undefined) {
      decision = _provider._decide(parentFlags, word2, word3);
    } else {
      const traceId = hexOf(word0, word1, word2, word3);
      sampled = this._askSampler(name, options, traceId, context ?? contextOf(named), keys, values);
      decision = sampled.decision;
      traceState = sampled.traceState ?? traceState;
    }
    _provider._started[(parentFlags === undefined ? 0 : parentFlags & IS_REMOTE ? 6 : 3) + decision]++;
    flags = decision === RECORD_AND_SAMPLED ? flags | 1 : flags & ~1;
    if (decision === NOT_RECORD) {
      return new NonRecordingSpan(word0, word1, word2, word3, high, low, flags & W3C_FLAGS, traceState, undefined);
    }
    const start = now();
    const span = new RecordingSpan(
      word0,
      word1,
      word2,
      word3,
      high,
      low,
      flags | HAS_IS_REMOTE,
      traceState,
      this,
      parentHigh,
      parentLow,
      root,
      // Each local root has an anchor of its own. Otherwise a context that is extracted once and used for hours would
      // keep the clock of the first hour.
      root === undefined ? anchorAt(start) : root._anchor,
      kindOf(options?.kind),
      textOf(name),
      start,
    );
    if (keys && values) span._attributes = pairAttributes(keys, values, this._limits._ofSpan);
    if (options) {
      if (options.attributes) span.setAttributes(options.attributes as Attributes);
      if (options.startTime !== undefined) span._start = span._timeOf(options.startTime);
      if (options.links) span.addLinks(options.links);
    }
    if (sampled?.attributes) span.setAttributes(sampled.attributes);
    _provider._onStart(span, context, named);
    return span;
  }

  /** The slow path, for samplers that are not built in. A sampler that throws has decided against the span. */
  private _askSampler(
    name: string,
    options: SpanOptions | undefined,
    traceId: string,
    context: Context,
    keys: readonly string[] = [],
    values: readonly Attributes[string][] = [],
  ): SamplingResult {
    let why: unknown = 'no decision';
    try {
      const attributes = (options?.attributes ?? {}) as Attributes;
      const result = (this._provider._sampler as Sampler).shouldSample(
        context,
        traceId,
        textOf(name),
        kindOf(options?.kind),
        keys.length > 0
          ? { ...Object.fromEntries(keys.map((key, at) => [key, values[at]])), ...attributes }
          : attributes,
        linksOf(options?.links, this._limits._links),
      );
      if ([0, 1, 2].includes(result.decision)) return result;
    } catch (error) {
      why = error;
    }
    report('sampler_failed', messageOf(why));
    return { decision: NOT_RECORD };
  }
}

/** Returns the given links for a sampler, up to the first that cannot be read. The span counts that one as dropped. */
function linksOf(given: readonly LinkInput[] = [], limit: number): Link[] {
  const links: Link[] = [];
  try {
    for (let at = 0; at < given.length && at < limit; at++) {
      const detailed = detailedLink(given[at]);
      links.push({ ...detailed, context: spanContextOf(detailed.context) });
    }
  } catch {
    // The sampler sees the links before this one.
  }
  return links;
}

/** Returns the active context with the parent in it. */
export function contextOf(parent: Span | undefined): Context {
  // Without a parent, no context was active.
  if (parent === undefined) return ROOT_CONTEXT;
  return setSpan(processState.contextStorage.getStore() ?? ROOT_CONTEXT, parent);
}

function kindOf(kind: unknown): SpanKind {
  return kind === 1 || kind === 2 || kind === 3 || kind === 4 ? kind : 0;
}

/** The safety net under the hot path: if getters of options or contexts throw, only this span is lost. */
function failed(error: unknown): Span {
  report('start_failed', messageOf(error));
  return INVALID_SPAN;
}
