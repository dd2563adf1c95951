import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { isTracingSuppressed, ROOT_CONTEXT } from '../../../src/core/context.ts';
import { processState } from '../../../src/core/process-state.ts';
import { TracerProvider } from '../../../src/core/provider.ts';
import type { ReadableSpan } from '../../../src/core/span.ts';
import { SDK_VERSION } from '../../../src/core/version.ts';
import { BatchSpanProcessor } from '../../../src/export/batch.ts';
import {
  type FetchedResponse,
  type FetchLike,
  OtlpHttpExporter,
  type OtlpHttpExporterOptions,
} from '../../../src/export/otlp/http.ts';
import { ProtobufEncoding } from '../../../src/export/otlp/protobuf-encoding.ts';
import { startCollector } from '../../oracle/collector.ts';
import { startGrpcCollector } from '../../oracle/grpc-collector.ts';
import { diagnosticLog } from '../diagnostic-log.ts';
import { balanced, endedSpansInto } from '../ended-spans.ts';
import { hurried } from './hurried.ts';

const OK: FetchedResponse = { status: 200, headers: new Headers(), body: null };

test('a request has its content type, user agent and the given headers', async (t) => {
  diagnosticLog(t);
  const collector = await startCollector();
  t.after(() => collector.close());
  const headers = { Authorization: 'Bearer a=b', 'X-Tenant': 'ä', 'Content-Type': 'text/plain' };
  await flushed(new OtlpHttpExporter({ url: `${collector.endpoint}`, headers }));
  const [{ headers: sent, method, path }] = collector.requests;
  assert.deepEqual([method, path], ['POST', '/v1/traces']);
  assert.equal(sent['content-type'], 'application/x-protobuf');
  assert.equal(sent['user-agent'], `OTel-OTLP-Exporter-JavaScript/${SDK_VERSION}`);
  assert.deepEqual([sent.authorization, sent['x-tenant']], ['Bearer a=b', 'ä']);
});

describe('batches that are sent together', () => {
  // The package's own transport sends up to a hundred as separate parts. More of them are joined first.
  for (const [count, how, options] of [
    [3, 'by the package itself', {}],
    [150, 'by the package itself', {}],
    [3, 'compressed', { compression: 'gzip' }],
    [3, 'by a fetch of one’s own', { fetch: globalThis.fetch as FetchLike }],
  ] as [number, string, OtlpHttpExporterOptions][]) {
    test(`are one request: ${count}, ${how}`, async (t) => {
      diagnosticLog(t);
      const collector = await startCollector();
      t.after(() => collector.close());
      const exporter = new OtlpHttpExporter({ url: collector.endpoint, ...options });
      const batches = Array.from({ length: count }, () => exporter.createBatch());
      const ids = batches.flatMap((batch) => {
        const onEnd = (span: ReadableSpan) => batch.add(span);
        return endedSpansInto({ onEnd, forceFlush: async () => {}, shutdown: async () => {} })(2, { text: 'grüße' });
      });
      const outcome = await exporter.send(batches, new AbortController().signal);
      assert.deepEqual(outcome, { acknowledged: 2 * count, rejected: 0, why: undefined });
      const [{ problem, spans }, ...others] = collector.requests;
      assert.deepEqual([problem, others], [undefined, []]);
      assert.deepEqual(
        spans.map(({ spanId }) => spanId),
        ids,
      );
    });
  }
});

test('a batch without spans is a valid request', async (t) => {
  diagnosticLog(t);
  const collector = await startCollector();
  t.after(() => collector.close());
  for (const options of [{}, { compression: 'gzip' }, { fetch: globalThis.fetch as FetchLike }] as const) {
    const exporter = new OtlpHttpExporter({ url: collector.endpoint, ...options });
    const outcome = await exporter.send([exporter.createBatch()], new AbortController().signal);
    assert.deepEqual(outcome, { acknowledged: 0, rejected: 0, why: undefined });
  }
  assert.equal(collector.requests.length, 3);
});

test('a URL is used unchanged', async (t) => {
  diagnosticLog(t);
  const urls: string[] = [];
  const fetch: FetchLike = async (url) => {
    urls.push(url);
    return OK;
  };
  await flushed(new OtlpHttpExporter({ url: 'https://example.com/a/b?c=d', fetch }));
  await flushed(new OtlpHttpExporter({ fetch }));
  assert.deepEqual(urls, ['https://example.com/a/b?c=d', 'http://localhost:4318/v1/traces']);
});

