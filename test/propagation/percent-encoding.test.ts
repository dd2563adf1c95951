import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { percentDecoded, wellFormed } from '../../src/propagation/percent-encoding.ts';

describe('percent-encoding', () => {
  it('is decoded if it encodes UTF-8', () => {
    assert.equal(percentDecoded('Am%C3%A9lie%20%f0%9f%98%80%EF%BB%BF'), 'Amélie 😀\ufeff');
    assert.equal(percentDecoded(''), '');
  });

  it('becomes the replacement character if it encodes something else, and is kept if it encodes nothing', () => {
    assert.equal(percentDecoded('%FF%C3'), '\ufffd\ufffd');
    assert.equal(percentDecoded('100% %zz %4 %%41'), '100% %zz %4 %A');
  });

  it('survives a round trip, except for lone surrogates', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.equal(percentDecoded(encodeURIComponent(wellFormed(text))), Buffer.from(text).toString());
      }),
    );
    assert.equal(wellFormed('a\ud800\ude00\ud800'), 'a\ud800\ude00\ufffd');
  });
});
