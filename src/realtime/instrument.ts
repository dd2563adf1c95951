import type { Attributes } from '../core/attributes.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import type { Span } from '../core/span.ts';
import { recordError } from '../core/span-callback.ts';
import { utf8Length } from '../core/text.ts';
import { isRecording, runSpan, type StartOptions, startWith } from '../trace.ts';
import type { AttributeKeys } from './attributes.ts';

/** The options that every helper takes after its own arguments. */
export type InstrumentOptions = Pick<StartOptions, 'parent' | 'root' | 'attributes' | 'kind' | 'links' | 'startTime'>;

/** Options of `instrumentElementProcess`. */
export interface ElementProcessOptions extends InstrumentOptions {
  /**
   * True makes this element's span the parent of the next element's span. Otherwise, the spans of all elements that a
   * message passes are siblings under its push. Default: false.
   */
  chain?: boolean;
}

/** A callback that runs inside the span of a helper. */
export type SpanCallback<T> = (span: Span) => T;

/**
 * The call forms of a helper with arguments `A`. Without a callback, the helper returns a started span, **which is not
 * active**. With a callback, it runs the callback with the span active, records what the callback throws, and returns
 * its result. The span ends when the result is there: a value, a settled promise, or an async generator that is done.
 */
export interface Instrument<A extends unknown[], Options = InstrumentOptions> {
  (...args: [...A, options?: Options]): Span;
  <T>(...args: [...A, callback: SpanCallback<T>]): T;
  <T>(...args: [...A, options: Options | undefined, callback: SpanCallback<T>]): T;
}

/** Values for the keys of a helper, in the same order. */
export type AttributeValues = Attributes[string][];

/**
 * Makes a helper with arguments `A`. Each argument is the value for the key at the same position; for `text.length`, a
 * text is replaced by its length.
 *
 * @param name - `$0` stands for the first argument, `$2` for the third.
 * @param state - A fixed value for the last key. With `error`, the argument at its position is recorded as an error.
 * @param own - How many arguments come before the options.
 */
export function helper<A extends unknown[]>(
  name: string,
  keys: AttributeKeys,
  state?: string,
  own: number = keys.length,
): Instrument<A> {
  const nameOf = spanNames(name);
  const end = keys.length - 1;
  const isText = keys[end] === 'text.length';
  // `args` is used as the array of values, so that neither an object nor another array is made.
  return ((...args: AttributeValues): unknown => {
    const [given, callback] = [args[own], args[own + 1]];
    const last = args[end];
    if (state !== undefined) args[end] = state;
    else if (isText && isRecording()) args[end] = typeof last === 'string' ? utf8Length(last) : 0;
    const options = optionsOf(given);
    const span = startHelper(nameOf, keys, args, options);
    if (state === 'error') recordError(span, last);
    return finishHelper(span, options, given, callback);
  }) as unknown as Instrument<A>;
}

/** Starts the span of a helper. Does not read the arguments if nothing is recorded. Never throws. */
export function startHelper(
  nameOf: SpanNames,
  keys: AttributeKeys,
  values: AttributeValues,
  options: InstrumentOptions | undefined,
): Span {
  try {
    if (isRecording()) return startWith(nameOf(values), options, keys, values);
  } catch (error) {
    // An argument such as a symbol costs the span its name and its attributes, but nothing else.
    report('arguments_unreadable', messageOf(error));
  }
  return startWith('', options);
}

/** Returns the span, or runs the callback in it. Options and callback are both optional. */
export function finishHelper(
  span: Span,
  options: InstrumentOptions | undefined,
  given: unknown,
  callback: unknown,
  onResult?: (result: unknown) => void,
): unknown {
  const run = typeof given === 'function' ? given : callback;
  return run === undefined ? span : runSpan(span, options?.parent, run as SpanCallback<unknown>, onResult);
}

/** Reads the options of a helper, once; `undefined` if there are none or they cannot be read. Never throws. */
export function optionsOf(given: unknown): ElementProcessOptions | undefined {
  try {
    if (typeof given === 'object' && given !== null) {
      const { parent, root, attributes, kind, links, startTime, chain } = given as ElementProcessOptions;
      return { parent, root, attributes, kind, links, startTime, chain };
    }
  } catch (error) {
    report('options_unreadable', messageOf(error));
  }
  return undefined;
}

// Bounded, because names that contain ids must not fill up memory. Further names are built each time.
const KEPT_NAMES = 256;

type SpanNames = (values: AttributeValues) => string;

/**
 * Builds names from a template such as `pipeline.$0.push`, and caches them. A newly built string has to be hashed again
 * when the encoder looks up its bytes, which is a third of the cost of a short span (Node 20: 630 ns against 390).
 */
export function spanNames(template: string): SpanNames {
  const [before, at, after] = template.split(/\$(\d)/);
  const kept = new Map<unknown, string>();
  // A number, because indexing an array by a string takes 3 % of a span.
  const place = Number(at);
  return (values) => {
    if (at === undefined) return before;
    const middle = values[place];
    let name = kept.get(middle);
    if (name === undefined) {
      name = `${before}${middle}${after}`;
      if (kept.size < KEPT_NAMES) kept.set(middle, name);
    }
    return name;
  };
}