test('the request is not traced, but concurrent work of the application is', async (t) => {
  diagnosticLog(t);
  const { contextStorage } = processState;
  const seen: boolean[] = [];
  const look = () => seen.push(isTracingSuppressed(contextStorage.getStore() ?? ROOT_CONTEXT));
  let processor: BatchSpanProcessor | undefined;
  const fetch: FetchLike = async () => {
    look();
    // Like an instrumented fetch, before and after an await.
    tracer.startSpan('POST').end();
    await null;
    look();
    tracer.startSpan('POST').end();
    return OK;
  };
  processor = new BatchSpanProcessor(new OtlpHttpExporter({ fetch }));
  const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('test');
  await tracer.startActiveSpan('request', async (span) => {
    tracer.startSpan('child').end();
    await processor.forceFlush();
    look();
    tracer.startSpan('child').end();
    span.end();
  });
  await processor.forceFlush();
  assert.deepEqual(seen, [true, true, false, true, true]);
  assert.equal(balanced(processor).ended, 3);
});

for (const status of [301, 302, 307, 308]) {
  test(`a redirect with ${status} is not followed, so that credentials stay where they are`, async (t) => {
    const log = diagnosticLog(t);
    const elsewhere = await startCollector();
    const collector = await startCollector({ answer: () => ({ status, headers: { location: elsewhere.endpoint } }) });
    t.after(() => Promise.all([collector.close(), elsewhere.close()]));
    const { dropped } = await flushed(
      new OtlpHttpExporter({ url: collector.endpoint, headers: { authorization: 'secret' } }),
    );
    assert.deepEqual(dropped, { refused: 1 });
    assert.deepEqual([collector.requests.length, elsewhere.requests.length], [1, 0]);
    assert.match(log[0].message, /redirects are not followed: set the final address/);
  });
}

describe('the body of a response', () => {
  test('is read to its end, so that the connection can be reused', async (t) => {
    diagnosticLog(t);
    const collector = await startCollector({
      answer: ({ index }) => ({ status: index % 2 === 0 ? 200 : 500, body: 'x'.repeat(1_000_000) }),
    });
    t.after(() => collector.close());
    const processor = new BatchSpanProcessor(new OtlpHttpExporter({ url: collector.endpoint }));
    const end = endedSpansInto(processor);
    for (let at = 0; at < 12; at++) {
      end(1);
      await processor.forceFlush();
    }
    assert.equal(collector.requests.length, 12);
    // One connection, plus another if the client did not see in time that the first was free.
    assert.ok(collector.connections <= 3, String(collector.connections));
  });

  test('is read up to 4 MiB, even if it never ends', async (t) => {
    diagnosticLog(t);
    let closed = false;
    const url = await served(t, (_, response) => {
      const chunk = Buffer.alloc(256 * 1024);
      const write = () => {
        while (!response.destroyed && response.write(chunk));
      };
      response
        .writeHead(200)
        .on('drain', write)
        .on('close', () => {
          closed = true;
        });
      write();
    });
    const { acknowledged } = await flushed(new OtlpHttpExporter({ url }));
    assert.equal(acknowledged, 1);
    while (!closed) await new Promise((resolve) => setImmediate(resolve));
  });

  test('is truncated in the warning, without control characters', async (t) => {
    const log = diagnosticLog(t);
    const collector = await startCollector({
      answer: () => ({ status: 400, body: `\x1b[31mred\r\n${'x'.repeat(5_000)}` }),
    });
    t.after(() => collector.close());
    await flushed(new OtlpHttpExporter({ url: collector.endpoint }));
    assert.match(log[0].message, / answered 400 "\[31mred x{290,}"$/);
    assert.ok(log[0].message.length < 500);
  });

  test('in tiny pieces is not read to its end', async (t) => {
    diagnosticLog(t);
    const encoder = new TextEncoder();
    let crumbs = 0;
    let isCancelled = false;
    const body = {
      getReader: () => ({
        read: async () => ({ done: false, value: encoder.encode(String(crumbs++ % 10)) }),
        cancel: async () => {
          isCancelled = true;
        },
      }),
    };
    const { acknowledged } = await flushed(new OtlpHttpExporter({ fetch: async () => ({ ...OK, body }) }));
    assert.deepEqual([acknowledged, isCancelled, crumbs < 10_000], [1, true, true]);
  });

  test('of anything but bytes is ignored', async (t) => {
    diagnosticLog(t);
    const read = async () => ({ done: false, value: 'text' as never });
    const body = { getReader: () => ({ read, cancel: async () => {} }) };
    assert.equal((await flushed(new OtlpHttpExporter({ fetch: async () => ({ ...OK, body }) }))).acknowledged, 1);
  });

  test('that never ends is not waited for, since the head is enough', async (t) => {
    diagnosticLog(t);
    const url = await served(t, (_, response) => void response.writeHead(200).write('half'));
    assert.equal((await flushed(new OtlpHttpExporter({ url, timeoutMillis: 50 }))).acknowledged, 1);
  });
});

