import type { Attributes } from '../core/attributes.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import type { Span } from '../core/span.ts';
import { recordError } from '../core/span-callback.ts';
import { utf8Length } from '../core/text.ts';
import { isRecording, runSpan, type StartOptions, startWith } from '../trace.ts';
import type { AttributeKeys } from './attributes.ts';

/** What every helper takes after its own arguments. */
export type InstrumentOptions = Pick<StartOptions, 'parent' | 'attributes' | 'kind' | 'links' | 'startTime'>;

/** Options of `instrumentElementProcess`. */
export interface ElementProcessOptions extends InstrumentOptions {
  /**
   * True makes this element's span the parent of the next element's; otherwise the spans of all elements that a
   * message passes are siblings under its push. Default: false.
   */
  chain?: boolean;
}

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

/** Values for the keys of a helper, in their order. */
export type AttributeValues = Attributes[string][];

/**
 * Makes a helper with arguments `A`, each of them the value for the key at its place; a text, for `text.length`, becomes
 * its length.
 *
 * @param name - `$0` stands for the first argument, `$2` for the third.
 * @param state - The value for the last key, which then no argument has. For `error` the last argument is recorded.
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
  // The arguments are the values: neither an object nor another array is made of them.
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

/** Starts the span of a helper. Its arguments are not looked at where nothing is recorded. Never throws. */
export function startHelper(
  nameOf: SpanNames,
  keys: AttributeKeys,
  values: AttributeValues,
  options: InstrumentOptions | undefined,
): Span {
  try {
    if (isRecording()) return startWith(nameOf(values), options, keys, values);
  } catch (error) {
    // A symbol, for instance: it costs the span its name and its attributes, and no more.
    report('arguments_unreadable', messageOf(error));
  }
  return startWith('', options);
}

/** Returns the span, or runs the callback in it; options and callback may both be left out. */
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

/** The options of a helper, read once; none where there are none or they cannot be read. Never throws. */
export function optionsOf(given: unknown): ElementProcessOptions | undefined {
  try {
    if (typeof given === 'object' && given !== null) {
      const { parent, attributes, kind, links, startTime, chain } = given as ElementProcessOptions;
      return { parent, attributes, kind, links, startTime, chain };
    }
  } catch (error) {
    report('options_unreadable', messageOf(error));
  }
  return undefined;
}

// Names made of ids must not fill the memory; beyond this they are put together each time.
const KEPT_NAMES = 256;

type SpanNames = (values: AttributeValues) => string;

/**
 * Names like `pipeline.$0.push`. They are kept: a text that is put together anew has to be hashed anew where the encoder
 * looks up its bytes, and that is a third of a short span (Node 20: 630 ns against 390).
 */
export function spanNames(template: string): SpanNames {
  const [before, at, after] = template.split(/\$(\d)/);
  const kept = new Map<unknown, string>();
  // A number: to read an element by a text takes 3 % of a span.
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
