import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type AttributeList,
  attributeListOf,
  attributesOf,
  droppedOf,
  setAttribute,
  setAttributes,
} from '../../src/core/attributes.ts';
import { cut } from '../../src/core/text.ts';
import { codesOf, diagnosticLog } from './diagnostic-log.ts';

const log = diagnosticLog();
const NO_LIMIT = Number.POSITIVE_INFINITY;
const UNLIMITED = { _count: NO_LIMIT, _length: NO_LIMIT };

/** Returns a list of the attributes of an object. */
function listOf(attributes: unknown, countLimit = NO_LIMIT, lengthLimit = NO_LIMIT): AttributeList {
  const list: AttributeList = [];
  setAttributes(list, attributes as never, { _count: countLimit, _length: lengthLimit });
  return list;
}

/** The items of a list, without its counter and its index. */
const itemsOf = (list: AttributeList) => [...list];

/** The value that is stored for one value. */
const stored = (value: unknown, lengthLimit = NO_LIMIT) => attributesOf(listOf({ key: value }, 1, lengthLimit)).key;

describe('a list of attributes', () => {
  it('keeps the order of the keys, and the last value of each', () => {
    const change = fc.tuple(fc.constantFrom(...Array.from({ length: 60 }, (_, at) => `k${at}`)), fc.nat(9));
    fc.assert(
      fc.property(fc.array(change, { minLength: 100, maxLength: 300 }), (changes) => {
        const list: AttributeList = [];
        const expected = new Map<string, number>();
        for (const [key, value] of changes) {
          setAttribute(list, key, value, UNLIMITED);
          expected.set(key, value);
        }
        assert.deepEqual(itemsOf(list), [...expected].flat());
        assert.deepEqual(attributesOf(list), Object.fromEntries(expected));
        assert.equal(droppedOf(list), 0);
      }),
    );
  });

  it('refuses keys beyond the limit, but still updates existing ones', () => {
    for (const limit of [0, 1, 31, 32, 33, 128]) {
      const list: AttributeList = [];
      for (let key = 0; key < limit + 5; key++)
        setAttribute(list, `k${key}`, key, { _count: limit, _length: NO_LIMIT });
      assert.equal(list.length, 2 * limit);
      assert.equal(droppedOf(list), 5);
      if (limit > 0) setAttribute(list, 'k0', 'new', { _count: limit, _length: NO_LIMIT });
      assert.equal(attributesOf(list).k0, limit > 0 ? 'new' : undefined);
      assert.equal(droppedOf(list), 5);
    }
    assert.deepEqual(codesOf(log), ['attribute_limit']);
    assert.match(log[0].message, /^attribute_limit: "k0": .*raise it in spanLimits$/);
  });

  it('refuses invalid keys', () => {
    const list: AttributeList = [];
    const keys = ['', 5, null, undefined, Symbol('k'), {}, new Proxy({}, { get: () => assert.fail('a trap') })];
    for (const key of keys) setAttribute(list, key as string, 1, UNLIMITED);
    assert.deepEqual(itemsOf(list), []);
    assert.equal(droppedOf(list), keys.length);
    assert.deepEqual(codesOf(log), ['attribute_refused']);
  });

  it('causes one warning, whatever it refuses', () => {
    listOf({ a: Symbol('a'), b: Symbol('b') });
    assert.equal(
      log[0].message,
      'attribute_refused: "a": an attribute is dropped: its key must not be empty; values can be strings, numbers, booleans, bytes, and arrays and plain objects of these; use recordError for errors',
    );
    assert.equal(log.length, 1);
  });

  it('treats keys that every object inherits like any other', () => {
    const attributes = JSON.parse('{"__proto__": 1, "constructor": 2, "toString": 3}');
    const list = listOf(attributes);
    assert.deepEqual(itemsOf(list), ['__proto__', 1, 'constructor', 2, 'toString', 3]);
    assert.deepEqual(Object.entries(attributesOf(list)), Object.entries(attributes));
    assert.equal(Object.getPrototypeOf(attributesOf(list)), Object.prototype);
  });

  it('has no limits unless they are set, and is empty for undefined', () => {
    const attributes = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`k${at}`, 'x'.repeat(at)]));
    const list = attributeListOf(attributes);
    assert.deepEqual(attributesOf(list), attributes);
    assert.equal(droppedOf(list), 0);
    assert.deepEqual(attributesOf(undefined), {});
    assert.equal(droppedOf(undefined), 0);
  });

  it('includes the inherited attributes of an object', () => {
    assert.deepEqual(attributesOf(listOf(Object.create({ inherited: 1 }, { own: { value: 2, enumerable: true } }))), {
      own: 2,
      inherited: 1,
    });
  });
});

