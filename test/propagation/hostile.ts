import assert from 'node:assert/strict';

const throwing = new Proxy(
  {},
  {
    get: () => assert.fail('a trap of the carrier'),
    set: () => assert.fail('a trap of the carrier'),
    has: () => assert.fail('a trap of the carrier'),
    ownKeys: () => assert.fail('a trap of the carrier'),
  },
);
const revoked = Proxy.revocable({}, {});
revoked.revoke();
const revokedArray = Proxy.revocable([], {});
revokedArray.revoke();

/** Carriers that hold nothing that can be used, each in a way of its own. */
export const hostileCarriers: unknown[] = [
  null,
  undefined,
  0,
  '',
  'traceparent',
  true,
  1n,
  Symbol('carrier'),
  () => {},
  throwing,
  revoked.proxy,
  Object.freeze({}),
  Object.freeze(['traceparent']),
  {
    get traceparent(): string {
      throw new Error('a getter of the carrier');
    },
    get tracestate(): string {
      throw new Error('a getter of the carrier');
    },
    get baggage(): string {
      throw new Error('a getter of the carrier');
    },
  },
  { get: 'a header of this name', set: 'another' },
  {
    get() {
      throw new Error('get');
    },
    set() {
      throw new Error('set');
    },
    keys() {
      throw new Error('keys');
    },
  },
  { get: () => 42, set: () => {}, keys: () => 42 },
  { traceparent: 1, tracestate: {}, baggage: null },
  { traceparent: [1], tracestate: [{}], baggage: [null, undefined, Symbol('value')] },
  { traceparent: new Array(1e9), tracestate: new Array(1e9), baggage: new Array(1e9) },
  { traceparent: revokedArray.proxy, tracestate: revokedArray.proxy, baggage: revokedArray.proxy },
];
