import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import type { TLSSocket, TlsOptions } from 'node:tls';
import type { FetchLike } from '../../src/export/otlp/http.ts';
import type { CheckedTls } from '../../src/export/otlp/tls.ts';
import { createHttpFetch } from '../../src/platform/http-fetch.ts';
import { isUnsent } from '../../src/platform/unsent.ts';
import { createAuthority, type Identity, selfSigned } from './authority.ts';

const authority = createAuthority();
const other = createAuthority('another authority');
const ca = [authority.cert];
const server = authority.issue();
const client = authority.issue();

describe('a request over TLS', () => {
  for (const [what, tls, host] of [
    ['a name', server, 'localhost'],
    ['an IPv4 address', server, '127.0.0.1'],
    ['an IPv6 address', authority.issue({ hosts: ['::1'] }), '::1'],
  ] as [string, Identity, string][]) {
    test(`arrives at ${what} with a certificate of a given authority`, async (t) => {
      const { url, requests } = await served(t, tls, host);
      assert.equal(await answerOf(url, { ca }), '200 the body');
      assert.deepEqual(requests, ['the body']);
    });
  }

  test('arrives if the certificate is of one of several authorities', async (t) => {
    const { url } = await served(t, server);
    for (const several of [[other.cert, authority.cert], [other.cert + authority.cert]]) {
      assert.equal(await answerOf(url, { ca: several }), '200 the body');
    }
  });

  test('arrives if the server’s own certificate is given as authority', async (t) => {
    const identity = selfSigned();
    const { url } = await served(t, identity);
    assert.equal(await answerOf(url, { ca: [identity.cert] }), '200 the body');
  });

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`uses ${version} if the server supports nothing else`, async (t) => {
      const { url, versions } = await served(t, { ...server, minVersion: version, maxVersion: version });
      assert.equal(await answerOf(url, { ca }), '200 the body');
      assert.deepEqual(versions, [version]);
    });

    test(`shows the client’s certificate if the server requests it, in ${version}`, async (t) => {
      const asking = { ...server, ca, requestCert: true, minVersion: version, maxVersion: version };
      const { url, requests } = await served(t, asking);
      assert.equal(await answerOf(url, { ca, ...client }), '200 the body');
      assert.equal(requests.length, 1);
    });

    test(`fails without one where it is required, in ${version}, and is marked as unsent`, async (t) => {
      const asking = { ...server, ca, requestCert: true, minVersion: version, maxVersion: version };
      const { url, requests } = await served(t, asking);
      const error = await failureOf(url, { ca });
      assert.match(String(error.message), /alert (handshake failure|certificate required)/);
      assert.equal(isUnsent(error), true);
      assert.deepEqual(requests, []);
    });
  }

  test('uses a new connection, or an existing one while it is kept', async (t) => {
    const { url, versions, requests } = await served(t, server);
    const fetch = createHttpFetch(url, { ca });
    for (let at = 0; at < 3; at++) await textOf(await fetch(url, init()));
    assert.deepEqual([requests.length, versions.length], [3, 1]);
  });
});