describe('a value', () => {
  it('that is a string, a number or a boolean is kept as it is', () => {
    for (const value of ['', 'text', '\ud800', 0, -0, 1.5, NaN, Infinity, 2 ** 60, true, false]) {
      assert.ok(Object.is(stored(value), value), String(value));
    }
  });

  it('that is null or undefined neither sets nor removes an attribute', () => {
    const list = listOf({ a: 1 });
    setAttributes(list, { a: null, b: undefined }, UNLIMITED);
    assert.deepEqual(attributesOf(list), { a: 1 });
    assert.equal(droppedOf(list), 0);
  });

  it('that is a bigint stays one within 64 bits, and becomes a string beyond', () => {
    for (const value of [0n, 2n ** 63n - 1n, -(2n ** 63n)]) assert.equal(stored(value), value);
    for (const value of [2n ** 63n, -(2n ** 63n) - 1n, 10n ** 50n]) assert.equal(stored(value), String(value));
    assert.equal(stored(10n ** 50n, 5), '10000');
  });

  it('that is an array or an object is copied', () => {
    const value = { list: [1, 'a', [true, null, undefined]], map: { b: null, c: undefined, d: { e: 1n } } };
    const copy = stored(value);
    assert.deepEqual(copy, { list: [1, 'a', [true, null, null]], map: { b: null, d: { e: 1n } } });
    value.list.push('later');
    assert.deepEqual((copy as typeof value).list.length, 3);
    assert.deepEqual(stored([]), []);
    assert.deepEqual(stored({}), {});
    assert.deepEqual(stored(Object.freeze([Object.freeze({ a: 1 })])), [{ a: 1 }]);
  });

  it('that is bytes is copied and truncated', () => {
    const bytes = new Uint8Array([1, 2, 3, 4]);
    const copy = stored(bytes);
    assert.deepEqual(copy, new Uint8Array([1, 2, 3, 4]));
    bytes[0] = 9;
    assert.deepEqual(copy, new Uint8Array([1, 2, 3, 4]));
    assert.deepEqual(stored(bytes.buffer, 2), new Uint8Array([9, 2]));
    assert.deepEqual([...(stored(Buffer.from('ab'), 1) as Uint8Array)], [97]);
    assert.deepEqual(stored(bytes.subarray(1, 3)), new Uint8Array([2, 3]));
  });

  it('that is a typed array of numbers becomes an array', () => {
    assert.deepEqual(stored(new Float64Array([0.5, 1])), [0.5, 1]);
    assert.deepEqual(stored(new BigInt64Array([5n])), [5n]);
  });

  it('with toJSON becomes its JSON form', () => {
    assert.equal(stored(new Date(0)), '1970-01-01T00:00:00.000Z');
    assert.equal(stored(new URL('https://host/path')), 'https://host/path');
    assert.deepEqual(stored([{ toJSON: () => ({ a: 1 }) }]), [{ a: 1 }]);
    assert.equal(stored(new Date(NaN)), undefined, 'null sets nothing');
  });

  it('that cannot be an attribute is refused', () => {
    const circular: unknown[] = [];
    circular.push({ circular });
    let deep: unknown = 1;
    for (let depth = 0; depth < 25; depth++) deep = { deep };
    const endless = { toJSON: () => endless };
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const values: unknown[] = [
      () => {},
      class {},
      Symbol('s'),
      circular,
      deep,
      endless,
      revoked.proxy,
      new DataView(new ArrayBuffer(8)),
      new Array(1e9),
      Array.from({ length: 20_000 }, () => 1),
      {
        get a() {
          throw new Error('a getter');
        },
      },
      { toJSON: () => assert.fail('no JSON') },
      new Proxy({}, { ownKeys: () => assert.fail('a trap') }),
      new Proxy([], { get: () => assert.fail('a trap') }),
    ];
    const list: AttributeList = [];
    for (const [at, value] of values.entries()) setAttribute(list, `k${at}`, value, UNLIMITED);
    assert.deepEqual(itemsOf(list), []);
    assert.equal(droppedOf(list), values.length);
    assert.deepEqual(codesOf(log), ['attribute_refused']);
  });

  it('may reach the limits of depth and size', () => {
    let deep: unknown = 'bottom';
    for (let depth = 0; depth < 21; depth++) deep = [deep];
    assert.notEqual(stored(deep), undefined);
    assert.equal(stored([deep]), undefined);
    assert.equal((stored(new Array(9_999).fill(0)) as unknown[]).length, 9_999);
    assert.equal(stored(new Array(10_000).fill(0)), undefined);
  });
});

