import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { describeException, messageOf } from '../../src/core/exception.ts';

const throwing = new Proxy({}, { get: () => assert.fail('a trap') });
const revoked = Proxy.revocable({}, {});
revoked.revoke();

describe('an exception', () => {
  it('has a type, a message and a stack', () => {
    const error = new TypeError('wrong');
    assert.deepEqual(describeException(error), {
      'exception.type': 'TypeError',
      'exception.message': 'wrong',
      'exception.stacktrace': error.stack,
    });
  });

  it('has as its type its own name, that of its class, or its code', () => {
    class Custom extends Error {
      override name = 'CustomError';
    }
    class Bare {
      message = 'bare';
    }
    assert.equal(describeException(new Custom('m'))['exception.type'], 'CustomError');
    assert.deepEqual(describeException(new Bare()), { 'exception.type': 'Bare', 'exception.message': 'bare' });
    assert.deepEqual(describeException({ code: 'ENOENT', message: 'missing' }), {
      'exception.type': 'ENOENT',
      'exception.message': 'missing',
    });
    assert.equal(describeException(new DOMException('aborted', 'AbortError'))['exception.type'], 'AbortError');
    assert.equal(describeException(Object.create(null))['exception.type'], 'Error');
  });

  it('may be anything that can be thrown', () => {
    const cases: [unknown, string, string][] = [
      ['text', 'string', 'text'],
      [5, 'number', '5'],
      [1n, 'bigint', '1'],
      [true, 'boolean', 'true'],
      [undefined, 'undefined', ''],
      [null, 'null', 'null'],
      [Symbol('s'), 'symbol', 'Symbol(s)'],
      [{}, 'Object', '[object Object]'],
      [{ message: 5 }, 'Object', '5'],
      [['a', 'b'], 'Array', 'a,b'],
    ];
    for (const [thrown, type, message] of cases) {
      assert.deepEqual(describeException(thrown), { 'exception.type': type, 'exception.message': message });
      assert.equal(messageOf(thrown), message);
    }
  });

  it('includes the stacks of its causes', () => {
    const bottom = new Error('bottom');
    const middle = new Error('middle', { cause: bottom });
    const top = new Error('top', { cause: middle });
    assert.equal(
      describeException(top)['exception.stacktrace'],
      `${top.stack}\nCaused by: ${middle.stack}\nCaused by: ${bottom.stack}`,
    );
    const text = new Error('top', { cause: 'a text' });
    assert.equal(describeException(text)['exception.stacktrace'], `${text.stack}\nCaused by: a text`);
    const any = describeException(new AggregateError([new Error('first'), 'second'], 'all failed'));
    assert.match(
      any['exception.stacktrace'] ?? '',
      /^AggregateError: all failed\n[\s\S]*\nCaused by: Error: first\n[\s\S]*\nCaused by: second$/,
    );
    const nothing = new Error('top', { cause: null });
    assert.equal(describeException(nothing)['exception.stacktrace'], nothing.stack);
  });

  it('ends even if its causes do not', () => {
    const circular = new Error('circular');
    circular.cause = circular;
    const other = new Error('other', { cause: new Error('one', { cause: circular }) });
    let endless: object = {};
    endless = new Proxy({ message: 'endless' }, { get: (_, key) => (key === 'cause' ? endless : undefined) });
    for (const error of [circular, other, endless]) {
      const stack = describeException(error)['exception.stacktrace'] ?? '';
      assert.equal(stack.split('\nCaused by: ').length, 9);
    }
  });

  it('is described as far as possible if its properties throw', () => {
    const error = new Error('message');
    Object.defineProperty(error, 'stack', { get: () => assert.fail('no stack') });
    Object.defineProperty(error, 'cause', { get: () => assert.fail('no cause') });
    assert.deepEqual(describeException(error), { 'exception.type': 'Error', 'exception.message': 'message' });
    for (const hostile of [throwing, revoked.proxy, { message: throwing, name: throwing, stack: throwing }]) {
      const described = describeException(hostile);
      assert.equal(described['exception.message'], '');
      assert.equal(typeof described['exception.type'], 'string');
      assert.equal(described['exception.stacktrace'], undefined);
    }
    assert.equal(messageOf({ toString: () => assert.fail('no text') }), '');
    assert.equal(messageOf(new Error('m', { cause: throwing })), 'm');
    assert.match(
      describeException(new Error('m', { cause: throwing }))['exception.stacktrace'] ?? '',
      /\nCaused by: $/,
    );
  });

  it('is described in strings, whatever it is', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true, withTypedArray: true }), (thrown) => {
        for (const text of Object.values(describeException(thrown))) assert.equal(typeof text, 'string');
        assert.equal(typeof messageOf(thrown), 'string');
      }),
    );
  });
});
