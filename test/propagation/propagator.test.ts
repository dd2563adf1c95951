import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { defaultTextMapGetter as getter, defaultTextMapSetter as setter } from '../../src/propagation/propagator.ts';
import { hostileCarriers } from './hostile.ts';

describe('the default getter', () => {
  it('reads a property of a plain object', () => {
    assert.equal(getter.get({ traceparent: 'a' }, 'traceparent'), 'a');
    assert.equal(getter.get({}, 'traceparent'), undefined);
  });

  it('finds a property in any case', () => {
    assert.deepEqual(getter.get({ TraceParent: 'a' }, 'traceparent'), ['a']);
    assert.deepEqual(getter.get({ traceparent: 'a' }, 'TRACEPARENT'), ['a']);
  });

  it('prefers the property with exactly that name', () => {
    assert.equal(getter.get({ TraceParent: 'a', traceparent: 'b' }, 'traceparent'), 'b');
  });

  it('returns the values of all properties that differ only in case, so that a duplicate header is detected', () => {
    assert.deepEqual(getter.get({ TraceParent: 'a', TRACEPARENT: ['b', 'c'] }, 'traceparent'), ['a', 'b', 'c']);
  });

  it('reads the headers of an incoming request of Node', () => {
    const headers: IncomingHttpHeaders = Object.assign(Object.create(null), { traceparent: 'a', 'set-cookie': ['b'] });
    assert.equal(getter.get(headers, 'traceparent'), 'a');
    assert.deepEqual(getter.get(headers, 'set-cookie'), ['b']);
    assert.deepEqual(getter.keys(headers), ['traceparent', 'set-cookie']);
  });

  it('reads Headers and Map through their get function', () => {
    const headers = new Headers({ TraceParent: 'a' });
    assert.equal(getter.get(headers, 'traceparent'), 'a');
    assert.equal(getter.get(headers, 'tracestate'), undefined);
    assert.deepEqual(getter.keys(headers), ['traceparent']);
    const map = new Map([['traceparent', 'a']]);
    assert.equal(getter.get(map, 'traceparent'), 'a');
    assert.deepEqual(getter.keys(map), ['traceparent']);
  });

  it('treats a property named get that is a string as a header', () => {
    assert.equal(getter.get({ get: 'a', traceparent: 'b' }, 'traceparent'), 'b');
    assert.equal(getter.get({ get: 'a' }, 'get'), 'a');
  });

  it('returns only strings', () => {
    assert.equal(getter.get({ a: 1 }, 'a'), undefined);
    assert.equal(getter.get({}, 'constructor'), undefined);
    assert.equal(getter.get({}, '__proto__'), undefined);
    assert.deepEqual(getter.get({ a: ['b', 1, null, 'c'] }, 'a'), ['b', 'c']);
    assert.equal(getter.get({ a: [] }, 'a'), undefined);
  });

  it('treats a misbehaving carrier as empty', () => {
    for (const carrier of hostileCarriers()) {
      const value = getter.get(carrier, 'traceparent');
      assert.equal(value, undefined);
      assert.ok(Array.isArray(getter.keys(carrier)));
    }
  });

  it('never throws, whatever carrier and key are', () => {
    fc.assert(
      fc.property(fc.anything({ withMap: true, withNullPrototype: true }), fc.string(), (carrier, key) => {
        getter.get(carrier, key);
        getter.keys(carrier);
      }),
    );
  });
});

describe('the default setter', () => {
  it('sets a property of a plain object', () => {
    const carrier = {};
    setter.set(carrier, 'traceparent', 'a');
    assert.deepEqual(carrier, { traceparent: 'a' });
  });

  it('writes Headers and Map through their set function', () => {
    const headers = new Headers({ traceparent: 'old' });
    setter.set(headers, 'traceparent', 'a');
    assert.equal(headers.get('traceparent'), 'a');
    const map = new Map<string, string>();
    setter.set(map, 'traceparent', 'a');
    assert.deepEqual([...map], [['traceparent', 'a']]);
  });

  it('leaves a read-only carrier unchanged', () => {
    for (const carrier of hostileCarriers()) setter.set(carrier, 'traceparent', 'a');
    const frozen = Object.freeze({});
    setter.set(frozen, 'traceparent', 'a');
    assert.deepEqual(frozen, {});
  });
});
