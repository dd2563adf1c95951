import assert from 'node:assert/strict';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import type { FlushResult } from '../../src/core/processor.ts';
import { diagnosticLog } from '../export/diagnostic-log.ts';
import { balanced } from '../export/ended-spans.ts';
import { hurried } from '../export/otlp/hurried.ts';
import { decodeRequest, flatten } from '../oracle/otlp.ts';
import {
  type Behaviour,
  CANCEL,
  EMPTY_MESSAGE,
  ENHANCE_YOUR_CALM,
  type FrameServer,
  HEAD,
  INITIAL_WINDOW_SIZE,
  INTERNAL_ERROR,
  MAX_CONCURRENT_STREAMS,
  NO_ERROR,
  type Peer,
  REFUSED_STREAM,
} from './frame-server.ts';
import { exporting, serving } from './grpc-exporter.ts';

const LAST_OF_ALL = 2 ** 31 - 1;

/** The ids of the spans in complete requests. */
const idsAt = ({ requests }: FrameServer): string[] =>
  requests.flatMap(({ body }) => flatten(decodeRequest(body.subarray(5))).map(({ spanId }) => spanId));

/** Returns the behavior of a server that treats its first request in a special way. */
const firstOf = (first: (peer: Peer, stream: number, body: Buffer) => void): Behaviour => {
  let seen = 0;
  return {
    onRequest(peer, stream, body) {
      if (seen++ === 0) first(peer, stream, body);
      else peer.succeed(stream);
    },
  };
};

const flushed = (exported: number, pending = 0, dropped = 0): FlushResult => ({ exported, pending, dropped });

describe('a server that closes a connection gracefully', () => {
  test('answers requests in flight, and gets the next ones on another connection', async (t) => {
    const server = await serving(
      t,
      firstOf((peer, stream) => {
        peer.goaway(LAST_OF_ALL);
        setImmediate(() => {
          peer.goaway(stream);
          peer.succeed(stream);
        });
      }),
    );
    const { processor, end } = exporting(t, server);
    for (const _ of [1, 2]) {
      end(2);
      assert.deepEqual(await processor.forceFlush(), flushed(2));
    }
    assert.deepEqual(
      server.requests.map(({ connection }) => connection),
      [0, 1],
    );
  });

  test('without requests in flight loses nothing', async (t) => {
    const server = await serving(t);
    const { processor, end } = exporting(t, server);
    end(1);
    await processor.forceFlush();
    server.peers[0].goaway(1);
    server.peers[0].socket.end();
    end(1);
    assert.deepEqual(await processor.forceFlush(), flushed(1));
    assert.equal(server.peers.length, 2);
    assert.equal(new Set(idsAt(server)).size, 2);
  });

  for (const code of [NO_ERROR, ENHANCE_YOUR_CALM]) {
    test(`before it processes a request gets it again at once if it processed the one before (${code})`, async (t) => {
      diagnosticLog(t);
      let seen = 0;
      const server = await serving(t, {
        onRequest(peer, stream) {
          if (seen++ !== 1) peer.succeed(stream);
          else peer.goaway(stream - 2, code, 'too_many_pings');
        },
      });
      const { processor, end } = exporting(t, server);
      for (const _ of [1, 2]) {
        end(2);
        assert.deepEqual(await processor.forceFlush(), flushed(2));
      }
      assert.deepEqual(
        server.requests.map(({ connection }) => connection),
        [0, 0, 1],
      );
      assert.equal(balanced(processor).unknown, 0);
    });

    test(`without ever processing a request counts as unreachable (${code})`, async (t) => {
      diagnosticLog(t);
      const server = await serving(t, { onRequest: (peer) => peer.goaway(0, code) });
      const { processor, end } = exporting(t, server);
      end(2);
      for (const _ of [1, 2, 3]) assert.deepEqual(await processor.forceFlush(), flushed(0, 2));
      await processor.shutdown();
      const { dropped, unknown } = balanced(processor);
      assert.deepEqual([dropped, unknown], [{ unreachable: 2 }, 0]);
    });
  }

  test('and may have processed a request leaves it unknown', async (t) => {
    diagnosticLog(t);
    const server = await serving(t, { onRequest: (peer, stream) => peer.goaway(stream, INTERNAL_ERROR) });
    const { processor, end } = exporting(t, server);
    end(2);
    await processor.forceFlush();
    await processor.shutdown({ timeoutMillis: 1 });
    const { dropped, unknown } = balanced(processor);
    assert.deepEqual([dropped, unknown], [{}, 2]);
  });
});

