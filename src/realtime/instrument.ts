import type { Attributes } from '../core/attributes.ts';
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
  const span = startSpan(name, startOptions(attributes, options));
  return run === undefined ? span : runSpan(span, options?.parent, run);
}

/** A helper's attributes and what its caller adds to them. */
export function startOptions(attributes: Attributes, options: InstrumentOptions | undefined): StartOptions {
  if (options === undefined || options === null) return { attributes };
  const { parent, attributes: further, links, startTime } = options;
  return { attributes: further ? { ...attributes, ...further } : attributes, parent, links, startTime };
}
