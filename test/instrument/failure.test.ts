import assert from 'node:assert/strict';
import { it } from 'node:test';
import { errorTypeOf } from '../../src/instrument/failure.ts';

it('error.type is the code of an error, that of its cause, or its name', () => {
  assert.equal(errorTypeOf(Object.assign(new Error('x'), { code: 'ECONNRESET' })), 'ECONNRESET');
  assert.equal(errorTypeOf(new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } })), 'ECONNREFUSED');
  assert.equal(errorTypeOf(new RangeError('x')), 'RangeError');
  assert.equal(errorTypeOf(new DOMException('x', 'AbortError')), 'AbortError');
});

it('error.type is _OTHER for values without them, and for values that throw', () => {
  const hostile = new Proxy(
    {},
    {
      get() {
        throw new Error('no');
      },
    },
  );
  for (const thrown of [undefined, null, 'text', 7, {}, hostile]) assert.equal(errorTypeOf(thrown), '_OTHER');
});
