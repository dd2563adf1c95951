import { CONNECTION } from './attributes.ts';
import { helper } from './instrument.ts';

type Connection = [connectionId: string, connectionType: string];

/** Starts a `connection.created` span: a connection is created. */
export const instrumentConnectionCreated = /* @__PURE__ */ helper<Connection>(
  'connection.created',
  CONNECTION,
  'created',
  2,
);

/** Starts a `connection.state_change` span: a connection goes from one state to another. */
export const instrumentConnectionStateChange = /* @__PURE__ */ helper<
  [...Connection, oldState: string, newState: string]
>('connection.state_change', ['connection.id', 'connection.type', 'connection.old_state', 'connection.state']);

/** Starts a `connection.message.<direction>` span: a message of `size` bytes is sent or received. */
export const instrumentConnectionMessage = /* @__PURE__ */ helper<[...Connection, direction: string, size: number]>(
  'connection.message.$2',
  ['connection.id', 'connection.type', 'message.direction', 'message.size', 'connection.state'],
  'active',
  4,
);

/**
 * Starts a `connection.error` span: a connection failed. Records the error and sets the status; does neither for `null`
 * and `undefined`.
 */
export const instrumentConnectionError = /* @__PURE__ */ helper<[...Connection, error: unknown]>(
  'connection.error',
  CONNECTION,
  'error',
);

/** Starts a `connection.closed` span: a connection ends. */
export const instrumentConnectionClosed = /* @__PURE__ */ helper<Connection>(
  'connection.closed',
  CONNECTION,
  'closed',
  2,
);
