import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createTraceState, W3CTraceState } from '../../src/propagation/trace-state.ts';
import { workOf } from './work.ts';

const members = (count: number): string => Array.from({ length: count }, (_, i) => `k${i}=${i}`).join();
const parsed = (header: string): string => new W3CTraceState(header).serialize();

// A second implementation of the grammar, with character classes instead of patterns.
const KEY_START = 'abcdefghijklmnopqrstuvwxyz0123456789';
const KEY_REST = `${KEY_START}_-*/@`;
const VALUE_END = Array.from({ length: 94 }, (_, i) => String.fromCharCode(0x21 + i))
  .filter((char) => char !== ',' && char !== '=')
  .join('');
const textOf = (chars: string, constraints: fc.StringConstraints) =>
  fc.string({ ...constraints, unit: fc.constantFrom(...chars) });
const key = fc
  .tuple(fc.constantFrom(...KEY_START), textOf(KEY_REST, { maxLength: 255 }))
  .map(([start, rest]) => start + rest);
const value = fc
  .tuple(textOf(`${VALUE_END} `, { maxLength: 255 }), fc.constantFrom(...VALUE_END))
  .map(([start, end]) => start + end);
const list = fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name, maxLength: 32 });
const headerOf = (pairs: (readonly [string, string])[]): string =>
  pairs.map(([name, text]) => `${name}=${text}`).join();

