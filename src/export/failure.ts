import { textAt } from '../core/exception.ts';
import type { ReadableSpan } from '../core/span.ts';
import { ERROR } from '../core/status.ts';

/** What went wrong in a span. */
export interface Failure {
  readonly message: string;
  /** A line of the stack: where the application threw. Empty where that is not known. */
  readonly place: string;
}

/** The name of the events that exceptions are recorded as. */
export const EXCEPTION = 'exception';

// Stacks are as long as their causes make them; the application's own frame is near the top.
const MAX_STACK = 20_000;
// As V8 writes them, and as the others do.
const FRAME = /^\s+at .*:\d+:\d+\)?$|^\S*@.*:\d+:\d+$/;
const NOT_OURS = /node:|node_modules|\bnative\b/;

/** What the status and the last exception of a span say; `undefined` where nothing went wrong. */
export function failureOf({ status, events }: ReadableSpan): Failure | undefined {
  const thrown = events.filter(({ name }) => name === EXCEPTION).pop()?.attributes;
  if (thrown === undefined && status.code !== ERROR) return undefined;
  const said = [textAt(thrown, 'exception.type'), textAt(thrown, 'exception.message')]
    .filter((part) => part)
    .join(': ');
  const { message = '' } = status;
  const isNew = message !== '' && !said.includes(message);
  const frames = textAt(thrown, 'exception.stacktrace')
    .slice(0, MAX_STACK)
    .split('\n')
    .filter((line) => FRAME.test(line));
  return {
    message: [said, isNew ? message : ''].filter((part) => part).join(', ') || 'failed',
    place: (frames.find((line) => !NOT_OURS.test(line)) ?? frames[0] ?? '').trim().replace('file://', ''),
  };
}