describe('a server that aborts a request', () => {
  test('without processing it gets it again', async (t) => {
    diagnosticLog(t);
    let refusals = 0;
    const server = await serving(t, {
      onHeaders(peer, stream) {
        if (refusals++ < 3) peer.reset(stream, REFUSED_STREAM);
      },
      onRequest: (peer, stream) => peer.succeed(stream),
    });
    const { processor, end } = exporting(t, server);
    end(2);
    assert.deepEqual(await processor.forceFlush(), flushed(0, 2));
    await hurried(processor);
    assert.equal(balanced(processor).acknowledged, 2);
    assert.equal(server.peers.length, 1, 'the connection is as good as before');
  });

  test('without ever processing one counts as unreachable', async (t) => {
    diagnosticLog(t);
    const server = await serving(t, { onRequest: (peer, stream) => peer.reset(stream, REFUSED_STREAM) });
    const { processor, end } = exporting(t, server);
    end(2);
    await processor.forceFlush();
    await processor.shutdown();
    assert.deepEqual([balanced(processor).dropped, balanced(processor).unknown], [{ unreachable: 2 }, 0]);
  });

  const BREAKS: [what: string, action: (peer: Peer, stream: number) => void][] = [
    ['with INTERNAL_ERROR', (peer, stream) => peer.reset(stream, INTERNAL_ERROR)],
    ['with NO_ERROR', (peer, stream) => peer.reset(stream, NO_ERROR)],
    ['with CANCEL', (peer, stream) => peer.reset(stream, CANCEL)],
    [
      'with INTERNAL_ERROR behind the head of an answer',
      (peer, stream) => {
        peer.headers(stream, HEAD);
        peer.reset(stream, INTERNAL_ERROR);
      },
    ],
    [
      'with CANCEL behind the message of an answer',
      (peer, stream) => {
        peer.headers(stream, HEAD);
        peer.data(stream, EMPTY_MESSAGE);
        peer.reset(stream, CANCEL);
      },
    ],
    ['by closing the connection', (peer) => peer.socket.end()],
    ['by resetting the connection', (peer) => peer.socket.resetAndDestroy()],
    [
      'by closing the connection behind half an answer',
      (peer, stream) => {
        peer.headers(stream, HEAD);
        peer.data(stream, EMPTY_MESSAGE.subarray(0, 3));
        peer.socket.end();
      },
    ],
    ['by a frame that is too large', (peer, stream) => peer.data(stream, Buffer.alloc(20_000))],
    ['by what is no frame', (peer) => peer.socket.write('garbage, and more of it, for ever and ever and ever')],
  ];
  for (const [what, action] of BREAKS) {
    test(`${what} gets it again, and it is unknown if the server never answers`, async (t) => {
      diagnosticLog(t);
      const server = await serving(t, firstOf(action));
      const { processor, end } = exporting(t, { ...server, timeoutMillis: 1_000 });
      const ids = end(2);
      assert.deepEqual(await processor.forceFlush(), flushed(0, 2));
      await hurried(processor);
      assert.equal(balanced(processor).acknowledged, 2);
      assert.deepEqual(idsAt(server), [...ids, ...ids]);

      const never = await serving(t, { onRequest: action });
      const other = exporting(t, { ...never, timeoutMillis: 1_000 });
      other.end(3);
      await other.processor.forceFlush();
      await other.processor.shutdown({ timeoutMillis: 1 });
      const { unknown, dropped } = balanced(other.processor);
      assert.deepEqual([unknown, dropped], [3, {}]);
    });
  }

  test('after a complete answer has answered', async (t) => {
    for (const after of [
      (peer: Peer) => peer.socket.end(),
      (peer: Peer) => peer.socket.destroy(),
      (peer: Peer, stream: number) => peer.reset(stream, NO_ERROR),
      (peer: Peer) => peer.goaway(LAST_OF_ALL, INTERNAL_ERROR),
    ]) {
      const server = await serving(t, {
        onRequest(peer, stream) {
          peer.succeed(stream);
          after(peer, stream);
        },
      });
      const { processor, end } = exporting(t, server);
      end(1);
      assert.deepEqual(await processor.forceFlush(), flushed(1), String(after));
    }
  });

  test('with an error before it has received everything is not sent the rest', async (t) => {
    const log = diagnosticLog(t);
    const server = await serving(t, {
      opensWindows: false,
      onHeaders: (peer, stream) => peer.fail(stream, { 'grpc-status': '16', 'grpc-message': 'who?' }),
    });
    const { processor, end } = exporting(t, server);
    end(1, { text: 'x'.repeat(200_000) });
    assert.deepEqual(await processor.forceFlush(), flushed(0, 0, 1));
    assert.match(log[0].message, /UNAUTHENTICATED "who\?"/);
    await server.reset(1);
    assert.deepEqual(server.resets, [[1, CANCEL]]);
  });

  test('with a success before it has received everything has not accepted it', async (t) => {
    diagnosticLog(t);
    const server = await serving(t, {
      opensWindows: false,
      onHeaders: (peer, stream) => peer.succeed(stream),
    });
    const { processor, end } = exporting(t, server);
    end(1, { text: 'x'.repeat(200_000) });
    assert.deepEqual(await processor.forceFlush(), flushed(0, 1));
    await processor.shutdown();
    assert.deepEqual(balanced(processor).dropped, { unreachable: 1 });
  });
});

