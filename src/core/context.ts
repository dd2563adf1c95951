import type { Span } from './span.ts';

/**
 * An immutable set of values that travels with an operation. It has the structure of the `Context` of
 * `@opentelemetry/api`, so the functions of either package accept the contexts of the other.
 *
 * Specification: OpenTelemetry, "Context".
 */
export interface Context {
  /** Returns the value stored under `key`, or `undefined`. */
  getValue(key: symbol): unknown;
  /** Returns a new context with `key` set to `value`. This one does not change. */
  setValue(key: symbol, value: unknown): Context;
  /** Returns a new context without `key`. This one does not change. */
  deleteValue(key: symbol): Context;
}

// `@opentelemetry/api` uses the same symbols. Therefore any library written against that package can read contexts of
// this one, and the reverse.
export const SPAN_KEY: unique symbol = /* @__PURE__ */ Symbol.for('OpenTelemetry Context Key SPAN') as never;
export const BAGGAGE_KEY: unique symbol = /* @__PURE__ */ Symbol.for('OpenTelemetry Baggage Key') as never;
const SUPPRESS_TRACING_KEY = /* @__PURE__ */ Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/**
 * The span has a slot of its own, because it is read for every span and written for every active one. A slot also keeps
 * no earlier span alive, as a chain of contexts would.
 */
class SlotContext implements Context {
  readonly _span: unknown;
  readonly _rest: ReadonlyMap<symbol, unknown> | undefined;

  constructor(span: unknown, rest: ReadonlyMap<symbol, unknown> | undefined) {
    this._span = span;
    this._rest = rest;
  }

  getValue(key: symbol): unknown {
    return key === SPAN_KEY ? this._span : this._rest?.get(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return key === SPAN_KEY
      ? new SlotContext(value, this._rest)
      : new SlotContext(this._span, new Map(this._rest).set(key, value));
  }

  deleteValue(key: symbol): Context {
    return this.setValue(key, undefined);
  }
}

/** The empty context: no span, no baggage. */
export const ROOT_CONTEXT: Context = /* @__PURE__ */ new SlotContext(undefined, undefined);

/** Returns the span in a context, of this package or another, or `undefined` if there is none. */
export function spanIn(context: Context): Span | undefined {
  return context.getValue(SPAN_KEY) as Span | undefined;
}

/** Returns a context with `span`, built on `context`. If that context throws, the new one holds only the span. */
export function setSpan(context: Context, span: Span): Context {
  try {
    return context.setValue(SPAN_KEY, span);
  } catch {
    return new SlotContext(span, undefined);
  }
}

/** Returns true if tracing is switched off in this context, as it is around an exporter's own requests. */
export function isTracingSuppressed(context: Context): boolean {
  return context.getValue(SUPPRESS_TRACING_KEY) === true;
}

/** Returns a context in which no span is recorded. */
export function suppressTracing(context: Context): Context {
  return context.setValue(SUPPRESS_TRACING_KEY, true);
}
