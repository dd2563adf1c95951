import type { Context } from './context.ts';
import { within } from './deadline.ts';
import { report } from './diagnostic.ts';
import { messageOf } from './exception.ts';
import type { IdGenerator } from './id.ts';
import { RandomIdGenerator } from './id.ts';
import { type SpanLimits, spanLimits } from './limits.ts';
import { type LocalTrace, randomTrace, traceOfId } from './local-trace.ts';
import { type FlushOptions, type FlushResult, flushTimeout, type SpanProcessor } from './processor.ts';
import { type Resource, sdkAttributes } from './resource.ts';
import { AlwaysOnSampler, type Decide, decideOf, ParentBasedSampler, type Sampler } from './sampler.ts';
import { nameOf, type RecordingSpan } from './span.ts';
import { isValidSpanId, isValidTraceId, TraceFlags } from './span-context.ts';
import { SpanTracer, type Tracer } from './tracer.ts';

// Processors keep to their deadlines themselves; one that does not is left behind after this.
const GRACE_MILLIS = 3_000;
const MAX_TRACERS = 1_000;

/** What a {@link TracerProvider} is made of; everything has a default. */
export interface TracerProviderOptions {
  /** Default: only the `telemetry.sdk.*` attributes, which are added to every resource. */
  resource?: Resource;
  /** Default: parent-based, roots always sampled. */
  sampler?: Sampler;
  /** Limits that differ from the defaults. */
  spanLimits?: Partial<SpanLimits>;
  /** Default: random ids. */
  idGenerator?: IdGenerator;
  /** Told of every recording span, in this order. Default: none. */
  spanProcessors?: readonly SpanProcessor[];
}

/**
 * Makes tracers that share a resource, a sampler, limits and processors. Installs nothing in the process:
 * no signal handlers, no globals.
 *
 * Specification: OpenTelemetry Trace SDK, "Tracer Provider".
 */
export class TracerProvider {
  readonly resource: Resource;
  readonly sampler: Sampler;
  readonly limits: SpanLimits;
  readonly idGenerator: IdGenerator | undefined;
  readonly spanProcessors: readonly SpanProcessor[];
  isShutDown = false;
  /** Recording spans started and ended so far; the difference is live. */
  started = 0;
  ended = 0;

  /** The flags of a new trace. */
  readonly rootFlags: number;
  readonly decide: Decide | undefined;
  readonly watchesStarts: boolean;
  private readonly tracers = new Map<string, SpanTracer>();
  private shutdownDone: Promise<FlushResult> | undefined;

  /** @throws TypeError or RangeError naming the option that cannot be used. */
  constructor(options: TracerProviderOptions = {}) {
    const { resource, idGenerator, spanProcessors = [] } = options;
    this.resource = { ...resource, attributes: { ...sdkAttributes(), ...resource?.attributes } };
    this.sampler = options.sampler ?? new ParentBasedSampler({ root: new AlwaysOnSampler() });
    requireMethod('sampler', this.sampler, 'shouldSample');
    this.decide = decideOf(this.sampler);
    this.limits = spanLimits(options.spanLimits);
    if (idGenerator !== undefined) requireMethod('idGenerator', idGenerator, 'generateTraceId', 'generateSpanId');
    // A subclass makes ids of its own.
    this.idGenerator = idGenerator?.constructor === RandomIdGenerator ? undefined : idGenerator;
    this.rootFlags = idGenerator === undefined || idGenerator.randomTraceIds === true ? TraceFlags.RANDOM : 0;
    if (!Array.isArray(spanProcessors)) throw new TypeError('spanProcessors: an array of span processors is required');
    for (const [at, processor] of spanProcessors.entries()) {
      requireMethod(`spanProcessors[${at}]`, processor, 'onEnd', 'forceFlush', 'shutdown');
    }
    this.spanProcessors = [...spanProcessors];
    this.watchesStarts = spanProcessors.some((processor) => typeof processor.onStart === 'function');
  }