describe('an answer without a gRPC status', () => {
  test('for spans that may have arrived causes no retry', async (t) => {
    const log = diagnosticLog(t);
    const server = await serving(t, {
      onRequest(peer, stream) {
        peer.headers(stream, HEAD);
        peer.data(stream, EMPTY_MESSAGE, true);
      },
    });
    const { processor, end } = exporting(t, server);
    end(2);
    assert.deepEqual(await processor.forceFlush(), flushed(0, 0, 2));
    assert.equal(balanced(processor).unknown, 2);
    assert.equal(server.requests.length, 1);
    assert.match(log[0].message, /answered UNKNOWN "HTTP 200 without grpc-status"/);
  });

  test('is interpreted as HTTP', async (t) => {
    const log = diagnosticLog(t);
    const server = await serving(
      t,
      firstOf((peer, stream) => {
        peer.headers(stream, { ':status': '503', 'content-type': 'text/plain' });
        peer.data(stream, Buffer.from('no upstream'), true);
      }),
    );
    const { processor, end } = exporting(t, server);
    end(2);
    assert.deepEqual(await processor.forceFlush(), flushed(0, 2));
    await processor.forceFlush();
    assert.equal(balanced(processor).acknowledged, 2);
    assert.deepEqual(log, []);
  });

  test('is not read to its end if it never ends', async (t) => {
    const log = diagnosticLog(t);
    const server = await serving(t, {
      onRequest(peer, stream) {
        peer.headers(stream, { ':status': '400', 'content-type': 'text/plain' });
        const flood = () => {
          if (!peer.socket.writable || server.resets.length > 0) return;
          peer.data(stream, Buffer.alloc(16_000, 'x'));
          setImmediate(flood);
        };
        flood();
      },
    });
    const { processor, end } = exporting(t, server);
    end(2);
    assert.deepEqual(await processor.forceFlush(), flushed(0, 0, 2));
    assert.ok(log[0].message.length < 600, 'it is quoted in part');
  });
});

