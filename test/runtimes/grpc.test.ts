import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import type { Config } from '../../src/config.ts';
import {
  type Behaviour,
  EMPTY_MESSAGE,
  ENHANCE_YOUR_CALM,
  HEAD,
  INITIAL_WINDOW_SIZE,
  INTERNAL_ERROR,
  MAX_CONCURRENT_STREAMS,
  NO_ERROR,
  type Peer,
  REFUSED_STREAM,
  startFrameServer,
} from '../grpc/frame-server.ts';
import { type GrpcCollectorOptions, startGrpcCollector } from '../oracle/grpc-collector.ts';
import { createAuthority } from '../platform/authority.ts';
import { type Report, RUNTIMES, send } from './runtime.ts';

const authority = createAuthority();
const { cert: ca } = authority;
const server = authority.issue();
const client = authority.issue();

async function collecting(t: TestContext, options?: GrpcCollectorOptions) {
  const collector = await startGrpcCollector(options);
  t.after(() => collector.close());
  return collector;
}

async function framing(t: TestContext, behave: Behaviour, options?: Parameters<typeof startFrameServer>[1]) {
  const server = await startFrameServer(behave, options);
  t.after(() => server.close());
  return server;
}

const grpc = (otlpEndpoint: string, config: Config = {}): Config => ({ otlpEndpoint, otlpProtocol: 'grpc', ...config });

/** The outcome of the two spans. */
const outcomeOf = ({ stats }: Report) => [stats?.acknowledged, stats?.unknown, stats?.dropped];