  /** The tracer of a scope; the same one for the same arguments. */
  getTracer(name: string, version?: string, options?: { schemaUrl?: string }): Tracer {
    const scope = { name: textOr('', name), version: textOr(undefined, version), schemaUrl: schemaUrlOf(options) };
    const key = JSON.stringify([scope.name, scope.version, scope.schemaUrl]);
    let tracer = this.tracers.get(key);
    if (tracer === undefined) {
      tracer = new SpanTracer(this, scope);
      // Names made of ids must not fill the memory: further tracers are made anew each time.
      if (this.tracers.size < MAX_TRACERS) this.tracers.set(key, tracer);
    }
    return tracer;
  }

  /** Flushes every processor; resolves to the sum of what they came to. Never rejects. */
  forceFlush(options?: FlushOptions): Promise<FlushResult> {
    return this.each('forceFlush', options);
  }

  /** Flushes and closes every processor; from the call on, spans are not recorded. Never rejects. */
  shutdown(options?: FlushOptions): Promise<FlushResult> {
    this.isShutDown = true;
    this.shutdownDone ??= this.each('shutdown', options);
    return this.shutdownDone;
  }

  private async each(method: 'forceFlush' | 'shutdown', options: FlushOptions | undefined): Promise<FlushResult> {
    const sum: FlushResult = { exported: 0, pending: 0, dropped: 0 };
    await Promise.all(
      this.spanProcessors.map(async (processor) => {
        try {
          const patience = flushTimeout(options) + GRACE_MILLIS;
          const result = (await within(patience, processor[method](options))) as Partial<FlushResult> | undefined;
          sum.exported += result?.exported ?? 0;
          sum.pending += result?.pending ?? 0;
          sum.dropped += result?.dropped ?? 0;
        } catch (error) {
          report('processor_failed', `${method} of a span processor failed: ${messageOf(error)}`);
        }
      }),
    );
    return sum;
  }

  /** Called by a tracer for every recording span, where a processor wants to know. */
  onStart(span: RecordingSpan, parentContext: Context): void {
    for (const processor of this.spanProcessors) {
      try {
        processor.onStart?.(span, parentContext);
      } catch (error) {
        report('processor_failed', `onStart of a span processor threw: ${messageOf(error)}`);
      }
    }
  }

  /** Called by a span as it ends. */
  onEnd(span: RecordingSpan): void {
    this.ended++;
    const { spanProcessors } = this;
    for (let at = 0; at < spanProcessors.length; at++) {
      try {
        spanProcessors[at].onEnd(span);
      } catch (error) {
        report('processor_failed', `onEnd of a span processor threw: ${messageOf(error)}`);
      }
    }
  }

  /** A trace with a new id. */
  newTrace(): LocalTrace {
    if (this.idGenerator === undefined) return randomTrace();
    const id = this.generate('generateTraceId');
    return isValidTraceId(id) ? traceOfId(id, undefined) : randomTrace();
  }

  /** A span id from the generator that was given. */
  newSpanId(): string {
    const id = this.generate('generateSpanId');
    return isValidSpanId(id) ? id : new RandomIdGenerator().generateSpanId();
  }

  private generate(method: 'generateTraceId' | 'generateSpanId'): unknown {
    let came: string;
    try {
      const id: unknown = this.idGenerator?.[method]();
      if ((method === 'generateTraceId' ? isValidTraceId : isValidSpanId)(id)) return id;
      came = `gave ${nameOf(id).slice(0, 100)}, not ${method === 'generateTraceId' ? 32 : 16} hexadecimal digits`;
    } catch (error) {
      came = `threw: ${messageOf(error)}`;
    }
    report('id_refused', `idGenerator.${method}() ${came}; a random id is used`);
    return undefined;
  }
}

function schemaUrlOf(options: { schemaUrl?: string } | undefined): string | undefined {
  try {
    return textOr(undefined, options?.schemaUrl);
  } catch {
    return undefined;
  }
}

function textOr<T>(fallback: T, value: unknown): string | T {
  return typeof value === 'string' ? value : fallback;
}

function requireMethod(option: string, value: unknown, ...methods: string[]): void {
  for (const method of methods) {
    if (typeof (value as Record<string, unknown> | null | undefined)?.[method] !== 'function') {
      throw new TypeError(`${option}: an object with ${methods.map((name) => `${name}()`).join(', ')} is required`);
    }
  }
}
