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

/** The forms in which a {@link B3Propagator} can write. The names are those of `@opentelemetry/propagator-b3`. */
export const B3InjectEncoding = {
  /** Everything in the header `b3`. */
  SINGLE_HEADER: 'single',
  /** One header for each part, such as `x-b3-traceid`. */
  MULTI_HEADER: 'multi',
} as const;
/** One of the values of {@link B3InjectEncoding}. */
export type B3InjectEncoding = (typeof B3InjectEncoding)[keyof typeof B3InjectEncoding];

/** Options of a {@link B3Propagator}. */
export interface B3PropagatorOptions {
  /** The form to write, `single` or `multi`; both are read. Default: `single`. */
  injectEncoding?: B3InjectEncoding;
}

const B3 = 'b3';
const TRACE_ID = 'x-b3-traceid';
const SPAN_ID = 'x-b3-spanid';
const SAMPLED = 'x-b3-sampled';
const FLAGS = 'x-b3-flags';

// Trace id, span id, decision and parent id, or a decision alone.
const SINGLE = /^(?:([0-9a-f]{16,32})-([0-9a-f]{16})(?:-(?![0-9a-f]{16}$)(\w+))?(?:-[0-9a-f]{16})?|(\w+))$/i;
const IDS = /^(?:[0-9a-f]{16}){1,2}-[0-9a-f]{16}$/i;
// Not sampled, sampled, debug. Early tracers wrote words.
const DECISION = /^(?:(0|false)|(1|true)|(d))?$/i;

/**
 * Propagates the span context in Zipkin's B3 format, in the header `b3` or in several headers. No method throws.
 *
 * Specification: openzipkin/b3-propagation; OpenTelemetry Propagators API, "B3 Requirements".
 */
export class B3Propagator implements TextMapPropagator {
  private readonly _isMulti: boolean;

  /** @throws TypeError for an unknown encoding. */
  constructor({ injectEncoding = 'single' }: B3PropagatorOptions = {}) {
    if (injectEncoding !== 'single' && injectEncoding !== 'multi') {
      throw new TypeError(`injectEncoding: ${String(injectEncoding)} is not one of single, multi`);
    }
    this._isMulti = injectEncoding === 'multi';
  }

  /**
   * Writes the ids and the sampling decision. Writes nothing if the context has no valid span context, or if tracing is
   * suppressed in it. Default setter: the one for plain objects, `Headers` and `Map`s.
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
        // Debug implies sampled, which is not sent in addition.
        setter.set(carrier, isToDebug ? FLAGS : SAMPLED, isToDebug ? '1' : decision);
      } else setter.set(carrier, B3, `${traceId}-${spanId}-${isToDebug ? 'd' : decision}`);
    } catch {
      // If a setter, or a span of another library, throws, the trace ends here but the request does not.
    }
  }

  /**
   * Returns a context with the span of the carrier, from `b3` or else from the other headers; the given context if
   * neither is valid. A caller that sent no decision counts as not sampled, as in OpenTelemetry. A caller that sent
   * only "not sampled" starts a trace that is not sampled. Default getter: the one for plain objects, `Headers` and
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

  /** The headers that `inject` may write: `b3`, or those of the other form. */
  fields(): string[] {
    return this._isMulti ? [TRACE_ID, SPAN_ID, SAMPLED, FLAGS] : [B3];
  }
}

function contextOf(context: Context, traceId: string, spanId: string, decision: string): Context | undefined {
  const [isValid, isDenied, isSampled, isToDebug] = (DECISION.exec(decision) ?? []).map((part) => part !== undefined);
  if (!isValid) return undefined;
  if (IDS.test(`${traceId}-${spanId}`)) return withCaller(context, traceId, spanId, isSampled, isToDebug);
  // "Not sampled" alone gets new ids, to reach services downstream in any format. A continued trace has ids already.
  if (!isDenied || traceId + spanId !== '' || isSpanContextValid(spanContextOf(context))) return undefined;
  const ids = new RandomIdGenerator();
  return withCaller(context, ids.generateTraceId(), ids.generateSpanId(), false, false);
}
