import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { BatchSpanProcessor } from '../../src/export/batch.ts';
import { OtlpGrpcExporter } from '../../src/grpc/exporter.ts';
import { diagnosticLog } from '../export/diagnostic-log.ts';
import { balanced, endedSpansInto } from '../export/ended-spans.ts';
import { hurried } from '../export/otlp/hurried.ts';
import { type GrpcCollector, type GrpcCollectorOptions, startGrpcCollector } from '../oracle/grpc-collector.ts';
import { decodeRequest, encodeResponse, flatten } from '../oracle/otlp.ts';
import { exporting, serving } from './grpc-exporter.ts';

async function collect(t: TestContext, options?: GrpcCollectorOptions): Promise<GrpcCollector> {
  const collector = await startGrpcCollector(options);
  t.after(() => collector.close());
  return collector;
}

/** Starts an HTTP/2 server that records the requests and answers them with `answer`. */
async function plainServer(
  t: TestContext,
  answer: (stream: ServerHttp2Stream) => void = (stream) => stream.respond({ 'grpc-status': '0' }, { endStream: true }),
) {
  const requests: { headers: IncomingHttpHeaders; body: Buffer }[] = [];
  const server = createServer().on('stream', async (stream, headers) => {
    const body: Buffer[] = [];
    for await (const bytes of stream) body.push(bytes);
    requests.push({ headers, body: Buffer.concat(body) });
    answer(stream);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

describe('a request over gRPC', () => {
  test('carries the spans, the user agent and the timeout', async (t) => {
    const { url, requests, spans } = await collect(t);
    const { processor, end } = exporting(t, { url, timeoutMillis: 4_000 });
    const before = Date.now();
    const ids = end(3, { text: 'é', list: [1, 2] });
    assert.deepEqual(await processor.forceFlush(), { exported: 3, pending: 0, dropped: 0 });
    assert.deepEqual(
      spans().map(({ spanId }) => spanId),
      ids,
    );
    const [{ metadata, deadline }] = requests;
    assert.match(String(metadata['user-agent']), /^OTel-OTLP-Exporter-JavaScript\/\d/);
    const millis = Number(deadline) - before;
    assert.ok(millis > 3_900 && millis < 8_000, `${millis} ms`);
  });

  test('is a valid unary gRPC call', async (t) => {
    const { url, requests } = await plainServer(t);
    const { processor, end } = exporting(t, { url, timeoutMillis: 1_500.5 });
    const [id] = end(1);
    await processor.forceFlush();
    const [{ headers, body }] = requests;
    assert.deepEqual(
      [
        ...[':method', ':scheme', ':path', ':authority', 'te', 'content-type', 'grpc-timeout', 'grpc-encoding'],
        ...['grpc-accept-encoding', 'content-encoding', 'content-length'],
      ].map((name) => headers[name]),
      [
        'POST',
        'http',
        '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
        url.slice('http://'.length),
        'trailers',
        'application/grpc',
        '1501m',
        undefined,
        'identity,gzip',
        undefined,
        undefined,
      ],
    );
    assert.deepEqual([body[0], body.readUInt32BE(1)], [0, body.length - 5]);
    assert.equal(flatten(decodeRequest(body.subarray(5)))[0].spanId, id);
  });

  test('has no timeout that gRPC cannot express', async (t) => {
    const { url, requests } = await plainServer(t);
    const { processor, end } = exporting(t, { url, timeoutMillis: 1e8 });
    end(1);
    await processor.forceFlush();
    assert.equal(requests[0].headers['grpc-timeout'], undefined);
  });

  test('carries headers as metadata, bytes among them', async (t) => {
    const { url, requests } = await collect(t);
    const bytes = Uint8Array.from([0, 255, 254, 10]);
    const { processor, end } = exporting(t, {
      url,
      headers: { Authorization: 'Bearer a=b', 'x-latin': 'é', 'X-Bytes-Bin': bytes, 'x-text-bin': 'é' },
    });
    end(1);
    await processor.forceFlush();
    const { metadata } = requests[0];
    assert.equal(metadata.authorization, 'Bearer a=b');
    assert.deepEqual(metadata['x-bytes-bin'], Buffer.from(bytes));
    assert.deepEqual(metadata['x-text-bin'], Buffer.from('é'));
  });

  test('has bytes in base64 without padding, and no headers reserved by HTTP/2 or gRPC', async (t) => {
    const { url, requests } = await plainServer(t);
    const { processor, end } = exporting(t, {
      url,
      headers: {
        'a-bin': Uint8Array.from([255]),
        connection: 'close',
        'transfer-encoding': 'chunked',
        host: 'elsewhere',
        te: 'gzip',
        'content-type': 'text/plain',
        'content-length': '1',
        'grpc-timeout': '1n',
        'grpc-encoding': 'br',
        'user-agent': 'me',
      },
    });
    end(1);
    await processor.forceFlush();
    const { headers } = requests[0];
    const names = ['a-bin', 'connection', 'transfer-encoding', 'host', 'te', 'content-type', 'content-length'];
    assert.deepEqual(
      [...names, 'grpc-timeout', 'grpc-encoding'].map((name) => headers[name]),
      ['/w', undefined, undefined, undefined, 'trailers', 'application/grpc', undefined, '10000m', undefined],
    );
    assert.match(String(headers['user-agent']), /^OTel/);
  });

  test('calls a function for its headers, each time', async (t) => {
    const { url, requests } = await collect(t);
    let asked = 0;
    const { processor, end } = exporting(t, {
      url,
      headers: async () => ({ token: `t${asked++}`, 'count-bin': Uint8Array.from([asked]) }),
    });
    for (const _ of [1, 2]) {
      end(1);
      await processor.forceFlush();
    }
    assert.deepEqual(
      requests.map(({ metadata }) => [metadata.token, (metadata['count-bin'] as Buffer)[0]]),
      [
        ['t0', 1],
        ['t1', 2],
      ],
    );
  });

  test('is delayed if that function fails', async (t) => {
    const log = diagnosticLog(t);
    const { url, spans } = await collect(t);
    let asked = 0;
    const headers = () => (asked++ < 2 ? (assert.fail('no token') as never) : {});
    const { processor, end } = exporting(t, { url, headers });
    end(1);
    await hurried(processor);
    assert.equal(spans().length, 1);
    assert.match(
      log[0].message,
      /^export_delayed: 1 span waiting: no request sent to http:\/\/127\.0\.0\.1:\d+ \(no token/,
    );
  });

  test('is compressed if that is set', async (t) => {
    const collector = await collect(t);
    const { url, requests } = await plainServer(t);
    for (const { processor, end } of [url, collector.url].map((url) => exporting(t, { url, compression: 'gzip' }))) {
      end(20);
      assert.equal((await processor.forceFlush()).exported, 20);
    }
    const [{ headers, body }] = requests;
    assert.deepEqual([headers['grpc-encoding'], headers['content-encoding']], ['gzip', undefined]);
    assert.deepEqual([body[0], body.readUInt32BE(1)], [1, body.length - 5]);
    const content = gunzipSync(body.subarray(5));
    assert.ok(content.length > body.length, 'it became less');
    assert.equal(flatten(decodeRequest(content)).length, 20);
    assert.equal(collector.spans().length, 20);
  });

  test('uses the connection of the one before', async (t) => {
    const { url, requests } = await collect(t);
    const { processor, end } = exporting(t, { url });
    for (const _ of [1, 2, 3]) {
      end(1);
      await processor.forceFlush();
    }
    assert.equal(requests.length, 3);
    assert.equal(new Set(requests.map(({ peer }) => peer)).size, 1);
  });

  test('shares the connection with those of another processor', async (t) => {
    const { url, requests } = await collect(t);
    const exporter = new OtlpGrpcExporter({ url });
    const processors = [1, 2, 3].map(() => new BatchSpanProcessor(exporter));
    for (const processor of processors) endedSpansInto(processor)(1);
    await Promise.all(processors.map((processor) => processor.forceFlush()));
    await Promise.all(processors.map((processor) => processor.shutdown()));
    assert.equal(requests.length, 3);
    assert.equal(new Set(requests.map(({ peer }) => peer)).size, 1);
  });

  test('carries at most 3 MiB of a backlog, unless more is set', async (t) => {
    for (const [maxRequestBytes, most] of [
      [undefined, 3],
      [2 * 1024 * 1024, 2],
      [4 * 1024 * 1024, 4],
    ] as const) {
      let release = () => {};
      const released = new Promise<undefined>((resolve) => {
        release = () => resolve(undefined);
      });
      const { url, requests } = await collect(t, {
        options: { 'grpc.max_receive_message_length': -1 },
        answer: ({ index }) => (index === 0 ? released : undefined),
      });
      const { processor, end } = exporting(t, { url }, { maxRequestBytes, maxQueueBytes: 64 * 1024 * 1024 });
      end(512);
      for (let at = 0; at < 100; at++) end(1, { text: 'x'.repeat(128 * 1024) });
      release();
      await hurried(processor);
      const largest = Math.max(...requests.map(({ content }) => content.length)) / 1024 / 1024;
      assert.ok(largest <= most && largest > most - 1.1, `${largest} MiB of ${most}`);
      assert.equal(balanced(processor).acknowledged, 612);
    }
  });
});

describe('an answer over gRPC', () => {
  test('may reject some of the spans, and say why', async (t) => {
    const log = diagnosticLog(t);
    const { url } = await collect(t, {
      answer: () => ({ partialSuccess: { rejectedSpans: 2, errorMessage: 'too old' } }),
    });
    const { processor, end } = exporting(t, { url });
    end(5);
    await processor.forceFlush();
    const { acknowledged, rejected } = balanced(processor);
    assert.deepEqual([acknowledged, rejected], [3, 2]);
    assert.match(
      log[0].message,
      /^spans_rejected: 2 of 5 spans not acknowledged: http:\/\/127\.0\.0\.1:\d+ answered OK "too old"/,
    );
  });

  test('may be compressed, as by servers in Go', async (t) => {
    diagnosticLog(t);
    const message = gzipSync(encodeResponse({ rejectedSpans: 1, errorMessage: 'x' }));
    const prefix = Buffer.from([1, 0, 0, 0, message.length]);
    const { url } = await plainServer(t, (stream) => {
      stream.respond({ 'content-type': 'application/grpc', 'grpc-encoding': 'gzip' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.concat([prefix, message]));
    });
    const { processor, end } = exporting(t, { url, compression: 'gzip' });
    end(3);
    await processor.forceFlush();
    const { acknowledged, rejected } = balanced(processor);
    assert.deepEqual([acknowledged, rejected], [2, 1]);
  });

  const GARBAGE: [what: string, body: Uint8Array][] = [
    ['no message', new Uint8Array()],
    ['half of a prefix', Uint8Array.from([0, 0])],
    ['less than it announces', Uint8Array.from([0, 0, 0, 1, 0, 1])],
    ['noise', Uint8Array.from([0, 0, 0, 0, 3, 0x0a, 0xff, 0xff])],
    ['noise for gzip', Uint8Array.from([1, 0, 0, 0, 3, 1, 2, 3])],
    ['two messages', Buffer.alloc(10)],
  ];
  for (const [what, body] of GARBAGE) {
    test(`is a success even with ${what} in it`, async (t) => {
      const server = await serving(t, {
        onRequest(peer, stream) {
          peer.headers(stream, { ':status': '200', 'content-type': 'application/grpc' });
          peer.data(stream, body);
          peer.headers(stream, { 'grpc-status': '0' }, true);
        },
      });
      const { processor, end } = exporting(t, server);
      end(2);
      await processor.forceFlush();
      assert.equal(balanced(processor).acknowledged, 2);
    });
  }

  const REFUSALS = [
    [2, 'UNKNOWN'],
    [3, 'INVALID_ARGUMENT'],
    [5, 'NOT_FOUND'],
    [6, 'ALREADY_EXISTS'],
    [7, 'PERMISSION_DENIED'],
    [8, 'RESOURCE_EXHAUSTED'],
    [9, 'FAILED_PRECONDITION'],
    [12, 'UNIMPLEMENTED'],
    [13, 'INTERNAL'],
    [16, 'UNAUTHENTICATED'],
  ] as const;
  for (const [code, name] of REFUSALS) {
    test(`is final with ${name}, and reports the server’s message`, async (t) => {
      const log = diagnosticLog(t);
      const { url, requests } = await collect(t, { answer: () => ({ code, details: 'né, 100 %\n' }) });
      const { processor, end } = exporting(t, { url });
      end(2);
      assert.deepEqual(await processor.forceFlush(), { exported: 0, pending: 0, dropped: 2 });
      assert.deepEqual(balanced(processor).dropped, { refused: 2 });
      assert.equal(requests.length, 1);
      assert.ok(log[0].message.includes(` answered ${name} "né, 100 %"`), log[0].message);
    });
  }

  for (const [code, name] of [
    [1, 'CANCELLED'],
    [4, 'DEADLINE_EXCEEDED'],
    [10, 'ABORTED'],
    [11, 'OUT_OF_RANGE'],
    [14, 'UNAVAILABLE'],
    [15, 'DATA_LOSS'],
  ] as const) {
    test(`asks for a retry with ${name}`, async (t) => {
      const log = diagnosticLog(t);
      const { url, requests, spans } = await collect(t, {
        answer: ({ index }) => (index < 2 ? { code, details: 'later' } : undefined),
      });
      const { processor, end } = exporting(t, { url });
      end(2);
      assert.deepEqual(await processor.forceFlush(), { exported: 0, pending: 2, dropped: 0 });
      await hurried(processor);
      assert.deepEqual([requests.length, spans().length, balanced(processor).acknowledged], [3, 2, 2]);
      assert.match(log[0].message, new RegExp(`^export_delayed: 2 spans waiting: \\S+ answered ${name} "later"`));
    });
  }

  test('is final with an unknown status', async (t) => {
    const log = diagnosticLog(t);
    for (const status of ['17', '99', '', 'OK', '0, 0', '-1']) {
      const server = await serving(t, { onRequest: (peer, stream) => peer.fail(stream, { 'grpc-status': status }) });
      const { processor, end } = exporting(t, server);
      end(1);
      await processor.forceFlush();
      assert.deepEqual(balanced(processor).dropped, { refused: 1 }, status);
    }
    assert.match(log[0].message, /answered UNKNOWN "grpc-status 17"/);
  });

  test('is reported with a remedy', async (t) => {
    const remedies: [code: number, remedy: RegExp][] = [
      [16, /check the credentials/],
      [7, /check the credentials/],
      [12, /4317/],
    ];
    for (const [code, remedy] of remedies) {
      const log = diagnosticLog(t);
      const { url } = await collect(t, { answer: () => ({ code }) });
      const { processor, end } = exporting(t, { url });
      end(1);
      await processor.forceFlush();
      assert.match(log[0].message, remedy);
    }
  });

  test('that repeats a secret does not leak it into diagnostics, whether as text, bytes or base64', async (t) => {
    const log = diagnosticLog(t);
    const headers = { authorization: 'Bearer s3cret-token', 'key-bin': 's3cret-bytes' };
    const { url } = await collect(t, {
      answer: ({ metadata }) => ({
        code: 3,
        details: `${metadata.authorization} ${metadata['key-bin']} ${Buffer.from('s3cret-bytes').toString('base64')}`,
      }),
    });
    const { processor, end } = exporting(t, { url, headers });
    end(1);
    await processor.forceFlush();
    assert.match(log[0].message, /INVALID_ARGUMENT "… … …/);
    assert.doesNotMatch(log[0].message, /s3cret|czNjcmV0/);
  });
});

describe('a request that is too large for the server', () => {
  test('is sent again in parts, and a single batch that is too large is dropped', async (t) => {
    const log = diagnosticLog(t);
    let release = () => {};
    const released = new Promise<undefined>((resolve) => {
      release = () => resolve(undefined);
    });
    const { url, requests, spans } = await collect(t, {
      options: { 'grpc.max_receive_message_length': 20_000 },
      answer: ({ index }) => (index === 0 ? released : undefined),
    });
    const { processor, end } = exporting(t, { url }, { maxExportBatchSize: 10 });
    const first = end(10);
    end(10, { text: 'x'.repeat(3_000) });
    const others = end(1_000);
    release();
    await hurried(processor);
    const { acknowledged, dropped, unknown } = balanced(processor);
    assert.deepEqual([acknowledged, dropped, unknown], [1_010, { too_large: 10 }, 0]);
    assert.deepEqual(
      spans()
        .map(({ spanId }) => spanId)
        .sort(),
      [...first, ...others].sort(),
    );
    assert.ok(
      requests.some(({ spans }) => spans.length > 10),
      'batches were sent together',
    );
    assert.match(log[0].message, /RESOURCE_EXHAUSTED "[^"]*larger than/);
  });

  for (const [server, code, details] of [
    ['Go', 8, 'grpc: received message larger than max (5000000 vs. 4194304)'],
    ['Go, of what is compressed', 8, 'grpc: received message after decompression larger than max 4194304'],
    ['C++', 8, 'Received message larger than max (5000000 vs. 4194304)'],
    ['Java', 8, 'gRPC message exceeds maximum size 4194304: 5000000'],
    ['.NET', 8, 'Received message exceeds the maximum configured message size.'],
    ['Rust', 11, 'Error, decoded message length too large: found 5000000 bytes, the limit is: 4194304 bytes'],
  ] as const) {
    test(`is recognized by the message of servers in ${server}`, async (t) => {
      diagnosticLog(t);
      const { url } = await collect(t, { answer: () => ({ code, details }) });
      const { processor, end } = exporting(t, { url });
      end(1);
      await processor.forceFlush();
      assert.deepEqual(balanced(processor).dropped, { too_large: 1 });
    });
  }
});

describe('an option of the gRPC exporter', () => {
  for (const [options, message] of [
    [{ url: 'ftp://host' }, /^url: "ftp:\/\/host" is neither a URL like/],
    [{ url: 'http://host:4318/v1/traces' }, /^url: gRPC has no paths/],
    [{ url: 'http://host:4317/?a=b' }, /^url: gRPC has no paths/],
    [{ url: 'http://s3cret@host:4317' }, /^url: credentials in a URL/],
    [{ timeoutMillis: 0 }, /^timeoutMillis: 0 is not a number of at least 1/],
    [{ compression: 'br' }, /^compression: "br" is not one of gzip, none$/],
    [{ headers: 's3cret' }, /^headers: a plain object of names and values is required$/],
    [{ headers: { 'a b': 'c' } }, /^headers: "a " is not a valid header/],
    [{ headers: { a: Uint8Array.from([1]) } }, /^headers: "a" is not a valid header/],
    [{ headers: { 'a-bin': 5 } }, /^headers: "a-bin" is not a valid header/],
    [{ tls: {} }, /^tls: an https:\/\/ URL is required/],
    [{ url: 'https://host', tls: { ca: 's3cret' } }, /^tls\.ca: it contains no -----BEGIN CERTIFICATE/],
  ] as [object, RegExp][]) {
    test(`is refused, with its name: ${JSON.stringify(options)}`, () => {
      assert.throws(() => new OtlpGrpcExporter(options), { message });
    });
  }

  test('sets where requests go', () => {
    for (const [url, target] of [
      [undefined, 'http://localhost:4317'],
      ['collector:4317', 'http://collector:4317'],
      ['https://collector:4317/', 'https://collector:4317'],
      ['collector:443', 'https://collector'],
      ['http://[::1]:4317', 'http://[::1]:4317'],
    ]) {
      assert.equal(new OtlpGrpcExporter({ url }).url, target);
    }
  });
});
