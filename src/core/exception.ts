import type { Attributes } from './attributes.ts';
import { read, textAt } from './property.ts';
import { textOf } from './text.ts';

/**
 * The attributes recorded for something thrown, named as in the exception conventions.
 *
 * Specification: OpenTelemetry semantic conventions, "Exceptions on spans".
 */
export interface ExceptionAttributes extends Attributes {
  'exception.type': string;
  'exception.message': string;
  'exception.stacktrace'?: string;
}

// A longer chain of causes is cut, because it may be circular.
const MAX_CAUSES = 8;

/** Describes anything that can be thrown. Never throws, even if a getter does. */
export function describeException(thrown: unknown): ExceptionAttributes {
  let stack = textAt(thrown, 'stack');
  let cause = read(thrown, 'cause');
  for (let depth = 0; depth < MAX_CAUSES && cause != null; depth++) {
    stack += `\nCaused by: ${textAt(cause, 'stack') || messageOf(cause)}`;
    cause = read(cause, 'cause');
  }
  // The errors of an AggregateError, which `Promise.any` throws.
  const errors = read(thrown, 'errors');
  if (Array.isArray(errors)) {
    for (const error of errors.slice(0, MAX_CAUSES))
      stack += `\nCaused by: ${textAt(error, 'stack') || messageOf(error)}`;
  }
  return {
    'exception.type':
      Object(thrown) === thrown
        ? textAt(thrown, 'name') || textAt(thrown, 'code') || textAt(read(thrown, 'constructor'), 'name') || 'Error'
        : thrown === null
          ? 'null'
          : typeof thrown,
    'exception.message': messageOf(thrown),
    ...(stack && { 'exception.stacktrace': stack }),
  };
}

/** Returns the message of something thrown, or its text if it has none. Never throws. */
export function messageOf(thrown: unknown): string {
  return textOf(read(thrown, 'message') ?? thrown);
}
