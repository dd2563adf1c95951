import type { Context } from '../core/context.ts';

/**
 * Reads the fields of a carrier, such as a request's headers. Structurally the `TextMapGetter` of
 * `@opentelemetry/api`.
 *
 * Specification: OpenTelemetry Propagators API, "Getter".
 */
export interface TextMapGetter<Carrier = unknown> {
  /** The names of all fields. */
  keys(carrier: Carrier): string[];
  /** The value of a field, or one value for each time it is there; `undefined` where it is not. */
  get(carrier: Carrier, key: string): undefined | string | string[];
}

/**
 * Writes the fields of a carrier. Structurally the `TextMapSetter` of `@opentelemetry/api`.
 *
 * Specification: OpenTelemetry Propagators API, "Setter".
 */
export interface TextMapSetter<Carrier = unknown> {
  /** Sets a field to one value, in place of what it had. */
  set(carrier: Carrier, key: string, value: string): void;
}

/**
 * Carries part of a context between processes in the fields of a carrier. Structurally the
 * `TextMapPropagator` of `@opentelemetry/api`.
 *
 * Specification: OpenTelemetry Propagators API, "TextMap Propagator".
 */
export interface TextMapPropagator<Carrier = unknown> {
  /** Writes what the context holds to the carrier. */
  inject(context: Context, carrier: Carrier, setter: TextMapSetter<Carrier>): void;
  /** A context with what the carrier holds; the given one where it holds nothing that can be used. */
  extract(context: Context, carrier: Carrier, getter: TextMapGetter<Carrier>): Context;
  /** The names of the fields that `inject` may write. */
  fields(): string[];
}

/** What a carrier may be; every access to one is guarded, since it may also be anything else. */
interface Carrier {
  [key: string]: unknown;
  get?: unknown;
  set?: unknown;
  keys?: unknown;
}

/**
 * The getter for the usual carriers. Something with a `get` function (`Headers`, `Map`, the request of a web
 * framework) is asked through it. Of any other object, as node's `IncomingMessage.headers`, the properties are the
 * fields: the one named exactly so or else all that differ in case only. Never throws: where the carrier does, it
 * counts as empty.
 */
export const defaultTextMapGetter: TextMapGetter = {
  keys(carrier) {
    try {
      const object = carrier as Carrier;
      // Not `instanceof`: the Headers of another realm or of a polyfill are headers too.
      return typeof object.get === 'function' && typeof object.keys === 'function'
        ? Array.from(object.keys() as Iterable<unknown>, String)
        : Object.keys(object);
    } catch {
      return [];
    }
  },

  get(carrier, key) {
    try {
      const object = carrier as Carrier;
      if (typeof object.get === 'function') return valuesOf(object.get(key));
      // Servers hand headers over in lower case, so that the search below is the exception.
      const exact = valuesOf(object[key]);
      if (exact !== undefined) return exact;
      const lower = key.toLowerCase();
      return valuesOf(
        Object.keys(object)
          .filter((name) => name.length === lower.length && name.toLowerCase() === lower)
          .flatMap((name) => valuesOf(object[name]) ?? []),
      );
    } catch {
      return undefined;
    }
  },
};

/**
 * The setter for the usual carriers: through the `set` function where there is one (`Headers`, `Map`), else as a
 * property. Never throws: a carrier that cannot be written to stays as it is.
 */
export const defaultTextMapSetter: TextMapSetter = {
  set(carrier, key, value) {
    try {
      const object = carrier as Carrier;
      if (typeof object.set === 'function') object.set(key, value);
      else object[key] = value;
    } catch {
      // A frozen carrier costs the trace its continuation and must not cost the application its request.
    }
  },
};

// An array may claim any length. Node takes 2,000 headers at most.
const MAX_VALUES = 2_000;

/** What came from a carrier as a getter may return it: a string, several, or nothing. */
export function valuesOf(value: unknown): undefined | string | string[] {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value) || value.length > MAX_VALUES) return undefined;
  const values = value.filter((member) => typeof member === 'string');
  return values.length > 0 ? values : undefined;
}
