import { type Context, setSpan } from '../core/context.ts';
import { nonRecordingSpan } from '../core/non-recording-span.ts';
import { isSpanContextValid, TraceFlags } from '../core/span-context.ts';
import { spanContextOf } from '../core/span-source.ts';

// The symbol of `@opentelemetry/propagator-b3`, so that each package finds the other's flag.
const DEBUG_KEY = /* @__PURE__ */ Symbol.for('OpenTelemetry Context Key B3 Debug Flag');

/** True if a caller asked that no stage of sampling drop the trace. B3 and Jaeger both have such a flag. */
export function isDebug(context: Context): boolean {
  return Boolean(context.getValue(DEBUG_KEY));
}

/**
 * Returns a context with the caller's span; `undefined` for invalid ids. Ids may be in upper case and without leading
 * zeros. Neither format has the flag for random ids or a trace state: both are taken from the span in the context if
 * another propagator has already extracted the same one.
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
  // The debug flag of another caller must not stay.
  return isDebug(extracted) === isToDebug ? extracted : extracted.setValue(DEBUG_KEY, isToDebug ? 'd' : undefined);
}
