import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import protobuf from 'protobufjs';
import { fieldsOf } from '../../src/grpc/fields.ts';
import { bytesOf } from '../../src/grpc/metadata.ts';
import { answerOf } from '../../src/grpc/status.ts';

// The parts of google/rpc/status.proto and error_details.proto that the tests need.
const { root } = protobuf.parse(
  `
  syntax = "proto3";
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }
  message RetryInfo { Duration retry_delay = 1; }
`,
  { keepCase: true },
);
const encode = (type: string, value: object): Uint8Array => {
  const message = root.lookupType(type);
  return message.encode(message.fromObject(value)).finish();
};
const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';

/** Encodes a `grpc-status-details-bin` with details of these types. */
function details(...parts: [type_url: string, value: Uint8Array][]): string {
  const status = { code: 8, message: 'busy', details: parts.map(([type_url, value]) => ({ type_url, value })) };
  return Buffer.from(encode('Status', status)).toString('base64');
}

const retryAfter = (retry_delay: object | undefined) => details([RETRY_INFO, encode('RetryInfo', { retry_delay })]);

const NOTHING = new Uint8Array();
const HEAD = { ':status': 200, 'content-type': 'application/grpc' };
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('the status of an answer', () => {
  test('is in the trailers, or in the head if there is only an error', () => {
    const error = { 'grpc-status': '14', 'grpc-message': 'away' };
    for (const [head, trailers] of [
      [HEAD, error],
      [{ ...HEAD, ...error }, {}],
    ]) {
      const [status, said, reason, retryMillis] = answerOf(head, trailers, NOTHING, NOTHING);
      assert.deepEqual([status, text(said), reason, retryMillis], ['UNAVAILABLE', 'away', 'refused', 0]);
    }
    const [status] = answerOf({ ...HEAD, 'grpc-status': '0' }, error, NOTHING, NOTHING);
    assert.equal(status, 'UNAVAILABLE', 'what comes last counts');
  });

  test('is success with the received message', () => {
    const message = Uint8Array.from([1, 2]);
    assert.deepEqual(answerOf(HEAD, { 'grpc-status': '0' }, message, NOTHING), ['OK', message, undefined]);
  });

  for (const [encoded, decoded] of [
    ['a%20b', 'a b'],
    ['%C3%A9 100%25', 'é 100%'],
    ['%', '%'],
    ['50% off', '50% off'],
    ['%zz%41', '%zzA'],
    ['%4', '%4'],
    ['', ''],
    [undefined, ''],
    ['%e2%82', '\ufffd'],
    ['a\nb', 'a\nb'],
  ] as const) {
    test(`has a message that is percent-encoded: ${JSON.stringify(encoded)}`, () => {
      const [, said] = answerOf(HEAD, { 'grpc-status': '3', 'grpc-message': encoded }, NOTHING, NOTHING);
      assert.equal(text(said), decoded);
    });
  }

  for (const [what, header, millis] of [
    ['seconds', retryAfter({ seconds: 3 }), 3_000],
    ['nanoseconds', retryAfter({ nanos: 250_000_000 }), 250],
    ['both', retryAfter({ seconds: 1, nanos: 500_000_000 }), 1_500],
    ['no time', retryAfter({}), 0],
    ['no duration', retryAfter(undefined), 0],
    ['no padding', retryAfter({ seconds: 3 }).replace(/=*$/, ''), 3_000],
    ['other details before', details(['x/google.rpc.Help', NOTHING], [RETRY_INFO, encode('RetryInfo', {})]), 0],
    ['several headers in one', `${retryAfter({ seconds: 2 })}, AAAA`, 2_000],
  ] as const) {
    test(`RESOURCE_EXHAUSTED is retryable with RetryInfo: ${what}`, () => {
      const trailers = { 'grpc-status': '8', 'grpc-status-details-bin': header };
      const [, , reason, retryMillis] = answerOf(HEAD, trailers, NOTHING, NOTHING);
      assert.deepEqual([reason, retryMillis], ['refused', millis]);
    });
  }

  for (const header of [
    undefined,
    '',
    '!',
    'AAAA',
    details(),
    details(['type.googleapis.com/google.rpc.QuotaFailure', NOTHING]),
    details(['RetryInfo', NOTHING]),
    Buffer.from(Uint8Array.from([0x1a, 0xff, 0xff, 0xff, 0xff, 0x7f])).toString('base64'),
  ]) {
    test(`RESOURCE_EXHAUSTED is final without one: ${JSON.stringify(header)}`, () => {
      const trailers = { 'grpc-status': '8', 'grpc-status-details-bin': header };
      const [, , reason, retryMillis] = answerOf(HEAD, trailers, NOTHING, NOTHING);
      assert.deepEqual([reason, retryMillis], ['refused', undefined]);
    });
  }

  test('UNAVAILABLE waits as long as RetryInfo says', () => {
    const trailers = { 'grpc-status': '14', 'grpc-status-details-bin': retryAfter({ seconds: 7 }) };
    assert.equal(answerOf(HEAD, trailers, NOTHING, NOTHING)[3], 7_000);
  });

  test('other errors are not retried, whatever RetryInfo says', () => {
    const trailers = { 'grpc-status': '3', 'grpc-status-details-bin': retryAfter({ seconds: 7 }) };
    assert.equal(answerOf(HEAD, trailers, NOTHING, NOTHING)[3], undefined);
  });

  for (const [http, name, reason, retryMillis] of [
    [400, 'INTERNAL', 'refused', undefined],
    [401, 'UNAUTHENTICATED', 'refused', undefined],
    [403, 'PERMISSION_DENIED', 'refused', undefined],
    [404, 'UNIMPLEMENTED', 'refused', undefined],
    [413, 'RESOURCE_EXHAUSTED', 'too_large', undefined],
    [415, 'UNKNOWN', 'refused', undefined],
    [429, 'UNAVAILABLE', 'refused', 2_000],
    [500, 'UNKNOWN', 'refused', undefined],
    [502, 'UNAVAILABLE', 'refused', 2_000],
    [503, 'UNAVAILABLE', 'refused', 2_000],
    [504, 'UNAVAILABLE', 'refused', 2_000],
  ] as const) {
    test(`is ${name} if it is missing and HTTP says ${http}`, () => {
      const head = { ':status': http, 'content-type': 'text/html', 'retry-after': '2' };
      const [status, said, ...rest] = answerOf(head, {}, NOTHING, Buffer.from('<html>'));
      assert.deepEqual([status, text(said)], [name, `HTTP ${http} without grpc-status <html>`]);
      assert.deepEqual(rest, [reason, retryMillis]);
    });
  }

  test('is unknown after an HTTP success without it, and that of HTTP otherwise', () => {
    const [status, , reason] = answerOf({ ...HEAD, 'content-type': 'application/grpc+proto' }, {}, NOTHING, NOTHING);
    assert.deepEqual([status, reason], ['UNKNOWN', '']);
    assert.equal(answerOf({ ...HEAD, 'content-type': 'text/html' }, {}, NOTHING, NOTHING)[2], 'refused');
    assert.equal(answerOf({ ':status': 200 }, {}, NOTHING, NOTHING)[2], 'refused');
  });
});

