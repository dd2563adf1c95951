import type { Context } from './context.ts';
import { report } from './diagnostic.ts';
import { messageOf } from './exception.ts';
import type { IdGenerator } from './id.ts';
import { RandomIdGenerator } from './id.ts';
import { type SpanLimits, spanLimits } from './limits.ts';
import { type LocalTrace, randomTrace, traceOfId } from './local-trace.ts';
import type { FlushOptions, FlushResult, SpanProcessor } from './processor.ts';
import { type Resource, sdkAttributes } from './resource.ts';
import { AlwaysOnSampler, ParentBasedSampler, type Sampler, type WordSampler } from './sampler.ts';
import type { RecordingSpan } from './span.ts';
import { isValidSpanId, isValidTraceId, TraceFlags } from './span-context.ts';
import { SpanTracer, type Tracer } from './tracer.ts';

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
  readonly decide: WordSampler['decide'];
  readonly watchesStarts: boolean;
  private readonly tracers = new Map<string, SpanTracer>();
  private shutdownDone: Promise<FlushResult> | undefined;

  /** @throws TypeError or RangeError naming the option that cannot be used. */
  constructor(options: TracerProviderOptions = {}) {
    const { resource, idGenerator, spanProcessors = [] } = options;
    this.resource = { ...resource, attributes: { ...sdkAttributes(), ...resource?.attributes } };
    this.sampler = options.sampler ?? new ParentBasedSampler({ root: new AlwaysOnSampler() });
    requireMethod('sampler', this.sampler, 'shouldSample');
    this.decide = (this.sampler as WordSampler).decide;
    this.limits = spanLimits(options.spanLimits);
    if (idGenerator !== undefined) requireMethod('idGenerator', idGenerator, 'generateTraceId', 'generateSpanId');
    this.idGenerator = idGenerator instanceof RandomIdGenerator ? undefined : idGenerator;
    this.rootFlags = idGenerator === undefined || idGenerator.randomTraceIds === true ? TraceFlags.RANDOM : 0;
    if (!Array.isArray(spanProcessors)) throw new TypeError('spanProcessors: an array of span processors is required');
    for (const [at, processor] of spanProcessors.entries()) {
      requireMethod(`spanProcessors[${at}]`, processor, 'onEnd', 'forceFlush', 'shutdown');
    }
    this.spanProcessors = spanProcessors;
    this.watchesStarts = spanProcessors.some((processor) => typeof processor.onStart === 'function');
  }

  /** The tracer of a scope; the same one for the same arguments. */
  getTracer(name: string, version?: string, options?: { schemaUrl?: string }): Tracer {
    const scope = { name: typeof name === 'string' ? name : '', version, schemaUrl: options?.schemaUrl };
    const key = JSON.stringify([scope.name, scope.version, scope.schemaUrl]);
    let tracer = this.tracers.get(key);
    if (tracer === undefined) {
      tracer = new SpanTracer(this, scope);
      this.tracers.set(key, tracer);
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
          const result = (await processor[method](options)) as Partial<FlushResult> | undefined;
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
    const id = this.idGenerator.generateTraceId();
    if (isValidTraceId(id)) return traceOfId(id, undefined);
    report(
      'id_refused',
      `idGenerator.generateTraceId() gave ${JSON.stringify(id)}, not 32 hexadecimal digits; a random id is used`,
    );
    return randomTrace();
  }

  /** A span id from the generator that was given. */
  newSpanId(): string {
    const id = (this.idGenerator as IdGenerator).generateSpanId();
    if (isValidSpanId(id)) return id;
    report(
      'id_refused',
      `idGenerator.generateSpanId() gave ${JSON.stringify(id)}, not 16 hexadecimal digits; a random id is used`,
    );
    return new RandomIdGenerator().generateSpanId();
  }
}

function requireMethod(option: string, value: unknown, ...methods: string[]): void {
  for (const method of methods) {
    if (typeof (value as Record<string, unknown> | null | undefined)?.[method] !== 'function') {
      throw new TypeError(`${option}: an object with ${methods.map((name) => `${name}()`).join(', ')} is required`);
    }
  }
}
