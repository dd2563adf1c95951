import type { Attributes } from '../core/attributes.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import type { Span } from '../core/span.ts';
import { runSpan, type StartOptions, startSpan } from '../trace.ts';

/** What every helper takes after its own arguments. */
export type InstrumentOptions = Pick<StartOptions, 'parent' | 'attributes' | 'links' | 'startTime'>;

/** Runs inside the span of a helper. */
export type SpanCallback<T> = (span: Span) => T;

/**
 * The forms of a helper with arguments `A`. Without a callback it returns a started span, **which is not active**.
 * With one it runs it in the active span, records what it throws, ends the span when the result is there (a value, a
 * settled promise, an async generator that is done), and returns that result.
 */
export interface Instrument<A extends unknown[], Options = InstrumentOptions> {
  (...args: [...A, options?: Options]): Span;
  <T>(...args: [...A, callback: SpanCallback<T>]): T;
  <T>(...args: [...A, options: Options | undefined, callback: SpanCallback<T>]): T;
}

/** Starts the span of a helper, or runs a callback in it. */
export function instrument(
  name: string,
  attributes: Attributes,
  optionsOrCallback: InstrumentOptions | SpanCallback<unknown> | undefined,
  callback: SpanCallback<unknown> | undefined,
): unknown {
  const isCallback = typeof optionsOrCallback === 'function';
  const options = isCallback ? undefined : optionsOrCallback;
  const run = isCallback ? optionsOrCallback : callback;
  const start = startOptions(attributes, options);
  const span = startSpan(name, start);
  return run === undefined ? span : runSpan(span, start.parent, run);
}

/** A helper's attributes and what its caller adds to them. Never throws. */
export function startOptions(attributes: Attributes, options: InstrumentOptions | undefined): StartOptions {
  const start: StartOptions = { attributes };
  if (options === undefined || options === null) return start;
  try {
    start.parent = options.parent;
    start.links = options.links;
    start.startTime = options.startTime;
    if (options.attributes) start.attributes = { ...attributes, ...options.attributes };
  } catch (error) {
    report('options_unreadable', `the options of a span could not be read, they are left out: ${messageOf(error)}`);
  }
  return start;
}