describe('the fields of a message', () => {
  test('are found by number among other fields', () => {
    const bytes = Uint8Array.from([0x08, 0x96, 0x01, 0x12, 1, 7, 0x12, 0, 0x19, ...Array(8).fill(1), 0x25, 1, 2, 3, 4]);
    const fields = Object.fromEntries(fieldsOf(bytes));
    assert.deepEqual(fields, {
      1: [150],
      2: [Uint8Array.from([7]), new Uint8Array()],
      3: [new Uint8Array(8).fill(1)],
      4: [Uint8Array.from([1, 2, 3, 4])],
    });
  });

  test('may be as many as a header has room for', () => {
    const count = 300_000;
    // Copying the earlier values for each further one would take minutes.
    assert.equal(fieldsOf(new Uint8Array(2 * count).fill(8)).get(1)?.length, count);
  });

  test('are those before invalid data', () => {
    const known = [0x08, 1];
    for (const rest of [
      [0x12],
      [0x12, 5, 1],
      [0x0b],
      [0x19, 1],
      [0xff, 0xff],
      [0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
    ]) {
      assert.deepEqual(fieldsOf(Uint8Array.from([...known, ...rest])).get(1), [1], String(rest));
    }
    assert.equal(fieldsOf(new Uint8Array()).size, 0);
  });
});

test('bytes of a header are decoded from base64, or ignored', () => {
  assert.deepEqual(bytesOf('AAEC'), Uint8Array.from([0, 1, 2]));
  assert.deepEqual(bytesOf('/w'), Uint8Array.from([255]));
  assert.deepEqual(bytesOf('/w==,AAEC'), Uint8Array.from([255]));
  for (const header of [undefined, '', '*', 'AAAAA', 5]) assert.equal(bytesOf(header).length > 3, false);
});