test('a gRPC server accepts nothing over HTTP, and the message says what to do', async (t) => {
  const log = diagnosticLog(t);
  const { url, requests, close } = await startGrpcCollector();
  t.after(close);
  const processor = new BatchSpanProcessor(new OtlpHttpExporter({ url: `${url}/v1/traces` }));
  endedSpansInto(processor)(2);
  for (const _ of [1, 2]) assert.equal((await processor.forceFlush()).pending, 2);
  assert.match(
    log[0].message,
    /the server speaks HTTP\/2, which OTLP over gRPC uses: set otlpProtocol to grpc, or use/,
  );
  await processor.shutdown();
  assert.deepEqual([balanced(processor).dropped, requests.length], [{ unreachable: 2 }, 0]);
});

describe('a user’s own fetch', () => {
  for (const [what, fetch] of [
    ['throws', () => assert.fail('broken')],
    ['rejects', () => Promise.reject(new Error('broken'))],
    ['rejects with nothing', () => Promise.reject()],
    ['rejects with null', () => Promise.reject(null)],
    ['resolves to nothing', () => Promise.resolve(undefined as never)],
  ] as [string, FetchLike][]) {
    test(`that ${what} is called again, and the outcome of the spans is unknown`, async (t) => {
      const log = diagnosticLog(t);
      const processor = new BatchSpanProcessor(new OtlpHttpExporter({ fetch }));
      endedSpansInto(processor)(2);
      assert.deepEqual(await processor.forceFlush(), { exported: 0, pending: 2, dropped: 0 });
      assert.deepEqual(await processor.shutdown({ timeoutMillis: 10 }), { exported: 0, pending: 0, dropped: 2 });
      assert.equal(balanced(processor).unknown, 2);
      assert.deepEqual(
        log.map(({ code }) => code),
        ['export_delayed', 'shutdown'],
      );
    });
  }

  test('whose response body fails has still answered', async (t) => {
    const log = diagnosticLog(t);
    const fetch = async () => ({ ...OK, body: { getReader: () => assert.fail('broken') } });
    assert.equal((await flushed(new OtlpHttpExporter({ fetch }))).acknowledged, 1);
    assert.deepEqual(log, []);
  });

  // The errors of Node, Bun, Deno and workerd.
  for (const error of [
    Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED', message: '' } }),
    Object.assign(new Error('Unable to connect. Is the computer able to access the url?'), {
      code: 'ConnectionRefused',
    }),
    new TypeError(
      'error sending request for url: client error (Connect): tcp connect error: Connection refused (os error 111)',
    ),
    new Error('Network connection refused'),
    Object.assign(new TypeError('fetch failed'), { cause: { code: 'ENOTFOUND', message: '' } }),
  ]) {
    test(`recognizes a refused connection by “${error.message}”`, async (t) => {
      diagnosticLog(t);
      let attempts = 0;
      const { acknowledged } = await flushed(
        new OtlpHttpExporter({ fetch: async () => (++attempts < 5 ? Promise.reject(error) : OK) }),
      );
      assert.deepEqual([acknowledged, attempts], [1, 5]);
      const processor = new BatchSpanProcessor(new OtlpHttpExporter({ fetch: () => Promise.reject(error) }));
      endedSpansInto(processor)(1);
      await processor.shutdown();
      assert.deepEqual(balanced(processor).dropped, { unreachable: 1 });
    });
  }
});

