import { CONNECTION } from './attributes.ts';
import { helper } from './instrument.ts';

type Connection = [connectionId: string, connectionType: string];

/** `connection.created`: a connection is created. */
export const instrumentConnectionCreated = /* @__PURE__ */ helper<Connection>(
  'connection.created',
  CONNECTION,
  'created',
  2,
);

/** `connection.state_change`: a connection goes from one state to another. */
export const instrumentConnectionStateChange = /* @__PURE__ */ helper<
  [...Connection, oldState: string, newState: string]
>('connection.state_change', ['connection.id', 'connection.type', 'connection.old_state', 'connection.state']);

/** `connection.message.<direction>`: a message of `size` bytes is sent or received. */
export const instrumentConnectionMessage = /* @__PURE__ */ helper<[...Connection, direction: string, size: number]>(
  'connection.message.$2',
  ['connection.id', 'connection.type', 'message.direction', 'message.size', 'connection.state'],
  'active',
  4,
);

/** `connection.error`: a connection failed; the error is recorded and the status set. */
export const instrumentConnectionError = /* @__PURE__ */ helper<[...Connection, error: unknown]>(
  'connection.error',
  CONNECTION,
  'error',
);

/** `connection.closed`: a connection ends. */
export const instrumentConnectionClosed = /* @__PURE__ */ helper<Connection>(
  'connection.closed',
  CONNECTION,
  'closed',
  2,
);
