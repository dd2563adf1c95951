import type { Attributes } from './attributes.ts';
import { now } from './clock.ts';
import type { Context } from './context.ts';
import { describeException, messageOf } from './exception.ts';
import { processState } from './process-state.ts';
import { read } from './property.ts';
import type { RecordingSpan, Span, WritableSpan } from './span.ts';
import { ERROR } from './status.ts';

/** Adds an `exception` event and sets the status to error, with the error's message. Ignores `null` and `undefined`. */
export function recordError(span: WritableSpan, error: unknown): void {
  if (error !== null && error !== undefined) recordThrown(span, error);
}

/** Does the same for anything, including `null` and `undefined`. */
export function recordThrown(span: WritableSpan, error: unknown): void {
  if (!span?.isRecording?.()) return;
  span.addEvent('exception', describeException(error) as Attributes);
  span.setStatus({ code: ERROR, message: messageOf(error) });
}

/**
 * Calls `callback` with `context` active, records what it throws, and ends `span` when the result is there: at once,
 * when a promise settles, or when an async generator is done. Returns the result; a thenable is replaced by a plain
 * promise, and a generator by one that behaves alike. `onResult` sees each result before the span ends.
 */
export function runInSpan<T>(
  span: Span,
  context: Context,
  callback: (span: Span) => T,
  onResult?: (result: unknown) => void,
): T {
  const fail = (error: unknown): never => {
    try {
      recordThrown(span, error);
    } finally {
      // End it even if the stack is used up.
      span.end();
    }
    throw error;
  };
  let result: T;
  try {
    result = processState.contextStorage.run(context, callback, span);
  } catch (error) {
    return fail(error);
  }
  const succeed = (value: unknown): unknown => {
    if (isAsyncGenerator(value)) {
      const isUnbegun = Object.prototype.toString.call(callback) === '[object AsyncGeneratorFunction]';
      return endWithGenerator(span, context, value, isUnbegun, onResult);
    }
    onResult?.(value);
    span.end();
    return value;
  };
  if (!hasMethod(result, 'then')) return succeed(result) as T;
  // A lazy thenable starts its work at each call of `then()`, so call it only once, with the span active. And the
  // `then()` of a thenable that is not a promise may return nothing.
  const promise: PromiseLike<unknown> =
    read(result, 'constructor') === Promise
      ? (result as PromiseLike<unknown>)
      : processState.contextStorage.run(context, () => Promise.resolve(result));
  // Return the new promise instead of listening to the old one, so that a rejection is reported once.
  return promise.then(succeed, fail) as T;
}

/**
 * Returns the same generator with each step run in `context`. Ends the span when the generator is done.
 *
 * @param isUnbegun - Nothing has run yet: the span starts with the first step, since until then it may wait in a queue.
 */
function endWithGenerator(
  span: Span,
  context: Context,
  generator: AsyncGenerator<unknown, unknown, unknown>,
  isUnbegun: boolean,
  onResult: ((result: unknown) => void) | undefined,
): AsyncGenerator<unknown, unknown, unknown> {
  const { contextStorage } = processState;
  let startsNow = isUnbegun;
  const step =
    (method: 'next' | 'return' | 'throw') =>
    async (...args: [unknown]) => {
      // A start time that was given is a bigint.
      if (startsNow && typeof (span as RecordingSpan)._start === 'number') (span as RecordingSpan)._start = now();
      startsNow = false;
      try {
        const result = await contextStorage.run(context, () => generator[method](...args));
        onResult?.(result.value);
        if (result.done === true) end();
        return result;
      } catch (error) {
        recordThrown(span, error);
        end();
        throw error;
      }
    };
  // A generator that is done can still be asked for more.
  const end = () => {
    if (span.isRecording()) span.end();
  };
  const methods = {
    next: step('next'),
    return: step('return'),
    throw: step('throw'),
    [Symbol.asyncIterator]: () => wrapped,
    [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]: async () => {
      await wrapped.return(undefined);
    },
  };
  // Inherits from the generator, to keep the properties that an application has added to it.
  const wrapped: AsyncGenerator<unknown, unknown, unknown> = Object.create(
    generator,
    Object.getOwnPropertyDescriptors(methods),
  );
  return wrapped;
}

/**
 * Returns true for a native async generator and for a compiled one, which is an object with its own `next`, `return`
 * and `throw`. A stream of an SDK has these from its class, and is more than a generator.
 */
function isAsyncGenerator(value: unknown): value is AsyncGenerator<unknown, unknown, unknown> {
  try {
    return (
      typeof value === 'object' &&
      value !== null &&
      hasMethod(value, Symbol.asyncIterator) &&
      (Object.prototype.toString.call(value) === '[object AsyncGenerator]' ||
        ['next', 'return', 'throw'].every((name) => Object.hasOwn(value, name) && hasMethod(value, name)))
    );
  } catch {
    return false;
  }
}

function hasMethod(value: unknown, name: string | symbol): boolean {
  return typeof read(value, name) === 'function';
}
