/**
 * What is recorded of something thrown, under the names of the exception conventions.
 *
 * Specification: OpenTelemetry semantic conventions, "Exceptions on spans".
 */
export interface ExceptionAttributes {
  'exception.type'?: string;
  'exception.message'?: string;
  'exception.stacktrace'?: string;
}

// A chain of causes longer than this is cut: what helps is at its ends, and it may be circular.
const MAX_CAUSES = 8;

/** Describes anything that can be thrown. Never throws, whatever its getters do. */
export function describeException(thrown: unknown): ExceptionAttributes {
  if (typeof thrown !== 'object' || thrown === null) {
    return { 'exception.type': typeof thrown, 'exception.message': textOf(thrown) };
  }
  const type = textOf(read(thrown, 'name')) || textOf(read(thrown, 'code')) || constructorName(thrown);
  const attributes: ExceptionAttributes = {
    'exception.type': type || 'Error',
    'exception.message': messageOf(thrown),
  };
  const stack = stackOf(thrown);
  if (stack !== '') attributes['exception.stacktrace'] = stack;
  return attributes;
}

/** The message of something thrown; its text where it has none. Never throws. */
export function messageOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return textOf(thrown);
  const message = read(thrown, 'message');
  return typeof message === 'string' ? message : textOf(message ?? thrown);
}

/** The stack with those of its causes below it, as runtimes print them. */
function stackOf(thrown: object): string {
  let text = textOf(read(thrown, 'stack'));
  let cause = read(thrown, 'cause');
  for (let depth = 0; depth < MAX_CAUSES && cause !== undefined && cause !== null; depth++) {
    const stack = typeof cause === 'object' ? read(cause, 'stack') : undefined;
    text += `\nCaused by: ${typeof stack === 'string' && stack !== '' ? stack : messageOf(cause)}`;
    cause = typeof cause === 'object' ? read(cause, 'cause') : undefined;
  }
  return text;
}

function constructorName(thrown: object): string {
  const made = read(thrown, 'constructor');
  return typeof made === 'function' ? textOf(read(made, 'name')) : '';
}

function read(from: object, key: string): unknown {
  try {
    return (from as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string {
  if (value === undefined) return '';
  try {
    return String(value);
  } catch {
    return '';
  }
}
