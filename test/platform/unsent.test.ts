import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { isUnsent, markUnsent } from '../../src/platform/unsent.ts';

const refusal = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), {
  code: 'ECONNREFUSED',
  syscall: 'connect',
});
const unreachable = Object.assign(new Error('connect ENETUNREACH'), { code: 'ENETUNREACH', syscall: 'connect' });
const timeout = Object.assign(new Error('connect ETIMEDOUT'), { code: 'ETIMEDOUT', syscall: 'connect' });

describe('an error of a request', () => {
  it('means that nothing was sent if no connection was established', () => {
    for (const error of [
      refusal,
      unreachable,
      timeout,
      // For a host with several addresses.
      Object.assign(new AggregateError([timeout, refusal]), { code: 'ETIMEDOUT' }),
      new TypeError('fetch failed', { cause: refusal }),
      new TypeError('fetch failed', { cause: new AggregateError([unreachable]) }),
      new TypeError('fetch failed', { cause: Object.assign(new Error('late'), { code: 'UND_ERR_CONNECT_TIMEOUT' }) }),
      Object.assign(new Error('getaddrinfo ENOTFOUND nowhere'), { code: 'ENOTFOUND', syscall: 'getaddrinfo' }),
      // Through a proxy that refuses.
      new TypeError('fetch failed', {
        cause: new Error('Request was cancelled.', {
          cause: new Error('Proxy response (407) !== 200 when HTTP Tunneling'),
        }),
      }),
      Object.assign(new Error('Unable to connect'), { code: 'ConnectionRefused' }),
      new TypeError('tcp connect error: Connection refused (os error 111)'),
    ]) {
      assert.equal(isUnsent(error), true, String(error));
    }
  });

  it('means so if the TLS handshake failed, or a certificate was refused', () => {
    const coded = (code: string, message = code) => Object.assign(new Error(message), { code });
    const failed = (cause: unknown) => new TypeError('fetch failed', { cause });
    const url = 'error sending request for url (https://localhost/): client error (Connect): ';
    for (const error of [
      // From Node itself, and from Node's fetch.
      coded('DEPTH_ZERO_SELF_SIGNED_CERT'),
      failed(coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE')),
      failed(coded('ERR_TLS_CERT_ALTNAME_INVALID')),
      failed(coded('CERT_HAS_EXPIRED')),
      failed(coded('SELF_SIGNED_CERT_IN_CHAIN')),
      failed(coded('ERR_SSL_WRONG_VERSION_NUMBER')),
      failed(coded('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'tlsv13 alert certificate required')),
      failed(coded('ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE')),
      failed(coded('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'tlsv1 alert unknown ca')),
      failed(coded('ECONNRESET', 'Client network socket disconnected before secure TLS connection was established')),
      // From Bun.
      coded('EPROTO', 'EPROTO: The TLS handshake failed. Does the server speak TLS on this port?'),
      coded('CERT_HAS_EXPIRED', 'certificate has expired'),
      // From Deno.
      failed(new Error(`${url}invalid peer certificate: UnknownIssuer`)),
      failed(new Error(`${url}received corrupt message of type InvalidContentType`)),
      failed(new Error('received fatal alert: CertificateRequired')),
      failed(new Error('received fatal alert: UnknownCA')),
    ]) {
      assert.equal(isUnsent(error), true, `${error} ${error.cause}`);
    }
  });

  it('means so if it is marked', () => {
    const error = markUnsent(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' }));
    assert.equal(isUnsent(error), true);
  });

  it('leaves it open in other cases', () => {
    for (const error of [
      Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' }),
      Object.assign(new Error('write EPIPE'), { code: 'EPIPE', syscall: 'write' }),
      Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' }),
      Object.assign(new Error('tlsv1 alert internal error'), { code: 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR' }),
      new TypeError('fetch failed', { cause: new Error('error sending request: client error (SendRequest): closed') }),
      new TypeError('fetch failed', { cause: new Error('peer closed connection without sending TLS close_notify') }),
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

  it('means so for a port where nothing listens', async () => {
    const error = await new Promise((resolve) => {
      connect(1, '127.0.0.1').on('error', resolve);
    });
    assert.equal(isUnsent(error), true);
  });
});
