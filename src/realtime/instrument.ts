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

/** A name, or what makes one of the first arguments of a helper. */
type SpanName = string | ((a: string, b: string, c: string) => string);

/** The span of a helper, as far as the helper's own arguments say it. `A` are four at most. */
export interface SpanDescription<A extends unknown[]> {
  readonly name: SpanName;
  readonly attributes: (...args: A) => Attributes;
}

/** Makes a helper; `recordsLast` where the last of its own arguments is an error to be recorded. */
export function helper<A extends unknown[]>(
  name: SpanName,
  attributes: SpanDescription<A>['attributes'],
  recordsLast = false,
): Instrument<A> {
  const description = { name, attributes } as unknown as SpanDescription<unknown[]>;
  const count = attributes.length;
  // Positions and not `...args`: collecting and spreading them costs a fifth of a span (Node 20).
  return ((a?: unknown, b?: unknown, c?: unknown, d?: unknown, e?: unknown, f?: unknown): unknown => {
    const optionsOrCallback = count === 1 ? b : count === 2 ? c : count === 3 ? d : e;
    const callback = count === 1 ? c : count === 2 ? d : count === 3 ? e : f;
    const start = describedStart(description, optionsOrCallback, a, b, c, d);
    const span = startSpan(start.name, start);
    if (recordsLast) recordError(span, c);
    const run = callbackOf(optionsOrCallback, callback);
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

/** How the span of a helper starts. */
export interface DescribedStart extends StartOptions {
  name: string;
  /** See `ElementProcessOptions`. */
  chain?: boolean;
}

/**
 * What the arguments of a helper come to. They are not looked at where nothing is recorded. Never throws: arguments that
 * cannot be read, symbols for instance, cost the span its name and no more, and options that cannot be read are left out.
 */
export function describedStart(
  { name, attributes }: SpanDescription<unknown[]>,
  optionsOrCallback: unknown,
  a: unknown,
  b: unknown,
  c?: unknown,
  d?: unknown,
): DescribedStart {
  const start: DescribedStart = { name: '', attributes: undefined, parent: undefined };
  if (isRecording()) {
    try {
      const text = typeof name === 'string' ? name : name(a as string, b as string, c as string);
      start.attributes = attributes(a, b, c, d);
      start.name = text;
    } catch (error) {
      report('arguments_unreadable', messageOf(error));
    }
  }
  if (typeof optionsOrCallback === 'object' && optionsOrCallback !== null) {
    try {
      const { parent, links, startTime, chain, attributes } = optionsOrCallback as InstrumentOptions & DescribedStart;
      start.parent = parent;
      start.links = links;
      start.startTime = startTime;
      start.chain = chain;
      if (attributes) start.attributes = { ...start.attributes, ...attributes };
    } catch (error) {
      report('options_unreadable', messageOf(error));
    }
  }
  return start;
}

/** The callback, where options and callback may both be left out. */
export function callbackOf(optionsOrCallback: unknown, callback: unknown): SpanCallback<unknown> | undefined {
  return (typeof optionsOrCallback === 'function' ? optionsOrCallback : callback) as SpanCallback<unknown> | undefined;
}
