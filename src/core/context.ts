import type { Span } from './span.ts';

/**
 * An immutable set of values that travels with an operation. Structurally the `Context` of
 * `@opentelemetry/api`, so either can be handed to the other's functions.
 *
 * Specification: OpenTelemetry, "Context".
 */
export interface Context {
  /** The value stored under `key`, or `undefined`. */
  getValue(key: symbol): unknown;
  /** A new context with `key` set to `value`; this one stays as it is. */
  setValue(key: symbol, value: unknown): Context;
  /** A new context without `key`; this one stays as it is. */
  deleteValue(key: symbol): Context;
}

// The symbols under which `@opentelemetry/api` keeps the same things: sharing them is what makes
// a context of ours readable by any library written against that package, and the reverse.
export const SPAN_KEY: unique symbol = /* @__PURE__ */ Symbol.for('OpenTelemetry Context Key SPAN') as never;
export const BAGGAGE_KEY: unique symbol = /* @__PURE__ */ Symbol.for('OpenTelemetry Baggage Key') as never;
const SUPPRESS_TRACING_KEY = /* @__PURE__ */ Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/**
 * The span has a slot of its own: it is read for every span and written for every active one,
 * and a slot keeps no earlier span alive, which a chain of contexts would.
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

/** The span of a context, of this package or another; `undefined` where there is none. */
export function spanIn(context: Context): Span | undefined {
  return context.getValue(SPAN_KEY) as Span | undefined;
}

/** A context with `span` in it, built on `context`; where that cannot be built on, one with the span alone. */
export function setSpan(context: Context, span: Span): Context {
  try {
    return context.setValue(SPAN_KEY, span);
  } catch {
    return new SlotContext(span, undefined);
  }
}

/** True where tracing has been switched off for this context, as around an exporter's own requests. */
export function isTracingSuppressed(context: Context): boolean {
  return context.getValue(SUPPRESS_TRACING_KEY) === true;
}

/** A context in which no span is recorded. */
export function suppressTracing(context: Context): Context {
  return context.setValue(SUPPRESS_TRACING_KEY, true);
}