describe('parsing a tracestate', () => {
  it('keeps the members in order', () => {
    assert.equal(parsed('rojo=00f067aa0ba902b7,congo=t61rcWkgMzE'), 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE');
    const state = new W3CTraceState('foo=1,bar=2');
    assert.equal(state.get('foo'), '1');
    assert.equal(state.get('bar'), '2');
    assert.equal(state.get('baz'), undefined);
  });

  it('allows spaces and tabs around members, and members that consist only of them', () => {
    assert.equal(parsed('foo=1 \t , \t bar=2, \t baz=3'), 'foo=1,bar=2,baz=3');
    assert.equal(parsed('foo=1\t \t,\t \tbar=2,\t \tbaz=3'), 'foo=1,bar=2,baz=3');
    assert.equal(parsed('\t foo=1 \t'), 'foo=1');
    assert.equal(parsed(',foo=1,, ,\t,'), 'foo=1');
    assert.equal(parsed(' , '), '');
    assert.equal(parsed(''), '');
  });

  it('keeps leading spaces of a value', () => {
    assert.equal(new W3CTraceState('foo=  1 ').get('foo'), '  1');
  });

  it('allows every character of the grammar', () => {
    const name = `${KEY_START}_-*/@a-z0-9_-*/@`;
    const text = ` ${VALUE_END}`;
    assert.equal(new W3CTraceState(`${name}=${text}`).get(name), text);
    assert.equal(new W3CTraceState('0a@b=1').get('0a@b'), '1');
    // Level 2 has dropped the rules for the parts around the at sign.
    assert.equal(parsed('foo@=1,foo@@bar=2,foo@bar@baz=3'), 'foo@=1,foo@@bar=2,foo@bar@baz=3');
  });

  it('allows keys and values of 256 characters, and drops a header with longer ones', () => {
    assert.equal(new W3CTraceState(`foo=1,${'z'.repeat(256)}=1`).get('foo'), '1');
    assert.equal(parsed(`foo=1,${'z'.repeat(257)}=1`), '');
    assert.equal(new W3CTraceState(`foo=1,bar=${'z'.repeat(256)}`).get('foo'), '1');
    assert.equal(parsed(`foo=1,bar=${'z'.repeat(257)}`), '');
  });

  it('allows 32 members and drops a header with more', () => {
    assert.equal(parsed(members(32)), members(32));
    assert.equal(parsed(`,, ,${members(32)},,`), members(32));
    assert.equal(parsed(members(33)), '');
  });

  it('keeps the first of several members with the same key, at its position', () => {
    assert.equal(parsed('foo=1,foo=1'), 'foo=1');
    assert.equal(parsed('foo=1,bar=2,foo=3'), 'foo=1,bar=2');
    assert.equal(parsed(`${members(32)},k1=2`), '', 'it counts as a member');
  });

  it('drops a header with a member that breaks the grammar', () => {
    const malformed = [
      'foo =1',
      'FOO=1',
      'foo.bar=1',
      '@foo=1',
      '_foo=1',
      '=1',
      'foo',
      'foo=',
      'foo= ',
      'foo=1=2',
      'foo=\u00e4',
      'foo=1\u00a0',
      'foo=1\u00002',
      'foo=1\t2',
      'f\u00f6o=1',
    ];
    for (const member of malformed) assert.equal(parsed(`ok=1,${member}`), '', JSON.stringify(member));
  });

  it('drops a header of more than 65,536 characters', () => {
    assert.equal(parsed(`foo=1${' '.repeat(65_531)}`), 'foo=1');
    assert.equal(parsed(`foo=1${' '.repeat(65_532)}`), '');
  });

  it('treats anything but a string as empty', () => {
    for (const header of [null, 1, {}, ['a=1'], Symbol('header')]) assert.equal(parsed(header as never), '');
    assert.equal(new W3CTraceState().serialize(), '');
  });

  it('returns a valid header unchanged', () => {
    fc.assert(
      fc.property(list, (pairs) => {
        const state = new W3CTraceState(headerOf(pairs));
        assert.equal(state.serialize(), headerOf(pairs));
        for (const [name, text] of pairs) assert.equal(state.get(name), text);
      }),
    );
  });

  it('returns from any text a header that parses to itself, or nothing', () => {
    const anyText = fc.oneof(
      fc.string({ unit: 'binary' }),
      textOf('ab=,; \t@é', { maxLength: 40 }),
      fc.tuple(list, fc.nat(), fc.string()).map(([pairs, at, extra]) => {
        const header = headerOf(pairs);
        const cut = at % (header.length + 1);
        return header.slice(0, cut) + extra + header.slice(cut);
      }),
    );
    fc.assert(
      fc.property(anyText, (header) => {
        const once = parsed(header);
        assert.equal(parsed(once), once);
      }),
    );
  });

  it('does work proportional to the length, up to the limit', () => {
    const shapes = [',', ' ', 'a', 'a=b,', 'a = ', '=', `a=${' '.repeat(255)}`, ' ,\t', 'a@'];
    for (const shape of shapes) {
      const header = (length: number): string =>
        `a=b${shape.repeat(Math.ceil(length / shape.length))}`.slice(0, length);
      const workFor = (length: number): number => {
        const text = header(length);
        return workOf(() => new W3CTraceState(text));
      };
      assert.ok(workFor(60_000) < 8 * 60_000, `work for ${JSON.stringify(shape)}`);
      assert.ok(workFor(60_000) < 2.1 * workFor(30_000), `growth for ${JSON.stringify(shape)}`);
      assert.ok(workFor(1_000_000) < 100, `a megabyte of ${JSON.stringify(shape)}`);
    }
  });
});

describe('changing a trace state', () => {
  it('puts a new key in front', () => {
    assert.equal(new W3CTraceState('a=1,b=2').set('c', '3').serialize(), 'c=3,a=1,b=2');
  });

  it('moves a known key to the front', () => {
    assert.equal(new W3CTraceState('a=1,b=2,c=3').set('c', '4').serialize(), 'c=4,a=1,b=2');
  });

  it('drops the last member beyond 32', () => {
    const state = new W3CTraceState(members(32));
    assert.equal(state.set('new', '1').serialize(), `new=1,${members(31)}`);
    assert.equal(state.set('k31', '1').serialize(), `k31=1,${members(31)}`);
  });

  it('ignores keys and values that are invalid or not strings', () => {
    const state = new W3CTraceState('a=1');
    for (const name of ['', 'A', ' a', 'a,b', 'a=b', 'z'.repeat(257), 1, null, Symbol('key'), {}]) {
      assert.equal(state.set(name as never, '1').serialize(), 'a=1');
    }
    for (const text of ['', 'a ', 'a,b', 'a=b', 'ä', 'a\n', 'z'.repeat(257), 1, null, Symbol('value'), {}]) {
      assert.equal(state.set('b', text as never).serialize(), 'a=1');
    }
  });

  it('removes a key', () => {
    assert.equal(new W3CTraceState('a=1,b=2').unset('a').serialize(), 'b=2');
    assert.equal(new W3CTraceState('a=1').unset('b').serialize(), 'a=1');
    assert.equal(new W3CTraceState('a=1').unset('a').serialize(), '');
  });

  it('leaves the original unchanged', () => {
    const state = new W3CTraceState('a=1,b=2');
    state.set('c', '3').set('a', '4').unset('b');
    assert.equal(state.serialize(), 'a=1,b=2');
  });
});

describe('createTraceState', () => {
  it('creates one from a header, empty if that is invalid', () => {
    assert.equal(createTraceState('foo=1,bar=2').set('foo', '3').serialize(), 'foo=3,bar=2');
    for (const header of [undefined, '', 'no header', 5 as never])
      assert.equal(createTraceState(header).serialize(), '');
  });
});
