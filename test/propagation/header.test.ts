import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { headerIn, membersOf, trimOws } from '../../src/propagation/header.ts';
import { workOf } from './work.ts';

const getterOf = (value: unknown) => ({ keys: () => [], get: () => value as string });

describe('a header', () => {
  it('is the one value that the getter returns', () => {
    assert.equal(headerIn({}, 'a', getterOf('b')), 'b');
  });

  it('consists of all values in order, separated by commas', () => {
    assert.equal(headerIn({}, 'a', getterOf(['b', 'c,d', ''])), 'b,c,d,');
  });

  it('is empty if the getter returns nothing or a non-string, or throws', () => {
    for (const value of [undefined, null, 1, {}, [], [1]]) assert.equal(headerIn({}, 'a', getterOf(value)), '');
    const throws = () => assert.fail('the getter');
    assert.equal(headerIn({}, 'a', { keys: throws, get: throws }), '');
  });

  it('has members, without the empty ones', () => {
    assert.deepEqual(membersOf(' a ,,\t, b=c ,'), ['a', 'b=c']);
    assert.deepEqual(membersOf(''), []);
  });

  it('loses spaces and tabs around it but no other white space', () => {
    assert.equal(trimOws(' \t a b \t'), 'a b');
    assert.equal(trimOws('\u00a0a\n'), '\u00a0a\n');
    assert.equal(trimOws(' \t '), '');
  });

  it('is trimmed in linear time, even with a run of spaces in the middle', () => {
    const text = `a${' '.repeat(100_000)}b${' '.repeat(100_000)}`;
    assert.ok(workOf(() => trimOws(text)) < 2.1 * text.length);
  });
});
