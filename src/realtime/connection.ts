import { recordError } from '../core/span-callback.ts';
import { runSpan, startSpan } from '../trace.ts';
import { connectionAttrs } from './attributes.ts';
import { type Instrument, type InstrumentOptions, instrument, type SpanCallback, startOptions } from './instrument.ts';
import { AttrConnectionOldState, AttrMessageDirection, AttrMessageSize } from './names.ts';

type MaybeCallback = InstrumentOptions | SpanCallback<unknown> | undefined;

/** `connection.created`: a connection comes about. */
export const instrumentConnectionCreated = ((
  connectionId: string,
  connectionType: string,
  options?: MaybeCallback,
  callback?: SpanCallback<unknown>,
) =>
  instrument(
    'connection.created',
    connectionAttrs(connectionId, connectionType, 'created'),
    options,
    callback,
  )) as Instrument<[connectionId: string, connectionType: string]>;

/** `connection.state_change`: a connection goes from one state to another. */
export const instrumentConnectionStateChange = ((
  connectionId: string,
  connectionType: string,
  oldState: string,
  newState: string,
  options?: MaybeCallback,
  callback?: SpanCallback<unknown>,
) => {
  const attributes = connectionAttrs(connectionId, connectionType, newState);
  attributes[AttrConnectionOldState] = oldState;
  return instrument('connection.state_change', attributes, options, callback);
}) as Instrument<[connectionId: string, connectionType: string, oldState: string, newState: string]>;

/** `connection.message.<direction>`: a message of `size` bytes is sent or received. */
export const instrumentConnectionMessage = ((
  connectionId: string,
  connectionType: string,
  direction: string,
  size: number,
  options?: MaybeCallback,
  callback?: SpanCallback<unknown>,
) => {
  const attributes = connectionAttrs(connectionId, connectionType, 'active');
  attributes[AttrMessageDirection] = direction;
  attributes[AttrMessageSize] = size;
  return instrument(`connection.message.${direction}`, attributes, options, callback);
}) as Instrument<[connectionId: string, connectionType: string, direction: string, size: number]>;

/** `connection.error`: a connection failed; the error is recorded and the status set. */
export const instrumentConnectionError = ((
  connectionId: string,
  connectionType: string,
  error: unknown,
  optionsOrCallback?: MaybeCallback,
  callback?: SpanCallback<unknown>,
): unknown => {
  const isCallback = typeof optionsOrCallback === 'function';
  const options = isCallback ? undefined : optionsOrCallback;
  const run = isCallback ? optionsOrCallback : callback;
  const attributes = connectionAttrs(connectionId, connectionType, 'error');
  const start = startOptions(attributes, options);
  const span = startSpan('connection.error', start);
  recordError(span, error);
  return run === undefined ? span : runSpan(span, start.parent, run);
}) as Instrument<[connectionId: string, connectionType: string, error: unknown]>;

/** `connection.closed`: a connection ends. */
export const instrumentConnectionClosed = ((
  connectionId: string,
  connectionType: string,
  options?: MaybeCallback,
  callback?: SpanCallback<unknown>,
) =>
  instrument(
    'connection.closed',
    connectionAttrs(connectionId, connectionType, 'closed'),
    options,
    callback,
  )) as Instrument<[connectionId: string, connectionType: string]>;
