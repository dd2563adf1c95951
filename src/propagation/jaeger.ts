import { type Context, isTracingSuppressed, spanIn } from '../core/context.ts';
import { report } from '../core/diagnostic.ts';
import { isSpanContextValid } from '../core/span-context.ts';
import { type BaggageEntry, baggageIn, baggageOf, contextWithBaggage, MAX_BYTES, MAX_MEMBERS } from './baggage.ts';
import { isDebug, withCaller } from './caller.ts';
import { firstValueIn, firstWordIn, TOKEN, trimOws } from './header.ts';
import { percentDecoded, wellFormed } from './percent-encoding.ts';
import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  valuesOf,
} from './propagator.ts';

/** Options of a {@link JaegerPropagator}. The names are those of `@opentelemetry/propagator-jaeger`. */
export interface JaegerPropagatorOptions {
  /** The header for the span context. Default: `uber-trace-id`. */
  customTraceHeader?: string;
  /** The prefix of the headers for baggage, before a dash and the key. Default: `uberctx`. */
  customBaggageHeaderPrefix?: string;
}

// Trace id, span id, parent id, which is no longer used, and flags. Some senders encode the colons.
const CALLER = /^([0-9a-f]{1,32})(?::|%3a)([0-9a-f]{1,16})(?::|%3a)[^:%]*(?::|%3a)([0-9a-f]{1,2})$/i;

/**
 * Propagates the span context and baggage in the headers of Jaeger's own clients: `uber-trace-id`, and `uberctx-…` for
 * each entry, at most 64 entries and 8,192 bytes in each direction. HTTP makes their keys lower case. No method throws.
 *
 * Specification: Jaeger, "Client Libraries", "Propagation Format".
 */
export class JaegerPropagator implements TextMapPropagator {
  private readonly _header: string;
  private readonly _prefix: string;

  /** @throws TypeError for an invalid header name. */
  constructor({ customTraceHeader, customBaggageHeaderPrefix }: JaegerPropagatorOptions = {}) {
    this._header = checkedName('customTraceHeader', customTraceHeader ?? 'uber-trace-id');
    this._prefix = `${checkedName('customBaggageHeaderPrefix', customBaggageHeaderPrefix ?? 'uberctx')}-`;
  }

  /**
   * Writes the span context, if it is valid, and the baggage. Writes nothing if tracing is suppressed. Default setter:
   * the one for plain objects, `Headers` and `Map`s.
   */
  inject(context: Context, carrier: unknown, setter: TextMapSetter = defaultTextMapSetter): void {
    try {
      if (isTracingSuppressed(context)) return;
      const spanContext = spanIn(context)?.spanContext();
      if (spanContext && isSpanContextValid(spanContext)) {
        const { traceId, spanId, traceFlags } = spanContext;
        // Not all flags: the bit that means random ids in W3C Trace Context means debug here.
        setter.set(carrier, this._header, `${traceId}:${spanId}:0:0${isDebug(context) ? 3 : traceFlags & 1}`);
      }
      const entries = baggageIn(context)?.getAllEntries() ?? [];
      const fits = bounds();
      const sent = entries.filter(([key, entry]) => {
        try {
          const { value } = entry;
          // A value longer than all that may be sent is not worth encoding.
          if (!TOKEN.test(key) || typeof value !== 'string' || value.length > MAX_BYTES) return false;
          const encoded = encodeURIComponent(wellFormed(value));
          if (!fits(key, encoded)) return false;
          setter.set(carrier, this._prefix + key, encoded);
          return true;
        } catch {
          return false;
        }
      });
      const dropped = entries.length - sent.length;
      if (dropped > 0) report('baggage_dropped', `${dropped} of ${entries.length}`);
    } catch {
      // A setter, or a span or baggage of another library, that throws must not cost the application its request.
    }
  }

  /**
   * Returns a context with the span of the carrier, and with its baggage added to that of the given context; the given
   * context if the carrier has neither. Default getter: the one for plain objects, `Headers` and `Map`s.
   */
  extract(context: Context, carrier: unknown, getter: TextMapGetter = defaultTextMapGetter): Context {
    let extracted = context;
    try {
      const [, traceId, spanId, digits] = CALLER.exec(firstWordIn(carrier, this._header, getter)) ?? [];
      if (traceId !== undefined) {
        const flags = Number.parseInt(digits, 16);
        // The debug flag counts only together with the sampled flag.
        extracted = withCaller(context, traceId, spanId, (flags & 1) === 1, (flags & 3) === 3) ?? context;
      }
      const fits = bounds();
      let entries: Map<string, BaggageEntry> | undefined;
      const names = valuesOf(getter.keys(carrier));
      for (const name of typeof names === 'object' ? names : []) {
        const key = name.slice(this._prefix.length);
        if (name.slice(0, this._prefix.length).toLowerCase() !== this._prefix || !TOKEN.test(key)) continue;
        const encoded = firstValueIn(carrier, name, getter);
        if (encoded === undefined || !fits(key, encoded)) continue;
        const value = percentDecoded(trimOws(encoded));
        entries ??= new Map(baggageIn(context)?.getAllEntries());
        // Keeps the properties that another propagator has read for the same entry.
        if (entries.get(key)?.value !== value) entries.set(key, { value });
      }
      if (entries) extracted = contextWithBaggage(extracted, baggageOf(entries));
    } catch {
      // A getter, or baggage of another library, threw.
    }
    return extracted;
  }

  /** The header for the span context. The headers for baggage are not known in advance. */
  fields(): string[] {
    return [this._header];
  }
}

/** @throws TypeError naming the option and its value. */
function checkedName(option: string, name: unknown): string {
  if (typeof name === 'string' && TOKEN.test(name)) return name.toLowerCase();
  throw new TypeError(`${option}: ${String(name)} is not a valid header name`);
}

/** Returns a function that says of each entry in turn whether it still fits in the bounds. */
function bounds(): (key: string, encoded: string) => boolean {
  let left = MAX_MEMBERS;
  let room = MAX_BYTES;
  return (key, encoded) => {
    const size = key.length + encoded.length;
    const fits = left > 0 && size <= room;
    if (fits) {
      left--;
      room -= size;
    }
    return fits;
  };
}