describe('attributes whose reading throws', () => {
  it('are read one by one, and those that throw are dropped and counted', () => {
    const attributes = {
      a: 1,
      symbol: Symbol('s'),
      get bad(): string {
        throw new Error('a getter');
      },
      b: 2,
      get worse(): string {
        throw new Error('a getter');
      },
      c: 3,
    };
    const list = listOf(attributes);
    assert.deepEqual(attributesOf(list), { a: 1, b: 2, c: 3 });
    assert.equal(droppedOf(list), 3);
  });

  it('are counted once if they are beyond the limit, too', () => {
    const attributes = {
      a: 1,
      b: 2,
      get bad(): string {
        throw new Error('a getter');
      },
      c: 3,
    };
    const list = listOf(attributes, 1);
    assert.deepEqual(attributesOf(list), { a: 1 });
    assert.equal(droppedOf(list), 3);
  });

  it('are all dropped if even their keys cannot be read', () => {
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const list = listOf(revoked.proxy);
    assert.deepEqual(itemsOf(list), []);
    assert.equal(droppedOf(list), 1);
  });

  it('are all dropped if they are not an object', () => {
    for (const none of ['a text', 5, true, 1n, Symbol('s'), () => {}]) {
      const list = listOf(none);
      assert.deepEqual(itemsOf(list), []);
      assert.equal(droppedOf(list), 1);
    }
    for (const nothing of [null, undefined, {}]) assert.equal(droppedOf(listOf(nothing)), 0);
  });
});

describe('truncation', () => {
  it('leaves at most the limit of code units, and splits no surrogate pair', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 });
    fc.assert(
      fc.property(text, fc.nat(30), (whole, length) => {
        const part = cut(whole, length);
        assert.ok(whole.startsWith(part));
        assert.ok(part.length <= length);
        assert.ok(part.length >= Math.min(whole.length, length) - 1);
        assert.doesNotMatch(part, /\p{Surrogate}/u);
      }),
    );
    assert.equal(cut('a😀b', 2), 'a');
    assert.equal(cut('a😀b', 3), 'a😀');
    // A lone surrogate may be removed as well: it would be sent as U+FFFD.
    assert.equal(cut('\ud83d\ud83d', 1), '');
    assert.equal(cut('\ude00\ude00', 1), '\ude00');
    assert.equal(cut('text', 0), '');
    assert.equal(cut('text', NO_LIMIT), 'text');
  });

  it('applies to strings in arrays and objects', () => {
    assert.deepEqual(stored({ a: ['long text'], b: 'long text' }, 4), { a: ['long'], b: 'long' });
    assert.equal(stored('long text', 4), 'long');
    assert.equal(stored('long text', 0), '');
  });
});
