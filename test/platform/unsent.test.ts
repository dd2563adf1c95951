import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { isUnsent } from '../../src/platform/unsent.ts';

const refusal = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), {
  code: 'ECONNREFUSED',
  syscall: 'connect',
});
const unreachable = Object.assign(new Error('connect ENETUNREACH'), { code: 'ENETUNREACH', syscall: 'connect' });
const timeout = Object.assign(new Error('connect ETIMEDOUT'), { code: 'ETIMEDOUT', syscall: 'connect' });

describe('an error of a request', () => {
  it('says that nothing was sent where no connection came about', () => {
    for (const error of [
      refusal,
      unreachable,
      timeout,
      // Of a host with several addresses.
      Object.assign(new AggregateError([timeout, refusal]), { code: 'ETIMEDOUT' }),
      new TypeError('fetch failed', { cause: refusal }),
      new TypeError('fetch failed', { cause: new AggregateError([unreachable]) }),
      new TypeError('fetch failed', { cause: Object.assign(new Error('late'), { code: 'UND_ERR_CONNECT_TIMEOUT' }) }),
      Object.assign(new Error('getaddrinfo ENOTFOUND nowhere'), { code: 'ENOTFOUND', syscall: 'getaddrinfo' }),
      Object.assign(new Error('Unable to connect'), { code: 'ConnectionRefused' }),
      new TypeError('tcp connect error: Connection refused (os error 111)'),
    ]) {
      assert.equal(isUnsent(error), true, String(error));
    }
  });

  it('leaves it open otherwise', () => {
    for (const error of [
      Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' }),
      Object.assign(new Error('write EPIPE'), { code: 'EPIPE', syscall: 'write' }),
      new AggregateError([]),
      new Error('no answer within 5 ms'),
      'a text',
      undefined,
      null,
      new Proxy({}, { get: () => assert.fail('a trap') }),
      { errors: 5 },
    ]) {
      assert.equal(isUnsent(error), false);
    }
  });

  it('of a port where nobody listens says so', async () => {
    const error = await new Promise((resolve) => {
      connect(1, '127.0.0.1').on('error', resolve);
    });
    assert.equal(isUnsent(error), true);
  });
});