describe('a TLS connection is not established, and nothing is sent,', () => {
  const refused: [what: string, identity: Identity, trusted: CheckedTls | undefined, code: string][] = [
    ['that of an authority that nobody has named', server, undefined, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['that of another authority than the given one', server, { ca: [other.cert] }, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['vouched for by itself', selfSigned(), undefined, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['that of another name', authority.issue({ hosts: ['elsewhere.example'] }), { ca }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['that of another address', authority.issue({ hosts: ['127.0.0.2'] }), { ca }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['expired', authority.issue({ notAfter: new Date(Date.now() - 60_000) }), { ca }, 'CERT_HAS_EXPIRED'],
    ['not valid yet', authority.issue({ notBefore: new Date(Date.now() + 1.8e6) }), { ca }, 'CERT_NOT_YET_VALID'],
  ];
  for (const [what, identity, trusted, code] of refused) {
    test(`if the server’s certificate is ${what}`, async (t) => {
      const { url, requests } = await served(t, identity);
      const error = await failureOf(url, trusted);
      assert.equal(error.code, code);
      assert.equal(isUnsent(error), true);
      assert.deepEqual(requests, []);
    });
  }

  test('if the server supports no common version', async (t) => {
    const old = { ...server, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const { url, requests } = await served(t, old);
    assert.equal(isUnsent(await failureOf(url, { ca })), true);
    assert.deepEqual(requests, []);
  });

  test('if the server speaks plain HTTP', async (t) => {
    let requests = 0;
    const plain = createServer((_, response) => {
      requests++;
      response.end();
    });
    const error = await failureOf(await listening(t, plain), { ca });
    assert.match(String(error.message), /wrong version number/);
    assert.equal(isUnsent(error), true);
    assert.equal(requests, 0);
  });

  for (const [what, answer] of [
    ['closes it', (socket) => socket.end()],
    ['resets it', (socket) => socket.once('data', () => socket.resetAndDestroy())],
    ['sends something else', (socket) => socket.end('SSH-2.0\r\n')],
  ] as [string, (socket: import('node:net').Socket) => unknown][]) {
    test(`if the server ${what}`, async (t) => {
      const url = await listening(
        t,
        createTcpServer((socket) => answer(socket.on('error', () => {}))),
      );
      const error = await failureOf(url, { ca });
      assert.ok(error.code, String(error));
      assert.equal(isUnsent(error), true);
    });
  }

  test('if the server is silent until the time-out', async (t) => {
    const url = await listening(
      t,
      createTcpServer((socket) => void socket.on('error', () => {})),
    );
    const signal = AbortSignal.timeout(50);
    const error = await failureOf(url, { ca }, init({ signal }));
    assert.deepEqual([error.message, error.cause], ['could not connect in time', signal.reason]);
    assert.equal(isUnsent(error), true);
  });
});

describe('a request that may have been sent is not marked as unsent', () => {
  test('if the connection is reset after the handshake', async (t) => {
    const { url } = await served(t, server, undefined, (socket) => socket.once('data', () => socket.destroy()));
    const error = await failureOf(url, { ca });
    assert.equal(error.code, 'ECONNRESET');
    assert.equal(isUnsent(error), false);
  });

  test('if the time is up after the handshake', async (t) => {
    const abort = new AbortController();
    const { url } = await served(t, server, undefined, (socket) => socket.once('data', () => abort.abort('late')));
    const error = await createHttpFetch(url, { ca })(url, init({ signal: abort.signal })).catch((reason) => reason);
    assert.equal(error, 'late');
    assert.equal(isUnsent(error), false);
  });

  test('if the server speaks TLS and the URL says http', async (t) => {
    const { url, requests } = await served(t, server);
    const error = await failureOf(url.replace('https:', 'http:'), undefined);
    assert.equal(error.code, 'ECONNRESET');
    assert.equal(isUnsent(error), false);
    assert.deepEqual(requests, []);
  });
});

interface Failure {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
}

function init(some: Partial<Parameters<FetchLike>[1]> = {}): Parameters<FetchLike>[1] {
  const { signal } = new AbortController();
  const body = new Uint8Array(new TextEncoder().encode('the body'));
  return { method: 'POST', headers: {}, body, redirect: 'manual', signal, ...some };
}

async function textOf({ body }: Awaited<ReturnType<FetchLike>>): Promise<string> {
  const reader = body?.getReader();
  let text = '';
  for (;;) {
    const { value } = (await reader?.read()) ?? {};
    if (value === undefined) return text;
    text += new TextDecoder().decode(value);
  }
}

async function answerOf(url: string, tls: CheckedTls | undefined): Promise<string> {
  const response = await createHttpFetch(url, tls)(url, init());
  return `${response.status} ${await textOf(response)}`;
}

/** Returns why a request failed. A request that did not fail fails the test. */
async function failureOf(url: string, tls: CheckedTls | undefined, request = init()): Promise<Failure> {
  return createHttpFetch(url, tls)(url, request).then(
    ({ status }) => assert.fail(`it was answered with ${status}`),
    (error) => error,
  );
}

/** Returns the URL of a server that listens until the end of the test. */
async function listening(t: TestContext, server: Server, host = 'localhost'): Promise<string> {
  const sockets = new Set<import('node:net').Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `https://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`;
}

/** Starts a server that echoes bodies, and records the bodies and the TLS versions of connections. */
async function served(t: TestContext, tls: TlsOptions, host?: string, onSecure?: (socket: TLSSocket) => unknown) {
  const requests: string[] = [];
  const versions: (string | null)[] = [];
  const server = createSecureServer(tls, async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    requests.push(body);
    response.end(body);
  });
  server.on('secureConnection', (socket) => {
    versions.push(socket.getProtocol());
    onSecure?.(socket);
  });
  return { url: await listening(t, server, host), requests, versions };
}
