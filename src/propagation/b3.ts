import { type Context, isTracingSuppressed, spanIn } from '../core/context.ts';
import { RandomIdGenerator } from '../core/id.ts';
import { isSpanContextValid } from '../core/span-context.ts';
import { spanContextOf } from '../core/span-source.ts';
import { isDebug, withCaller } from './caller.ts';
import { firstWordIn } from './header.ts';
import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
} from './propagator.ts';

/** In which form {@link B3Propagator} writes; the names are those of `@opentelemetry/propagator-b3`. */
export const B3InjectEncoding = {
  /** All in the header `b3`. */
  SINGLE_HEADER: 'single',
  /** A header for each part, `x-b3-traceid` and others. */
  MULTI_HEADER: 'multi',
} as const;
/** One of the values of {@link B3InjectEncoding}. */
export type B3InjectEncoding = (typeof B3InjectEncoding)[keyof typeof B3InjectEncoding];

/** What a {@link B3Propagator} may be told. */
export interface B3PropagatorOptions {
  /** `single` or `multi`; both are read. Default: `single`. */
  injectEncoding?: B3InjectEncoding;
}

const B3 = 'b3';
const TRACE_ID = 'x-b3-traceid';
const SPAN_ID = 'x-b3-spanid';
const SAMPLED = 'x-b3-sampled';
const FLAGS = 'x-b3-flags';

// Trace id, span id, decision, id of the parent; or a decision alone.
const SINGLE = /^(?:([0-9a-f]{16,32})-([0-9a-f]{16})(?:-(?![0-9a-f]{16}$)(\w+))?(?:-[0-9a-f]{16})?|(\w+))$/i;
const IDS = /^(?:[0-9a-f]{16}){1,2}-[0-9a-f]{16}$/i;
// Not recorded, recorded, to be debugged; early tracers wrote words.
const DECISION = /^(?:(0|false)|(1|true)|(d))?$/i;

/**
 * Carries the span context in Zipkin's format B3: in the header `b3`, or in several. No method throws.
 *
 * Specification: openzipkin/b3-propagation; OpenTelemetry Propagators API, "B3 Requirements".
 */
export class B3Propagator implements TextMapPropagator {
  private readonly _isMulti: boolean;

  /** @throws TypeError for an encoding that there is not. */
  constructor({ injectEncoding = 'single' }: B3PropagatorOptions = {}) {
    if (injectEncoding !== 'single' && injectEncoding !== 'multi') {
      throw new TypeError(`injectEncoding: ${String(injectEncoding)} is not one of single, multi`);
    }
    this._isMulti = injectEncoding === 'multi';
  }

  /**
   * Writes ids and decision. Nothing where the context has no valid span context or tracing is suppressed in it. Default
   * setter: that of plain objects, `Headers` and `Map`s.
   */
  inject(context: Context, carrier: unknown, setter: TextMapSetter = defaultTextMapSetter): void {
    try {
      const spanContext = spanIn(context)?.spanContext();
      if (!spanContext || !isSpanContextValid(spanContext) || isTracingSuppressed(context)) return;
      const { traceId, spanId, traceFlags } = spanContext;
      const isToDebug = isDebug(context);
      const decision = String(traceFlags & 1);
      if (this._isMulti) {
        setter.set(carrier, TRACE_ID, traceId);
        setter.set(carrier, SPAN_ID, spanId);
        // What is to be debugged is sampled without being said so.
        setter.set(carrier, isToDebug ? FLAGS : SAMPLED, isToDebug ? '1' : decision);
      } else setter.set(carrier, B3, `${traceId}-${spanId}-${isToDebug ? 'd' : decision}`);
    } catch {
      // A setter or a span of another library that throws ends the trace here, not the request.
    }
  }

  /**
   * A context with the span of the carrier as its span: that of `b3`, or else that of the other headers; the given one
   * where neither is valid. A caller that decided nothing counts as one that does not record, as OpenTelemetry has it.
   * One that says no more than not to record begins a trace that is not. Default getter: that of plain objects, `Headers` and
   * `Map`s.
   */
  extract(context: Context, carrier: unknown, getter: TextMapGetter = defaultTextMapGetter): Context {
    try {
      const read = (name: string): string => firstWordIn(carrier, name, getter);
      const [, traceId = '', spanId = '', decision = '', alone = decision] = SINGLE.exec(read(B3)) ?? [];
      return (
        contextOf(context, traceId, spanId, alone) ??
        contextOf(context, read(TRACE_ID), read(SPAN_ID), read(FLAGS) === '1' ? 'd' : read(SAMPLED)) ??
        context
      );
    } catch {
      return context;
    }
  }

  /** The headers that are written: `b3`, or those of the other form. */
  fields(): string[] {
    return this._isMulti ? [TRACE_ID, SPAN_ID, SAMPLED, FLAGS] : [B3];
  }
}

function contextOf(context: Context, traceId: string, spanId: string, decision: string): Context | undefined {
  const [isValid, isDenied, isSampled, isToDebug] = (DECISION.exec(decision) ?? []).map((part) => part !== undefined);
  if (!isValid) return undefined;
  if (IDS.test(`${traceId}-${spanId}`)) return withCaller(context, traceId, spanId, isSampled, isToDebug);
  // With ids of its own everybody downstream is told, whatever format is spoken there. A trace that goes on already has ids.
  if (!isDenied || traceId + spanId !== '' || isSpanContextValid(spanContextOf(context))) return undefined;
  const ids = new RandomIdGenerator();
  return withCaller(context, ids.generateTraceId(), ids.generateSpanId(), false, false);
}
