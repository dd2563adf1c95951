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
export const instrumentConnectionCreated = /* @__PURE__ */ helper((connectionId: string, connectionType: string) => ({
  name: 'connection.created',
  attributes: connectionAttrs(connectionId, connectionType, 'created'),
}));

/** `connection.state_change`: a connection goes from one state to another. */
export const instrumentConnectionStateChange = /* @__PURE__ */ helper(
  (connectionId: string, connectionType: string, oldState: string, newState: string) => ({
    name: 'connection.state_change',
    attributes: {
      [AttrConnectionID]: connectionId,
      [AttrConnectionType]: connectionType,
      [AttrConnectionState]: newState,
      [AttrConnectionOldState]: oldState,
    },
  }),
);

/** `connection.message.<direction>`: a message of `size` bytes is sent or received. */
export const instrumentConnectionMessage = /* @__PURE__ */ helper(
  (connectionId: string, connectionType: string, direction: string, size: number) => ({
    name: messageName(direction),
    attributes: {
      [AttrConnectionID]: connectionId,
      [AttrConnectionType]: connectionType,
      [AttrConnectionState]: 'active',
      [AttrMessageDirection]: direction,
      [AttrMessageSize]: size,
    },
  }),
);

/** `connection.error`: a connection failed; the error is recorded and the status set. */
export const instrumentConnectionError = /* @__PURE__ */ helper(
  (connectionId: string, connectionType: string, error: unknown) => ({
    name: 'connection.error',
    attributes: connectionAttrs(connectionId, connectionType, 'error'),
    error,
  }),
);

/** `connection.closed`: a connection ends. */
export const instrumentConnectionClosed = /* @__PURE__ */ helper((connectionId: string, connectionType: string) => ({
  name: 'connection.closed',
  attributes: connectionAttrs(connectionId, connectionType, 'closed'),
}));
