import type { Attributes } from './attributes.ts';
import type { Context } from './context.ts';
import { describeException, messageOf } from './exception.ts';
import { processState } from './process-state.ts';
import { read } from './property.ts';
import type { Span, WritableSpan } from './span.ts';
import { ERROR } from './status.ts';

/** Adds an `exception` event and sets the status to error with the message. `null` and `undefined` are ignored. */
export function recordError(span: WritableSpan, error: unknown): void {
  if (error !== null && error !== undefined) recordThrown(span, error);
}

/** The same of what was thrown, which may be nothing. */
function recordThrown(span: WritableSpan, error: unknown): void {
  if (!span?.isRecording?.()) return;
  span.addEvent('exception', describeException(error) as Attributes);
  span.setStatus({ code: ERROR, message: messageOf(error) });
}

/**
 * Calls `callback` with `context` active, records what it throws, and ends `span` when its result is there: at
 * once, when a promise settles, or when an async generator is done. The result is returned as it is; a promise
 * as one that settles alike. `onResult` sees each result before the span ends.
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
      // Also where the stack is used up.
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
    if (isAsyncGenerator(value)) return endWithGenerator(span, context, value, onResult);
    onResult?.(value);
    span.end();
    return value;
  };
  if (!hasMethod(result, 'then')) return succeed(result) as T;
  // A lazy thenable starts its work with each call of then(): so it is called once, with the span active. And one that
  // is no promise need not return one.
  const promise: PromiseLike<unknown> =
    read(result, 'constructor') === Promise
      ? (result as PromiseLike<unknown>)
      : processState.contextStorage.run(context, () => Promise.resolve(result));
  // A new promise and not a listener on the old, so that a rejection is reported once.
  return promise.then(succeed, fail) as T;
}

/** The same generator, each step of it run with `context` active, the span ended once it is done. */
function endWithGenerator(
  span: Span,
  context: Context,
  generator: AsyncGenerator<unknown, unknown, unknown>,
  onResult: ((result: unknown) => void) | undefined,
): AsyncGenerator<unknown, unknown, unknown> {
  const { contextStorage } = processState;
  const step =
    (method: 'next' | 'return' | 'throw') =>
    async (...args: [unknown]) => {
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
  // A generator that is done can be asked for more.
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
  // What an application has added to it is there, too.
  const wrapped: AsyncGenerator<unknown, unknown, unknown> = Object.create(
    generator,
    Object.getOwnPropertyDescriptors(methods),
  );
  return wrapped;
}

/**
 * One of the language's, or what compilers make of it: an object with these methods of its own. A stream of an SDK has them from
 * its class, and is more than they are.
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
