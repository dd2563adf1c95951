// All fields that the propagators read.
const FIELDS = [
  'traceparent',
  'tracestate',
  'baggage',
  'b3',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-sampled',
  'x-b3-flags',
  'uber-trace-id',
];

const withAll = (value: unknown) => Object.fromEntries([...FIELDS, 'uberctx-key'].map((field) => [field, value]));
const throwing = (what: string) => (): never => {
  throw new Error(`${what} of the carrier`);
};

// Every proxy trap throws, whatever its name.
const trapped = new Proxy(() => {}, new Proxy({}, { get: (_, trap) => throwing(String(trap)) }));
const revoked = Proxy.revocable({}, {});
revoked.revoke();
const revokedArray = Proxy.revocable([], {});
revokedArray.revoke();
const getter = { enumerable: true, get: throwing('a getter') };

/** Carriers without usable content, each in its own way. Created anew, because some can be written to. */
export const hostileCarriers = (): unknown[] => [
  null,
  undefined,
  0,
  Number.NaN,
  '',
  'traceparent',
  true,
  1n,
  Symbol('carrier'),
  () => {},
  new Map(),
  new Headers(),
  new Date(),
  Promise.resolve({ traceparent: 'late' }),
  trapped,
  revoked.proxy,
  Object.freeze({}),
  Object.freeze(['traceparent']),
  Object.freeze(Object.create(null)),
  FIELDS.map((field) => [field, 'a list of pairs']),
  Object.defineProperties({}, withAll(getter) as PropertyDescriptorMap),
  { get: 'a header of this name', set: 'another' },
  { get: throwing('get'), set: throwing('set'), keys: throwing('keys') },
  { get: () => 42, set: () => {}, keys: () => 42 },
  { get: () => Promise.resolve('late'), set: () => {}, keys: () => Promise.resolve(['late']) },
  { get: () => ({ toString: () => 'text' }), set: () => {}, keys: () => [Symbol('field'), ...FIELDS] },
  withAll(1),
  withAll(null),
  withAll({ toString: () => 'text' }),
  withAll(Promise.resolve('late')),
  withAll([1]),
  withAll([null, undefined, Symbol('value')]),
  withAll(new Array(1e9)),
  withAll(revokedArray.proxy),
  withAll(trapped),
];

/** Carriers whose headers fit no format: UTF-8 read in another encoding, no valid text, or almost empty. */
export const malformedCarriers = (): unknown[] =>
  ['\ud800', '\udfff\ud800', 'Ã¤', '\u00ff\u00fe', '\0', '\r\nx: y', 'ä=ö', ' ', ',', ';', '=', '%', '-', ':'].map(
    (text) => Object.fromEntries(FIELDS.map((field) => [field, text])),
  );

/** Getters that are invalid, or that return something other than headers. */
export const hostileGetters: unknown[] = [
  null,
  {},
  { get: 42, keys: 42 },
  trapped,
  { get: throwing('get'), keys: throwing('keys') },
  { get: () => trapped, keys: () => trapped },
  { get: () => ({}), keys: () => ({ length: 3 }) },
  { get: () => Promise.resolve('late'), keys: () => Promise.resolve([]) },
  { get: () => new Array(1e9), keys: () => new Array(1e9) },
  { get: (_: unknown, name: string) => name, keys: () => [1, null, Symbol('field'), 'uberctx-', 'uberctx- '] },
];

/** Contexts that are invalid, or that throw. */
export const hostileContexts: unknown[] = [
  null,
  undefined,
  42,
  {},
  trapped,
  { getValue: throwing('getValue'), setValue: throwing('setValue') },
  { getValue: () => trapped, setValue: () => trapped },
  { getValue: () => ({ spanContext: () => trapped, getAllEntries: () => trapped }), setValue: () => null },
];
