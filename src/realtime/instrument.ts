import type { Attributes } from '../core/attributes.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import type { Span } from '../core/span.ts';
import { recordError } from '../core/span-callback.ts';
import { isRecording, runSpan, type StartOptions, startSpan } from '../trace.ts';

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

/** What a helper makes of its own arguments. */
export interface SpanDescription {
  readonly name: string;
  readonly attributes: Attributes;
  /** Recorded as soon as the span has started. */
  readonly error?: unknown;
}

/** Describes the span of a helper by the helper's own arguments, four at most. */
type Describe<A extends unknown[]> = (...args: A) => SpanDescription;

/** Makes a helper of a function that describes its span. */
export function helper<A extends unknown[]>(describe: Describe<A>): Instrument<A> {
  const count = describe.length;
  const describeBy = describe as Describe<unknown[]>;
  // Positions and not `...args`: collecting and spreading them costs a fifth of a span (Node 20).
  return ((a?: unknown, b?: unknown, c?: unknown, d?: unknown, e?: unknown, f?: unknown): unknown => {
    const described = descriptionBy(describeBy, a, b, c, d);
    const optionsOrCallback = count === 1 ? b : count === 2 ? c : count === 3 ? d : e;
    const callback = count === 1 ? c : count === 2 ? d : count === 3 ? e : f;
    const run = callbackOf(optionsOrCallback, callback);
    const start = startOptions(described.attributes, optionsOf(optionsOrCallback));
    const span = startSpan(described.name, start);
    if (described.error !== undefined) recordError(span, described.error);
    return run === undefined ? span : runSpan(span, start.parent, run);
  }) as unknown as Instrument<A>;
}

// Names made of ids must not fill the memory; beyond this they are put together each time.
const KEPT_NAMES = 256;

/**
 * Names like `pipeline.<name>.push`. They are kept: a text that is put together anew has to be hashed anew where the
 * encoder looks up its bytes, and that is a third of a short span (Node 20: 630 ns against 390).
 */
export function spanNames(before: string, after: string): (middle: string) => string {
  const kept = new Map<string, string>();
  return (middle) => {
    let name = kept.get(middle);
    if (name === undefined) {
      name = `${before}${middle}${after}`;
      if (kept.size < KEPT_NAMES) kept.set(middle, name);
    }
    return name;
  };
}

const NOTHING: SpanDescription = { name: '', attributes: {} };

/**
 * What `describe` says; it is not asked where nothing is recorded. Arguments that cannot be read, symbols for instance,
 * cost the span its name and no more.
 */
export function descriptionBy(
  describe: Describe<unknown[]>,
  a: unknown,
  b: unknown,
  c?: unknown,
  d?: unknown,
): SpanDescription {
  if (!isRecording()) return NOTHING;
  try {
    return describe(a, b, c, d);
  } catch (error) {
    report(
      'arguments_unreadable',
      `the arguments of a helper could not be read, its span says less: ${messageOf(error)}`,
    );
    return NOTHING;
  }
}

/** The options, where options and callback may both be left out. */
export function optionsOf<Options>(optionsOrCallback: unknown): Options | undefined {
  return typeof optionsOrCallback === 'function' ? undefined : (optionsOrCallback as Options | undefined);
}

/** The callback, likewise. */
export function callbackOf(optionsOrCallback: unknown, callback: unknown): SpanCallback<unknown> | undefined {
  return (typeof optionsOrCallback === 'function' ? optionsOrCallback : callback) as SpanCallback<unknown> | undefined;
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
