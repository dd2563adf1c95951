import type { Context } from '../core/context.ts';

/**
 * Reads the fields of a carrier, such as a request's headers. Structurally the `TextMapGetter` of
 * `@opentelemetry/api`.
 *
 * Specification: OpenTelemetry Propagators API, "Getter".
 */
export interface TextMapGetter<Carrier = unknown> {
  /** Returns the names of all fields. */
  keys(carrier: Carrier): string[];
  /** Returns the value of a field, or one value for each occurrence; `undefined` if it is absent. */
  get(carrier: Carrier, key: string): undefined | string | string[];
}

/**
 * Writes the fields of a carrier. Structurally the `TextMapSetter` of `@opentelemetry/api`.
 *
 * Specification: OpenTelemetry Propagators API, "Setter".
 */
export interface TextMapSetter<Carrier = unknown> {
  /** Sets a field to one value, replacing what it had. */
  set(carrier: Carrier, key: string, value: string): void;
}

/**
 * Propagates part of a context between processes in the fields of a carrier. Structurally the
 * `TextMapPropagator` of `@opentelemetry/api`.
 *
 * Specification: OpenTelemetry Propagators API, "TextMap Propagator".
 */
export interface TextMapPropagator<Carrier = unknown> {
  /** Writes what the context holds to the carrier. */
  inject(context: Context, carrier: Carrier, setter: TextMapSetter<Carrier>): void;
  /** Returns a context with what the carrier holds; the given context if it holds nothing usable. */
  extract(context: Context, carrier: Carrier, getter: TextMapGetter<Carrier>): Context;
  /** Returns the names of the fields that `inject` may write. */
  fields(): string[];
}

/** The usual shape of a carrier. Every access is guarded, because a carrier may be anything. */
interface Carrier {
  [key: string]: unknown;
  get?: unknown;
  set?: unknown;
  keys?: unknown;
}

/**
 * The getter for the usual carriers. If a carrier has a `get` function (`Headers`, `Map`, the request of a web
 * framework), it calls that. Of any other object, such as Node's `IncomingMessage.headers`, it reads the property of
 * exactly that name, or else all whose names differ only in case. Never throws: a carrier that throws counts as empty.
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
      // Servers provide header names in lower case, so the search below is rare.
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
 * The setter for the usual carriers. Calls the `set` function if there is one (`Headers`, `Map`); otherwise sets a
 * property. Never throws: a carrier that cannot be written to stays as it is.
 */
export const defaultTextMapSetter: TextMapSetter = {
  set(carrier, key, value) {
    try {
      const object = carrier as Carrier;
      if (typeof object.set === 'function') object.set(key, value);
      else object[key] = value;
    } catch {
      // A frozen carrier ends the trace here, but must not cost the application its request.
    }
  },
};

// An array may claim any length. Node takes 2,000 headers at most.
const MAX_VALUES = 2_000;

/** Converts a value from a carrier to what a getter may return: a string, several strings, or nothing. */
export function valuesOf(value: unknown): undefined | string | string[] {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value) || value.length > MAX_VALUES) return undefined;
  const values = value.filter((member) => typeof member === 'string');
  return values.length > 0 ? values : undefined;
}
