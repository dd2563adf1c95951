import { connectionAttrs } from './attributes.ts';
import { helper, spanNames } from './instrument.ts';
import {
  AttrConnectionID,
  AttrConnectionOldState,
  AttrConnectionState,
  AttrConnectionType,
  AttrMessageDirection,
  AttrMessageSize,
} from './names.ts';

const messageName = /* @__PURE__ */ spanNames('connection.message.', '');

/** `connection.created`: a connection comes about. */
export const instrumentConnectionCreated = /* @__PURE__ */ helper(
  'connection.created',
  (connectionId: string, connectionType: string) => connectionAttrs(connectionId, connectionType, 'created'),
);

/** `connection.state_change`: a connection goes from one state to another. */
export const instrumentConnectionStateChange = /* @__PURE__ */ helper(
  'connection.state_change',
  (connectionId: string, connectionType: string, oldState: string, newState: string) => ({
    [AttrConnectionID]: connectionId,
    [AttrConnectionType]: connectionType,
    [AttrConnectionState]: newState,
    [AttrConnectionOldState]: oldState,
  }),
);

/** `connection.message.<direction>`: a message of `size` bytes is sent or received. */
export const instrumentConnectionMessage = /* @__PURE__ */ helper(
  (_id, _type, direction: string) => messageName(direction),
  (connectionId: string, connectionType: string, direction: string, size: number) => ({
    [AttrConnectionID]: connectionId,
    [AttrConnectionType]: connectionType,
    [AttrConnectionState]: 'active',
    [AttrMessageDirection]: direction,
    [AttrMessageSize]: size,
  }),
);

/** `connection.error`: a connection failed; the error is recorded and the status set. */
export const instrumentConnectionError = /* @__PURE__ */ helper(
  'connection.error',
  (connectionId: string, connectionType: string, _error: unknown) =>
    connectionAttrs(connectionId, connectionType, 'error'),
  true,
);

/** `connection.closed`: a connection ends. */
export const instrumentConnectionClosed = /* @__PURE__ */ helper(
  'connection.closed',
  (connectionId: string, connectionType: string) => connectionAttrs(connectionId, connectionType, 'closed'),
);
