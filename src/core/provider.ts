import { type AttributeList, attributeListOf, attributesOf } from './attributes.ts';
import type { Context } from './context.ts';
import { within } from './deadline.ts';
import { report } from './diagnostic.ts';
import { messageOf } from './exception.ts';
import { draw, type IdGenerator, pool, ROOT_WORDS, randomId, SPAN_WORDS, wordOfHex } from './id.ts';
import { type LimitsByUse, limitsByUse, type SpanLimits } from './limits.ts';
import { isSampled, RANDOM_FLAG } from './non-recording-span.ts';
import type { OpenSpans } from './open-spans.ts';
import { type FlushOptions, type FlushResult, flushTimeout, type SpanProcessor } from './processor.ts';
import { read } from './property.ts';
import { type Resource, sdkAttributes } from './resource.ts';
import {
  type Decide,
  decideOf,
  NOT_RECORD,
  RECORD_AND_SAMPLED,
  type Sampler,
  type SamplingDecision,
} from './sampler.ts';
import type { RecordingSpan, Span } from './span.ts';
import { isValidId } from './span-context.ts';
import { textOf } from './text.ts';
import { contextOf, SpanTracer, type Tracer } from './tracer.ts';

// Processors keep to their deadlines themselves. One that does not is abandoned after this much longer.
const GRACE_MILLIS = 3_000;
const MAX_TRACERS = 1_000;

/** Options of a {@link TracerProvider}. All of them have a default. */
export interface TracerProviderOptions {
  /** The resource of all spans. Default: only the `telemetry.sdk.*` attributes, which are added to every resource. */
  resource?: Resource;
  /** Decides which spans are recorded. Default: parent-based, with roots always sampled. */
  sampler?: Sampler;
  /** Limits that differ from the defaults. */
  spanLimits?: Partial<SpanLimits>;
  /** Generates the ids of traces and spans. Default: random ids. */
  idGenerator?: IdGenerator;
  /** Receive every recording span, in this order. Default: none. */
  spanProcessors?: readonly SpanProcessor[];
}

/**
 * Creates tracers that share a resource, a sampler, limits and processors. Installs nothing in the process: no signal
 * handlers, no globals.
 *
 * Specification: OpenTelemetry Trace SDK, "Tracer Provider".
 */
export class TracerProvider {
  readonly _resource: Resource;
  /** The attributes of the resource, as they are stored. */
  readonly _resourceAttributes: AttributeList;
  readonly _sampler: Sampler | undefined;
  /** The sampler's fast path; `undefined` if it has none. */
  readonly _decide: Decide | undefined;
  readonly _limits: LimitsByUse;
  /** The flags of a new trace. */
  readonly _rootFlags: number;
  _isShutDown = false;
  /** Recording spans that have started but not ended. */
  live = 0;
  /**
   * Counts of started spans by decision (not recorded, recorded, recorded and sampled), three times: without a parent,
   * with a local parent, with a remote one.
   */
  readonly _started = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  readonly _processors: readonly SpanProcessor[];
  /** Set by code that needs the open spans. Not a span processor, because it needs neither a context nor a `try`. */
  _openSpans: OpenSpans | undefined = undefined;
  private readonly _idGenerator: IdGenerator | undefined;
  /** The processors that have an `onStart`. */
  private readonly _starters: readonly SpanProcessor[];
  /** Processors with an `onEnding`, and the spans that they are being told of. */
  readonly _enders: readonly SpanProcessor[];
  private readonly _ending = new Set<RecordingSpan>();
  private readonly _tracers = new Map<string, SpanTracer>();
  private _shutdownDone: Promise<FlushResult> | undefined;

  /** @throws TypeError or RangeError naming the option that cannot be used. */
  constructor(options: TracerProviderOptions = {}) {
    const { resource, sampler, idGenerator, spanProcessors = [] } = options;
    if (sampler !== undefined) requireMethods('sampler', sampler, 'shouldSample');
    if (idGenerator !== undefined) requireMethods('idGenerator', idGenerator, 'generateTraceId', 'generateSpanId');
    if (!Array.isArray(spanProcessors)) throw new TypeError('spanProcessors: an array of span processors is required');
    for (const processor of spanProcessors) {
      requireMethods('spanProcessors', processor, 'onEnd', 'forceFlush', 'shutdown');
    }
    // Copy now: later reads might run code of the application while spans are encoded.
    this._resourceAttributes = attributeListOf({ ...sdkAttributes(), ...resource?.attributes });
    this._resource = { ...resource, attributes: attributesOf(this._resourceAttributes) };
    this._sampler = sampler;
    this._decide = sampler === undefined ? asParent : decideOf(sampler);
    this._limits = limitsByUse(options.spanLimits);
    this._idGenerator = idGenerator;
    this._rootFlags = idGenerator === undefined || idGenerator.randomTraceIds === true ? RANDOM_FLAG : 0;
    this._processors = [...spanProcessors];
    this._starters = spanProcessors.filter(({ onStart }) => typeof onStart === 'function');
    this._enders = spanProcessors.filter(({ onEnding }) => typeof onEnding === 'function');
  }