for (const runtime of RUNTIMES) {
  describe(`${runtime.name}, over gRPC,`, { concurrency: 2 }, () => {
    test('sends spans, compressed, with a header, over TLS, to a collector that requires a certificate', async (t) => {
      const { url, spans, requests } = await collecting(t, { tls: { ...server, ca, requestCert: true } });
      const report = await send(
        runtime,
        grpc(url, {
          otlpTls: { ca, ...client },
          otlpHeaders: { authorization: 'Bearer a=b', 'key-bin': 'é' },
          otlpCompression: 'gzip',
        }),
      );
      assert.deepEqual([outcomeOf(report), report.diagnostics], [[2, 0, {}], []]);
      assert.deepEqual(
        spans().map(({ name }) => name),
        ['first', 'second'],
      );
      const { authorization, 'key-bin': key } = requests[0].metadata;
      assert.deepEqual([authorization, key], ['Bearer a=b', Buffer.from('é')]);
    });

    test('is selected by variables', async (t) => {
      const { port, spans } = await collecting(t);
      const variables = {
        OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
        OTEL_EXPORTER_OTLP_ENDPOINT: `127.0.0.1:${port}`,
      };
      assert.deepEqual(outcomeOf(await send(runtime, {}, variables)), [2, 0, {}]);
      assert.equal(spans().length, 2);
    });

    test('sends requests larger than the windows of the server and its socket', async (t) => {
      const { url, requests } = await framing(t, { settings: { [INITIAL_WINDOW_SIZE]: 1_000 } });
      const resourceAttributes = { text: 'x'.repeat(100_000) };
      assert.deepEqual(outcomeOf(await send(runtime, grpc(url, { resourceAttributes }))), [2, 0, {}]);
      assert.ok(requests[0].body.length > 100_000, 'it was as large as it should be');
    });

    test('waits for a server that accepts no requests for the moment', async (t) => {
      const { url, peers } = await framing(t, { settings: { [MAX_CONCURRENT_STREAMS]: 0 } });
      const sending = send(runtime, grpc(url));
      while (peers.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
      setTimeout(() => peers[0].settings({ [MAX_CONCURRENT_STREAMS]: 1 }), 300);
      assert.deepEqual(outcomeOf(await sending), [2, 0, {}]);
    });

    test('reports rejected spans with the server’s reason', async (t) => {
      const partialSuccess = { rejectedSpans: 1, errorMessage: 'too old' };
      const { url } = await collecting(t, { answer: () => ({ partialSuccess }) });
      const { stats, diagnostics } = await send(runtime, grpc(url));
      assert.deepEqual([stats?.acknowledged, stats?.rejected], [1, 1]);
      assert.match(diagnostics[0], /^spans_rejected: .* answered OK "too old"/);
    });

    test('reports refused spans with the server’s reason', async (t) => {
      const { url } = await collecting(t, { answer: () => ({ code: 16, details: 'who é?' }) });
      const report = await send(runtime, grpc(url));
      assert.deepEqual(outcomeOf(report), [0, 0, { refused: 2 }]);
      assert.match(report.diagnostics[0], / answered UNAUTHENTICATED "who é\?": check the credentials/);
    });

    test('retries spans that a server cannot accept at the moment', async (t) => {
      const { url, requests } = await collecting(t, { answer: ({ index }) => ({ code: index < 2 ? 14 : 0 }) });
      assert.deepEqual(outcomeOf(await send(runtime, grpc(url))), [2, 0, {}]);
      assert.equal(requests.length, 3);
    });

    // Each is either a refusal, so that spans are retried safely, or leaves open whether they have arrived.
    const once: [what: string, action: (peer: Peer, stream: number) => void][] = [
      ['refuses the stream', (peer, stream) => peer.reset(stream, REFUSED_STREAM)],
      ['says good-bye, in good order', (peer) => peer.goaway(0, NO_ERROR)],
      ['says good-bye, for too many pings', (peer) => peer.goaway(0, ENHANCE_YOUR_CALM)],
      ['resets the stream', (peer, stream) => peer.reset(stream, INTERNAL_ERROR)],
      ['closes the connection', (peer) => peer.socket.end()],
      ['resets the connection', (peer) => peer.socket.resetAndDestroy()],
      [
        'closes the connection behind half an answer',
        (peer, stream) => {
          peer.headers(stream, HEAD);
          peer.data(stream, EMPTY_MESSAGE);
          peer.socket.end();
        },
      ],
      ['says what is no HTTP/2', (peer) => peer.socket.write('garbage, and more of it, for ever and ever')],
    ];
    for (const [what, action] of once) {
      test(`retries spans if a server ${what}`, async (t) => {
        let seen = 0;
        const { url, requests } = await framing(t, {
          onRequest(peer, stream) {
            if (seen++ === 0) action(peer, stream);
            else peer.succeed(stream);
          },
        });
        // The time-out is shorter than the pause after it: Node 20 does not notice garbage.
        assert.deepEqual(outcomeOf(await send(runtime, grpc(url, { otlpTimeoutMillis: 1_000 }))), [2, 0, {}]);
        assert.equal(requests.length, 2);
      });
    }

    const never: [what: string, behaviour: Behaviour, isTaken: boolean][] = [
      ['refuses every stream', { onRequest: (peer, stream) => peer.reset(stream, REFUSED_STREAM) }, false],
      ['says good-bye each time', { onRequest: (peer) => peer.goaway(0, ENHANCE_YOUR_CALM) }, false],
      ['takes no requests', { settings: { [MAX_CONCURRENT_STREAMS]: 0 } }, false],
      ['has no window', { settings: { [INITIAL_WINDOW_SIZE]: 0 } }, false],
      ['says nothing', { settings: null }, false],
      ['closes the connection each time', { onRequest: (peer) => peer.socket.end() }, true],
    ];
    for (const [what, behaviour, isTaken] of never) {
      test(`knows whether spans may have arrived if a server ${what}`, async (t) => {
        const { url } = await framing(t, behaviour);
        const report = await send(runtime, grpc(url, { otlpTimeoutMillis: 500 }));
        assert.deepEqual(outcomeOf(report), isTaken ? [0, 2, {}] : [0, 0, { unreachable: 2 }]);
      });
    }

    test('does not treat a lost status as a failure', async (t) => {
      const { url, requests } = await framing(t, {
        onRequest(peer, stream) {
          peer.headers(stream, HEAD);
          peer.data(stream, EMPTY_MESSAGE, true);
        },
      });
      assert.deepEqual(outcomeOf(await send(runtime, grpc(url))), [0, 2, {}]);
      assert.equal(requests.length, 1);
    });

    test('abandons a connection that has silently died', async (t) => {
      const { url, requests } = await framing(t, {
        onRequest(peer, stream) {
          if (peer.index === 0) peer.isStopped = true;
          else peer.succeed(stream);
        },
      });
      assert.deepEqual(outcomeOf(await send(runtime, grpc(url, { otlpTimeoutMillis: 1_000 }))), [2, 0, {}]);
      assert.deepEqual(
        requests.map(({ connection }) => connection),
        [0, 1],
      );
    });

    test('reports the right port if there is no HTTP/2, or if nothing listens', async (t) => {
      const http = createServer((_, response) => response.end());
      await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
      t.after(() => http.close());
      const { port } = http.address() as AddressInfo;
      for (const [endpoint, message] of [
        [`127.0.0.1:${port}`, /the server does not speak HTTP\/2, .* OTLP over HTTP port 4318/],
        ['127.0.0.1:1', /ECONNREFUSED.*: is a collector listening there\?/],
      ] as const) {
        const report = await send(runtime, grpc(endpoint));
        assert.deepEqual(outcomeOf(report), [0, 0, { unreachable: 2 }]);
        assert.match(report.diagnostics[0], message);
      }
    });

    for (const [what, identity, otlpTls] of [
      ['that nobody vouches for', server, undefined],
      ['whose certificate is that of another', authority.issue({ hosts: ['elsewhere.example'] }), { ca }],
      ['that asks for a certificate where there is none', { ...server, ca, requestCert: true }, { ca }],
      ['that speaks no HTTP/2', { ...server, ALPNProtocols: ['http/1.1'] }, { ca }],
    ] as const) {
      test(`sends nothing to a server ${what}, and counts it as unreachable`, async (t) => {
        const { url, requests } = await framing(t, {}, { tls: { rejectUnauthorized: true, ...identity } as object });
        const report = await send(runtime, grpc(url, { otlpTls }));
        assert.deepEqual(outcomeOf(report), [0, 0, { unreachable: 2 }], report.diagnostics.join());
        assert.equal(requests.length, 0);
      });
    }
  });
}