describe('a buffer', () => {
  /** Sends ten spans one by one, and returns the buffer of each request. The fifth span gets no answer at first. */
  async function buffersOf(options: OtlpHttpExporterOptions): Promise<ArrayBuffer[]> {
    const buffers: ArrayBuffer[] = [];
    const encoding = new ProtobufEncoding();
    const { _body } = encoding;
    encoding._body = (batches) => {
      const body = _body.call(encoding, batches);
      buffers.push(body[0].buffer);
      return body;
    };
    const processor = new BatchSpanProcessor(new OtlpHttpExporter({ ...options, encoding }));
    const end = endedSpansInto(processor);
    for (let at = 0; at < 10; at++) {
      end(1);
      await hurried(processor);
    }
    assert.equal(buffers.length, 11);
    assert.equal(buffers[5], buffers[4], 'it is sent again');
    return buffers;
  }

  test('is reused after an answer, but not after a time-out, when it may still be read', async (t) => {
    diagnosticLog(t);
    const collector = await startCollector({ answer: ({ index }) => (index === 4 ? { fault: 'silence' } : undefined) });
    t.after(() => collector.close());
    const buffers = await buffersOf({ url: collector.endpoint, timeoutMillis: 500 });
    assert.ok(new Set(buffers.slice(0, 5)).size < 5);
    assert.ok(new Set(buffers.slice(6)).size < 5);
    assert.ok(!buffers.slice(6).includes(buffers[4]));
  });

  test('is not reused with a user’s own fetch, which may read it after the answer', async (t) => {
    diagnosticLog(t);
    let sent = 0;
    const fetch: FetchLike = async () => {
      if (++sent === 5) throw new Error('lost on the way');
      return OK;
    };
    assert.equal(new Set(await buffersOf({ fetch })).size, 10);
  });
});

describe('an option', () => {
  for (const [options, message] of [
    [{ url: 'localhost:4318' }, /^url: "localhost:4318" is not an http:\/\/ or https:\/\/ URL/],
    [{ url: 'ftp://localhost' }, /^url: "ftp:\/\/localhost"/],
    [{ url: '' }, /^url: ""/],
    [{ timeoutMillis: 0 }, /^timeoutMillis: 0 is not a number of at least 1/],
    [{ timeoutMillis: Number.NaN }, /^timeoutMillis: NaN/],
    [{ endpoint: 'http://collector:4318' }, /^endpoint: unknown option; known options are url, headers, /],
    [{ timeoutMillis: '10' }, /^timeoutMillis: "10"/],
    [{ url: 'http://host/?token=1', compression: 'br' }, /^compression: "br" is not one of gzip, none$/],
    [{ compression: null }, /^compression: "null" is not one of gzip, none$/],
    [{ fetch: 'fetch' }, /^fetch: a function/],
    [{ headers: { 'a b': 'c' } }, /^headers: "a " is not a valid header: names must be tokens/],
    [
      { headers: { a: 'b\r\nc: d' } },
      /^headers: "a" is not a valid header: names must be tokens, values Latin-1 strings$/,
    ],
    [{ headers: { a: 5 } }, /^headers: "a"/],
    [{ headers: 'authorization=secret' }, /^headers: a plain object of names and values is required$/],
    [{ headers: null }, /^headers: a plain object/],
    [{ headers: new Map([['authorization', 's3cret']]) }, /^headers: a plain object/],
    [{ headers: new Headers({ authorization: 's3cret' }) }, /^headers: a plain object/],
  ] as [object, RegExp][]) {
    test(`is refused, with its name: ${JSON.stringify(options)}`, () => {
      assert.throws(() => new OtlpHttpExporter(options), { message });
    });
  }

  test('that may be a secret is not shown in the message', () => {
    assert.throws(
      () => new OtlpHttpExporter({ headers: { authorization: 'secret\n' } }),
      ({ message }: Error) => !message.includes('secret'),
    );
  });
});

/** Ends a span, flushes and checks that nothing is pending. */
async function flushed(exporter: OtlpHttpExporter) {
  const processor = new BatchSpanProcessor(exporter);
  endedSpansInto(processor)(1);
  await hurried(processor);
  const stats = balanced(processor);
  assert.equal(stats.pending, 0);
  return stats;
}

/** Starts a server with this listener, and returns its URL. */
async function served(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => listener(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
