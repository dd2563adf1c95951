import assert from 'node:assert/strict';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import type { TlsOptions } from '../../src/export/otlp/tls.ts';
import { diagnosticLog } from '../export/diagnostic-log.ts';
import { balanced } from '../export/ended-spans.ts';
import { startGrpcCollector } from '../oracle/grpc-collector.ts';
import { createAuthority } from '../platform/authority.ts';
import { exporting, serving } from './grpc-exporter.ts';

const authority = createAuthority();
const { cert: ca } = authority;
const server = authority.issue();
const client = authority.issue();
const mutual = { ...server, ca, requestCert: true, rejectUnauthorized: true };

async function listening(t: TestContext, server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Makes two attempts, of which the second is reported, and then a shutdown. Returns the outcome. */
async function unreachable(t: TestContext, url: string, tls: TlsOptions | undefined): Promise<string> {
  const log = diagnosticLog(t);
  const { processor, end } = exporting(t, { url, tls });
  end(2);
  for (const _ of [1, 2]) assert.equal((await processor.forceFlush()).pending, 2);
  await processor.shutdown();
  const { dropped, unknown } = balanced(processor);
  assert.deepEqual([dropped, unknown], [{ unreachable: 2 }, 0], log[0]?.message);
  return log[0].message;
}

describe('over TLS, gRPC', () => {
  test('reaches a server with a certificate of the application’s own authority, by address and by name', async (t) => {
    const collector = await startGrpcCollector({ tls: server });
    t.after(() => collector.close());
    for (const url of [collector.url, collector.url.replace('127.0.0.1', 'localhost')]) {
      const { processor, end } = exporting(t, { url, tls: { ca } });
      end(2);
      assert.equal((await processor.forceFlush()).exported, 2);
    }
  });

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`shows its certificate to a server that requires one (${version})`, async (t) => {
      const { url, peers } = await serving(t, {}, { tls: { ...mutual, minVersion: version, maxVersion: version } });
      const { processor, end } = exporting(t, { url, tls: { ca, ...client } });
      end(2);
      assert.equal((await processor.forceFlush()).exported, 2);
      assert.equal(peers.length, 1);
    });

    test(`has no connection if it has no certificate to show (${version})`, async (t) => {
      const { url } = await serving(t, {}, { tls: { ...mutual, minVersion: version, maxVersion: version } });
      assert.match(await unreachable(t, url, { ca }), /may require yours: see otlpTls/);
    });
  }

  const DISTRUSTED: [what: string, identity: object, tls: TlsOptions | undefined][] = [
    ['that nobody vouches for', server, undefined],
    ['that another authority vouches for', server, { ca: createAuthority().cert }],
    ['whose certificate is that of another', authority.issue({ hosts: ['elsewhere.example'] }), { ca }],
    ['whose certificate has expired', authority.issue({ notAfter: new Date(Date.now() - 60_000) }), { ca }],
  ];
  for (const [what, identity, tls] of DISTRUSTED) {
    test(`sends nothing to a server ${what}`, async (t) => {
      const { url, requests } = await serving(t, {}, { tls: identity });
      assert.match(await unreachable(t, url, tls), /with a certificate that is trusted/);
      assert.equal(requests.length, 0);
    });
  }

  const WITHOUT_HTTP2: [what: string, start: () => Server][] = [
    ['speaks HTTP/1.1 only', () => createHttpsServer(server, (_, response) => response.end())],
    ['offers HTTP/1.1 only', () => createTlsServer({ ...server, ALPNProtocols: ['http/1.1'] })],
    ['offers nothing', () => createTlsServer(server)],
  ];
  for (const [what, start] of WITHOUT_HTTP2) {
    test(`reports the lack of HTTP/2 if a server ${what}`, async (t) => {
      const message = await unreachable(t, await listening(t, start()), { ca });
      assert.match(message, /the server does not speak HTTP\/2, which gRPC needs: .* OTLP over HTTP port 4318/);
    });
  }

  test('has no connection if a server speaks plain text', async (t) => {
    const { url } = await serving(t);
    await unreachable(t, url.replace('http:', 'https:'), { ca });
    const plain = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 \r\n\r\n'));
    assert.match(await unreachable(t, await listening(t, plain), { ca }), /WRONG_VERSION_NUMBER/);
  });

  test('has no connection in plain text if a server speaks TLS', async (t) => {
    const { url } = await serving(t, {}, { tls: server });
    await unreachable(t, url.replace('https:', 'http:'), undefined);
  });
});