describe('the limits of a server', () => {
  test('are respected: windows smaller than a batch', async (t) => {
    const server = await serving(t, { settings: { [INITIAL_WINDOW_SIZE]: 100 } });
    const { processor, end } = exporting(t, server);
    const ids = end(100, { text: 'x'.repeat(1_000) });
    await processor.forceFlush();
    assert.deepEqual(idsAt(server), ids);
  });

  test('are respected: a window that is closed until later', async (t) => {
    const server = await serving(t, {
      settings: { [INITIAL_WINDOW_SIZE]: 0 },
      onHeaders: (peer, stream) => void setTimeout(() => peer.open(stream, 1_000_000), 200),
    });
    const { processor, end } = exporting(t, server);
    end(10);
    assert.deepEqual(await processor.forceFlush(), flushed(10));
  });

  test('are respected: no requests for now', async (t) => {
    const server = await serving(t, { settings: { [MAX_CONCURRENT_STREAMS]: 0 } });
    const { processor, end } = exporting(t, { ...server, timeoutMillis: 30_000 });
    end(2);
    const flushing = processor.forceFlush();
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(server.requests.length, 0);
    server.peers[0].settings({ [MAX_CONCURRENT_STREAMS]: 1 });
    assert.deepEqual(await flushing, flushed(2));
  });

  for (const [what, setting] of [
    ['no requests', MAX_CONCURRENT_STREAMS],
    ['nothing in them', INITIAL_WINDOW_SIZE],
  ] as const) {
    test(`that accepts ${what} make it unreachable`, async (t) => {
      diagnosticLog(t);
      const server = await serving(t, { settings: { [setting]: 0 } });
      const { processor, end } = exporting(t, { ...server, timeoutMillis: 200 });
      end(2);
      assert.deepEqual(await processor.forceFlush(), flushed(0, 2));
      await processor.shutdown();
      const { dropped, unknown } = balanced(processor);
      assert.deepEqual([dropped, unknown], [{ unreachable: 2 }, 0]);
    });
  }

  test('of one request at a time are respected across processors', async (t) => {
    let open = 0;
    let most = 0;
    const server = await serving(t, {
      settings: { [MAX_CONCURRENT_STREAMS]: 1 },
      onRequest(peer, stream) {
        most = Math.max(most, ++open);
        setTimeout(() => {
          open--;
          peer.succeed(stream);
        }, 50);
      },
    });
    const { processor, end } = exporting(t, server, { maxExportBatchSize: 1 });
    end(5);
    await hurried(processor);
    assert.deepEqual([most, balanced(processor).acknowledged], [1, 5]);
  });
});

describe('a silent server', () => {
  test('gets a ping before the next request, which is sent on another connection', async (t) => {
    diagnosticLog(t);
    // Everything on its first connection, from the second request on, is silently lost.
    const server = await serving(t, {
      onRequest(peer, stream) {
        if (peer.index === 0 && stream > 1) peer.isStopped = true;
        else peer.succeed(stream);
      },
    });
    const { processor, end } = exporting(t, { ...server, timeoutMillis: 600 });
    end(1);
    assert.deepEqual(await processor.forceFlush(), flushed(1));
    end(1);
    assert.deepEqual(await processor.forceFlush(), flushed(0, 1));
    assert.deepEqual(await processor.forceFlush(), flushed(1));
    assert.deepEqual(
      server.requests.map(({ connection }) => connection),
      [0, 0, 1],
    );
  });

  test('that answers pings is only slow, and keeps its connection', async (t) => {
    diagnosticLog(t);
    const server = await serving(
      t,
      firstOf(() => {}),
    );
    const { processor, end } = exporting(t, { ...server, timeoutMillis: 400 });
    end(1);
    assert.deepEqual(await processor.forceFlush(), flushed(0, 1));
    assert.deepEqual(await processor.forceFlush(), flushed(1));
    assert.equal(server.peers.length, 1, 'the connection is as good as before');
    assert.deepEqual(server.resets, [[1, CANCEL]], 'and is told that nobody waits any more');
  });

  test('that does not answer pings is given up before the time-out', async (t) => {
    const log = diagnosticLog(t);
    const server = await serving(t, { acknowledgesPings: false, onRequest() {} });
    const { processor, end } = exporting(t, { ...server, timeoutMillis: 2_000 });
    end(1);
    for (const _ of [1, 2]) assert.deepEqual(await processor.forceFlush(), flushed(0, 1));
    assert.match(log[0].message, /did not answer \(the server did not answer a PING\)/);
    assert.equal(server.peers.length, 2);
  });

  test('is not pinged more often than gRPC servers tolerate', async (t) => {
    diagnosticLog(t);
    const server = await serving(t, { onRequest() {} });
    let pings = 0;
    const { processor, end } = exporting(t, { ...server, timeoutMillis: 300 });
    end(1);
    for (let at = 0; at < 6; at++) await processor.forceFlush();
    for (const peer of server.peers) {
      pings += peer.pings;
      assert.ok(peer.pings <= 3, `${peer.pings} pings`);
    }
    assert.ok(pings > 0, 'it was asked');
  });

  test('that has never answered counts as unreachable', async (t) => {
    diagnosticLog(t);
    const server = await serving(t, { settings: null });
    const { processor, end } = exporting(t, { ...server, timeoutMillis: 200 });
    end(2);
    for (const _ of [1, 2]) assert.deepEqual(await processor.forceFlush(), flushed(0, 2));
    assert.equal(server.peers.length, 2, 'each attempt has a connection of its own');
    await processor.shutdown();
    assert.deepEqual([balanced(processor).dropped, server.requests.length], [{ unreachable: 2 }, 0]);
  });
});

