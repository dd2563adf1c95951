import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readResponse as readBytes } from '../../../src/export/otlp/response.ts';
import { encodeResponse } from '../../oracle/otlp.ts';

const NOTHING = { rejectedSpans: 0, errorMessage: '' };

function readResponse(bytes: Uint8Array) {
  const [rejectedSpans, errorMessage] = readBytes(bytes);
  return { rejectedSpans, errorMessage: new TextDecoder().decode(errorMessage) };
}

test('the response of a collector is read', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.string({ unit: 'grapheme' }), (rejectedSpans, errorMessage) => {
      const bytes = encodeResponse({ rejectedSpans, errorMessage });
      assert.deepEqual(readResponse(bytes), { rejectedSpans, errorMessage });
    }),
  );
});

test('an empty response, or one with default values, reports nothing', () => {
  assert.deepEqual(readResponse(encodeResponse()), NOTHING);
  assert.deepEqual(readResponse(encodeResponse({})), NOTHING);
});

test('unknown fields after the known ones are skipped, in both messages', () => {
  // Field 2 as a varint, field 3 as 64 bits, field 4 as bytes, field 5 as 32 bits.
  const unknown = `10ff01 19${'00'.repeat(8)} 2201aa 2d${'00'.repeat(4)}`.replaceAll(' ', '');
  const inner = '0802 120161 18ff01 220100'.replaceAll(' ', '');
  const bytes = Buffer.from(`0a${(inner.length / 2).toString(16).padStart(2, '0')}${inner}${unknown}`, 'hex');
  assert.deepEqual(readResponse(bytes), { rejectedSpans: 2, errorMessage: 'a' });
});

test('a message that is not UTF-8 is read with replacement characters', () => {
  assert.equal(readResponse(Buffer.from('0a041202ff61', 'hex')).errorMessage, '\ufffda');
});

describe('bytes that are not a response', () => {
  test('report nothing: text, HTML, a group, a field of the wrong type, a varint without end', () => {
    for (const bytes of [
      Buffer.from('<html>no</html>'),
      Buffer.from('0b0c', 'hex'),
      Buffer.from('0801', 'hex'),
      Buffer.from('ff'.repeat(30), 'hex'),
      Buffer.from(`0a${'ff'.repeat(30)}`, 'hex'),
    ]) {
      assert.deepEqual(readResponse(bytes), NOTHING);
    }
  });

  test('never cause an exception or an invalid count', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (random, isPartial) => {
        const bytes = isPartial ? Uint8Array.from([0x0a, random.length, ...random]) : random;
        const { rejectedSpans, errorMessage } = readResponse(bytes);
        assert.ok(rejectedSpans >= 0 && Number.isFinite(rejectedSpans), String(rejectedSpans));
        assert.equal(typeof errorMessage, 'string');
      }),
      { numRuns: 5_000 },
    );
  });

  test('that are the beginning of one report nothing wrong', () => {
    const whole = encodeResponse({ rejectedSpans: 300, errorMessage: 'full' });
    for (let length = 0; length < whole.length; length++) {
      const { rejectedSpans, errorMessage } = readResponse(whole.subarray(0, length));
      // A truncated number would be wrong, so it counts only if it is complete. Of a string, the beginning is read.
      assert.ok(rejectedSpans === 0 || rejectedSpans === 300, String(rejectedSpans));
      assert.ok('full'.startsWith(errorMessage), errorMessage);
    }
  });
});

test('a negative number of rejected spans counts as zero', () => {
  // rejected_spans = -1, as a varint of ten bytes.
  const minusOne = Uint8Array.of(0x0a, 11, 0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1);
  assert.deepEqual(readResponse(minusOne), { rejectedSpans: 0, errorMessage: '' });
});
