import { type Context, setSpan } from '../core/context.ts';
import { nonRecordingSpan } from '../core/non-recording-span.ts';
import { isSpanContextValid, TraceFlags } from '../core/span-context.ts';
import { spanContextOf } from '../core/span-source.ts';

// The symbol of `@opentelemetry/propagator-b3`, so that either finds the other's flag.
const DEBUG_KEY = /* @__PURE__ */ Symbol.for('OpenTelemetry Context Key B3 Debug Flag');

/** True where a caller has asked that no stage of sampling drops the trace; B3 and Jaeger both know such a flag. */
export function isDebug(context: Context): boolean {
  return Boolean(context.getValue(DEBUG_KEY));
}

/**
 * A context in which the caller's span is the span, `undefined` for ids that are none. They may be in upper case and
 * without their leading zeros. Neither format has the flag of random ids or a trace state: both are those of the span that
 * is there, if it is the same one, which another propagator has found.
 */
export function withCaller(
  context: Context,
  traceDigits: string,
  spanDigits: string,
  isSampled: boolean,
  isToDebug: boolean,
): Context | undefined {
  const traceId = traceDigits.toLowerCase().padStart(32, '0');
  const spanId = spanDigits.toLowerCase().padStart(16, '0');
  const there = spanContextOf(context);
  const isSame = there.traceId === traceId && there.spanId === spanId;
  const traceFlags =
    (isSame ? there.traceFlags & TraceFlags.RANDOM : 0) | (isSampled || isToDebug ? TraceFlags.SAMPLED : 0);
  const spanContext = { ...(isSame && there), traceId, spanId, traceFlags, isRemote: true };
  if (!isSpanContextValid(spanContext)) return undefined;
  const extracted = setSpan(context, nonRecordingSpan(spanContext));
  // The flag of another caller must not stay.
  return isDebug(extracted) === isToDebug ? extracted : extracted.setValue(DEBUG_KEY, isToDebug ? 'd' : undefined);
}
