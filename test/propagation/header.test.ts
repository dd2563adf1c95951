import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { headerIn, membersOf, trimOws } from '../../src/propagation/header.ts';
import { workOf } from './work.ts';

const getterOf = (value: unknown) => ({ keys: () => [], get: () => value as string });

describe('a header', () => {
  it('is the one value that the getter returns', () => {
    assert.equal(headerIn({}, 'a', getterOf('b')), 'b');
  });

  it('is all values in order with commas between', () => {
    assert.equal(headerIn({}, 'a', getterOf(['b', 'c,d', ''])), 'b,c,d,');
  });

  it('is empty where the getter returns nothing, something else, or throws', () => {
    for (const value of [undefined, null, 1, {}, [], [1]]) assert.equal(headerIn({}, 'a', getterOf(value)), '');
    const throws = () => assert.fail('the getter');
    assert.equal(headerIn({}, 'a', { keys: throws, get: throws }), '');
  });

  it('has members, the empty ones left out', () => {
    assert.deepEqual(membersOf(' a ,,\t, b=c ,'), ['a', 'b=c']);
    assert.deepEqual(membersOf(''), []);
  });

  it('loses spaces and tabs around it and no other white space', () => {
    assert.equal(trimOws(' \t a b \t'), 'a b');
    assert.equal(trimOws('\u00a0a\n'), '\u00a0a\n');
    assert.equal(trimOws(' \t '), '');
  });

  it('is trimmed in linear time, a run of spaces in the middle included', () => {
    const text = `a${' '.repeat(100_000)}b${' '.repeat(100_000)}`;
    assert.ok(workOf(() => trimOws(text)) < 2.1 * text.length);
  });
});