  /** Returns the tracer of a scope, the same one for the same arguments. */
  getTracer(name: string, version?: string, options?: { schemaUrl?: string }): Tracer {
    const scope = { name: textIn(name) ?? '', version: textIn(version), schemaUrl: textIn(read(options, 'schemaUrl')) };
    const key = JSON.stringify(scope);
    let tracer = this._tracers.get(key);
    if (tracer === undefined) {
      tracer = new SpanTracer(this, scope);
      // Names that contain ids must not fill the memory. Beyond the limit, each call creates a tracer.
      if (this._tracers.size < MAX_TRACERS) this._tracers.set(key, tracer);
    }
    return tracer;
  }

  /** Flushes every processor. Resolves to the sum of their results. Never rejects. */
  forceFlush(options?: FlushOptions): Promise<FlushResult> {
    return this._each('forceFlush', options);
  }

  /** Flushes and closes every processor. Spans that start after the call are not recorded. Never rejects. */
  shutdown(options?: FlushOptions): Promise<FlushResult> {
    this._isShutDown = true;
    this._shutdownDone ??= this._each('shutdown', options);
    return this._shutdownDone;
  }

  private async _each(method: 'forceFlush' | 'shutdown', options: FlushOptions | undefined): Promise<FlushResult> {
    const sum: FlushResult = { exported: 0, pending: 0, dropped: 0 };
    const patience = flushTimeout(options) + GRACE_MILLIS;
    await Promise.all(
      this._processors.map(async (processor) => {
        try {
          const result = (await within(patience, processor[method](options))) as Partial<FlushResult> | undefined;
          for (const count of ['exported', 'pending', 'dropped'] as const) sum[count] += result?.[count] ?? 0;
        } catch (error) {
          processorFailed(method, error);
        }
      }),
    );
    return sum;
  }

  /** Called by a tracer for every recording span. `context` is that of the parent, if it is known. */
  _onStart(span: RecordingSpan, context: Context | undefined, parent: Span | undefined): void {
    this.live++;
    this._openSpans?._add(span);
    if (this._starters.length > 0) this._tellOfStart(span, context ?? contextOf(parent));
  }

  private _tellOfStart(span: RecordingSpan, context: Context): void {
    for (const starter of this._starters) {
      try {
        starter.onStart?.(span, context);
      } catch (error) {
        processorFailed('onStart', error);
      }
    }
  }

  /** Returns false for a span that a processor ends while it is told of its end. */
  _tellOfEnding(span: RecordingSpan): boolean {
    const { _ending } = this;
    if (_ending.has(span)) return false;
    _ending.add(span);
    for (const ender of this._enders) {
      try {
        ender.onEnding?.(span);
      } catch (error) {
        processorFailed('onEnding', error);
      }
    }
    return _ending.delete(span);
  }

  /** Called by a span as it ends. */
  _onEnd(span: RecordingSpan): void {
    this.live--;
    this._openSpans?._remove(span);
    for (let at = 0; at < this._processors.length; at++) {
      try {
        this._processors[at].onEnd(span);
      } catch (error) {
        processorFailed('onEnd', error);
      }
    }
  }

  // Rare steps at the start of a span (`_givenIds`, `_tellOfStart`, `checkedAnchor` of the clock) are functions of
  // their own, so that the span's constructor fits into V8's budget for inlining: 189 ns instead of 221 for a bare span
  // (Node 20).

  /** Returns the position of new ids in the pool: a span id and, if `words` has room for it, a trace id after it. */
  _newIds(words: typeof SPAN_WORDS | typeof ROOT_WORDS): number {
    return this._idGenerator === undefined ? draw(words) : this._givenIds(this._idGenerator, words);
  }

  /** Does the same with the user's generator. */
  private _givenIds(generator: IdGenerator, words: number): number {
    const ofTrace = words === ROOT_WORDS ? givenId(generator, 'generateTraceId', 4) : '';
    const ids = givenId(generator, 'generateSpanId', SPAN_WORDS) + ofTrace;
    // Draw only after asking the generator, which may draw words itself.
    const at = draw(words);
    for (let word = 0; word < words; word++) pool[at + word] = wordOfHex(ids, 8 * word);
    return at;
  }
}

/** Returns an id from the user's generator, or a random one if that gives none. */
function givenId(generator: IdGenerator, method: 'generateTraceId' | 'generateSpanId', words: 2 | 4): string {
  let given: unknown;
  try {
    given = generator[method]();
    if (isValidId(given, words)) return given;
  } catch (error) {
    given = messageOf(error);
  }
  report('id_refused', `${method}() ${textOf(given).slice(0, 100)}`);
  return randomId(words);
}

/** The default sampler: spans follow their parents, and new traces are sampled. */
function asParent(parentFlags: number | undefined): SamplingDecision {
  return parentFlags === undefined || isSampled(parentFlags) ? RECORD_AND_SAMPLED : NOT_RECORD;
}

/** Returns a string unchanged, and `undefined` for an empty one and for anything else. */
function textIn(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function processorFailed(method: string, error: unknown): void {
  report('processor_failed', `${method}: ${messageOf(error)}`);
}

function requireMethods(option: string, value: unknown, ...methods: string[]): void {
  for (const method of methods) {
    if (typeof (value as Record<string, unknown> | null | undefined)?.[method] !== 'function') {
      throw new TypeError(`${option}: an object with ${methods.join('(), ')}() is required`);
    }
  }
}