describe('a server that restarts', () => {
  test('gets everything, and what it had before at most twice', async (t) => {
    diagnosticLog(t);
    const first = await serving(t);
    const { processor, end } = exporting(t, first);
    end(3);
    assert.deepEqual(await processor.forceFlush(), flushed(3));
    await first.close();
    end(3);
    for (const _ of [1, 2]) assert.deepEqual(await processor.forceFlush(), flushed(0, 3));
    const second = await serving(t, {}, { port: first.port });
    end(3);
    await hurried(processor);
    const { acknowledged, unknown } = balanced(processor);
    assert.deepEqual([acknowledged, unknown, idsAt(second).length], [9, 0, 6]);
  });

  test('has a connection only while it is needed', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const server = await serving(t);
    const { processor, end } = exporting(t, server);
    end(1);
    await processor.forceFlush();
    const closed = new Promise((resolve) => server.peers[0].socket.once('close', resolve));
    t.mock.timers.tick(29_000);
    assert.equal(server.peers[0].socket.readyState, 'open');
    t.mock.timers.tick(1_000);
    await closed;
    end(1);
    assert.deepEqual(await processor.forceFlush(), flushed(1));
    assert.equal(server.peers.length, 2);
  });

  test('has no connection after a shutdown', async (t) => {
    const server = await serving(t);
    const { processor, end } = exporting(t, server);
    end(1);
    await processor.forceFlush();
    const closed = new Promise((resolve) => server.peers[0].socket.once('close', resolve));
    await processor.shutdown();
    await closed;
  });
});

describe('an endpoint that is not a gRPC server', () => {
  async function listening(t: TestContext, server: Server): Promise<string> {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test('where nothing listens counts as unreachable', async (t) => {
    const log = diagnosticLog(t);
    const { processor, end } = exporting(t, { url: 'http://127.0.0.1:1' });
    end(2);
    for (const _ of [1, 2]) await processor.forceFlush();
    assert.match(
      log[0].message,
      /did not answer \(connect ECONNREFUSED 127\.0\.0\.1:1\): is a collector listening there\?/,
    );
    await processor.shutdown();
    assert.deepEqual(balanced(processor).dropped, { unreachable: 2 });
  });

  test('that speaks HTTP/1.1 is reported with the right port', async (t) => {
    const log = diagnosticLog(t);
    const url = await listening(
      t,
      createHttpServer((_, response) => response.end('hello')),
    );
    const { processor, end } = exporting(t, { url });
    end(2);
    for (const _ of [1, 2]) assert.deepEqual(await processor.forceFlush(), flushed(0, 2));
    assert.match(log[0].message, /the server does not speak HTTP\/2, .* OTLP over HTTP port 4318/);
    await processor.shutdown();
    assert.deepEqual(balanced(processor).dropped, { unreachable: 2 });
  });

  for (const [what, server] of [
    ['closes every connection', createServer((socket) => socket.destroy())],
    ['resets every connection', createServer((socket) => socket.resetAndDestroy())],
    ['talks at once', createServer((socket) => socket.on('error', () => {}).write('220 smtp.example ESMTP\r\n'))],
  ] as const) {
    test(`that ${what} counts as unreachable`, async (t) => {
      diagnosticLog(t);
      const { processor, end } = exporting(t, { url: await listening(t, server) });
      end(2);
      for (const _ of [1, 2]) assert.deepEqual(await processor.forceFlush(), flushed(0, 2));
      await processor.shutdown();
      assert.deepEqual(balanced(processor).dropped, { unreachable: 2 });
    });
  }
});
