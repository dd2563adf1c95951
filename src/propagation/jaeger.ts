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

/** What a {@link JaegerPropagator} may be told; the names are those of `@opentelemetry/propagator-jaeger`. */
export interface JaegerPropagatorOptions {
  /** The header for the span context. Default: `uber-trace-id`. */
  customTraceHeader?: string;
  /** What the headers for baggage begin with, a dash and the key after it. Default: `uberctx`. */
  customBaggageHeaderPrefix?: string;
}

// Trace id, span id, that of the parent, which is of no use any more, and flags. Some senders encode the colons.
const CALLER = /^([0-9a-f]{1,32})(?::|%3a)([0-9a-f]{1,16})(?::|%3a)[^:%]*(?::|%3a)([0-9a-f]{1,2})$/i;

/**
 * Carries the span context and baggage in the headers of Jaeger's own clients: `uber-trace-id`, and `uberctx-…` for each
 * entry, of which 64 and 8,192 bytes each way. HTTP makes their keys lower case. No method throws.
 *
 * Specification: Jaeger, "Client Libraries", "Propagation Format".
 */
export class JaegerPropagator implements TextMapPropagator {
  private readonly _header: string;
  private readonly _prefix: string;

  /** @throws TypeError for a name that no header can have. */
  constructor({ customTraceHeader, customBaggageHeaderPrefix }: JaegerPropagatorOptions = {}) {
    this._header = checkedName('customTraceHeader', customTraceHeader ?? 'uber-trace-id');
    this._prefix = `${checkedName('customBaggageHeaderPrefix', customBaggageHeaderPrefix ?? 'uberctx')}-`;
  }

  /**
   * Writes the span context, if it is valid, and the baggage. Nothing where tracing is suppressed. Default setter:
   * that of plain objects, `Headers` and `Map`s.
   */
  inject(context: Context, carrier: unknown, setter: TextMapSetter = defaultTextMapSetter): void {
    try {
      if (isTracingSuppressed(context)) return;
      const spanContext = spanIn(context)?.spanContext();
      if (spanContext && isSpanContextValid(spanContext)) {
        const { traceId, spanId, traceFlags } = spanContext;
        // Not all flags: the bit that stands for random ids at W3C's asks for debugging here.
        setter.set(carrier, this._header, `${traceId}:${spanId}:0:0${isDebug(context) ? 3 : traceFlags & 1}`);
      }
      const entries = baggageIn(context)?.getAllEntries() ?? [];
      const fits = bounds();
      const sent = entries.filter(([key, entry]) => {
        try {
          const { value } = entry;
          // What is longer than all that is sent is not worth encoding.
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
      // A setter, a span or baggage of another library that throws must not cost the application its request.
    }
  }

  /**
   * A context with the span of the carrier as its span, and what it has of baggage on top of what is there; the given one
   * where there is neither. Default getter: that of plain objects, `Headers` and `Map`s.
   */
  extract(context: Context, carrier: unknown, getter: TextMapGetter = defaultTextMapGetter): Context {
    let extracted = context;
    try {
      const [, traceId, spanId, digits] = CALLER.exec(firstWordIn(carrier, this._header, getter)) ?? [];
      if (traceId !== undefined) {
        const flags = Number.parseInt(digits, 16);
        // The flag for debugging counts beside that for sampling only.
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
        // What another propagator has read of the same entry, its properties, stays.
        if (entries.get(key)?.value !== value) entries.set(key, { value });
      }
      if (entries) extracted = contextWithBaggage(extracted, baggageOf(entries));
    } catch {
      // A getter, or baggage of another library, that throws.
    }
    return extracted;
  }

  /** The header for the span context. Those for baggage are not known beforehand. */
  fields(): string[] {
    return [this._header];
  }
}

/** @throws TypeError naming the option and its value. */
function checkedName(option: string, name: unknown): string {
  if (typeof name === 'string' && TOKEN.test(name)) return name.toLowerCase();
  throw new TypeError(`${option}: ${String(name)} is not the name of a header`);
}

/** What says for one entry after the other whether it has a place among those that are carried. */
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
