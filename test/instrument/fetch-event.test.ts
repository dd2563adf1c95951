import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Sampler } from '../../src/core/sampler.ts';
import { spanOf } from '../../src/instrument/event-span.ts';
import { type TraceFetchOptions, traceFetch } from '../../src/instrument/fetch.ts';
import { traceHandler } from '../../src/instrument/handler.ts';
import type { HandlerOptions } from '../../src/instrument/handler-options.ts';
import { W3CTraceContextPropagator } from '../../src/propagation/trace-context.ts';
import { activeContext, initialize, shutdown, spanId, traceId } from '../../src/trace.ts';
import { Recorder } from '../core/recorder.ts';
import type { DecodedSpan } from '../oracle/otlp.ts';
import { type FetchHandler, startFetchServer } from './fetch-server.ts';

// The numbers of OTLP.
const SERVER = 2;
const ERROR = 2;
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT = { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01` };

interface Tracing {
  readonly recorder: Recorder;
  readonly options: HandlerOptions;
}

function tracing(): Tracing {
  const recorder = new Recorder();
  return { recorder, options: { tracer: recorder.tracer, propagator: new W3CTraceContextPropagator() } };
}

/** Calls a traced handler directly, without a server, and returns what was recorded. */
async function call(
  handler: (request: Request) => unknown,
  request = new Request('http://host/path'),
  more: HandlerOptions = {},
): Promise<{ recorder: Recorder; spans: DecodedSpan[]; result: unknown; error: unknown }> {
  const { recorder, options } = tracing();
  let result: unknown;
  let error: unknown;
  try {
    result = await traceHandler(handler, { ...options, ...more })(request);
  } catch (thrown) {
    error = thrown;
  }
  return { recorder, spans: recorder.sent(), result, error };
}

/** Starts a server that traces `handler`, with a recorder of its spans. */
async function serve(t: TestContext, handler: FetchHandler, more: HandlerOptions = {}) {
  const { recorder, options } = tracing();
  const server = await startFetchServer(t, traceHandler(handler, { ...options, ...more }));
  return { ...server, recorder };
}

/** Waits until this many spans have ended. */
async function ended({ ended: spans }: Recorder, count: number): Promise<void> {
  while (spans.length < count) await delay(5);
}

/** Creates a body whose chunks the test controls. */
function controlled() {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const cancelled: unknown[] = [];
  const stream = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
    cancel(reason) {
      cancelled.push(reason);
    },
  });
  const text = new TextEncoder();
  return {
    stream,
    cancelled,
    write: (piece: string) => controller.enqueue(text.encode(piece)),
    close: () => controller.close(),
    fail: (error: unknown) => controller.error(error),
  };
}

describe('a traced handler', () => {
  it('creates a SERVER span for a request, with the parent from its headers', async (t) => {
    const { url, recorder } = await serve(t, () => new Response('hello', { status: 201 }));
    const response = await fetch(`${url}/users?name=x`, { method: 'POST', body: 'b', headers: PARENT });
    assert.deepEqual([response.status, await response.text()], [201, 'hello']);
    const [span] = recorder.sent();
    assert.deepEqual([span.name, span.kind, span.status], ['POST', SERVER, { code: 0, message: '' }]);
    assert.deepEqual([span.traceId, span.parentSpanId], [TRACE_ID, 'b7ad6b7169203331']);
    const { hostname, port } = new URL(url);
    const { 'user_agent.original': agent, ...attributes } = span.attributes;
    assert.equal(typeof agent, 'string');
    assert.deepEqual(attributes, {
      'http.request.method': 'POST',
      'http.response.status_code': 201n,
      'url.scheme': 'http',
      'url.path': '/users',
      'url.query': 'name=x',
      'server.address': hostname,
      'server.port': BigInt(port),
    });
  });

  it('has its span active, and spanOf finds it by the request', async () => {
    const seen: (string | undefined)[] = [];
    const { spans } = await call(async (request) => {
      seen.push(spanId());
      await delay(1);
      seen.push(spanId(), spanOf(request)?.spanContext().spanId);
      return new Response();
    });
    assert.deepEqual(seen, Array(3).fill(spans[0].spanId));
    assert.equal(spanOf(new Request('http://host/')), undefined);
  });

  it('answers many requests at once, each in its own trace', async (t) => {
    const { url, recorder } = await serve(t, async (request) => {
      await delay(Math.random() * 20);
      return Response.json([spanId(), spanOf(request)?.spanContext().spanId]);
    });
    const answers = await Promise.all(
      Array.from({ length: 30 }, async () => (await (await fetch(url)).json()) as [string, string]),
    );
    const spans = recorder.sent();
    assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, 30);
    assert.deepEqual(answers.map(([active]) => active).sort(), spans.map((span) => span.spanId).sort());
    for (const [active, found] of answers) assert.equal(found, active);
  });

  it('is traced once, with one decision, if another traced handler passes the request on', async () => {
    let decisions = 0;
    const sampler: Sampler = { shouldSample: () => ({ decision: decisions++ === 0 ? 0 : 2 }) };
    const recorder = new Recorder({ sampler });
    const { tracer } = recorder;
    const inner = traceHandler(async (_request: Request) => new Response(), { tracer });
    const outer = traceHandler((request: Request) => inner(request), { tracer });
    for (const spans of [0, 1]) {
      await outer(new Request('http://host/'));
      assert.equal(recorder.ended.length, spans);
    }
  });

  it('gets route, attributes and ignored requests from options', async () => {
    const more: HandlerOptions = {
      route: ({ url }) => new URL(url).pathname.replace(/\d+/, ':id'),
      attributes: ({ method }) => ({ tenant: method }),
      ignore: ({ url }) => url.endsWith('/health'),
      redactUrl: (url) => url.replace('secret', '…'),
    };
    const { spans } = await call(() => new Response(), new Request('http://host/users/5?key=secret'), more);
    assert.equal(spans[0].name, 'GET /users/:id');
    const { 'http.route': route, tenant, 'url.query': query } = spans[0].attributes;
    assert.deepEqual([route, tenant, query], ['/users/:id', 'GET', 'key=…']);
    const ignored = await call(() => new Response('well'), new Request('http://host/health'), more);
    assert.deepEqual([ignored.spans, await (ignored.result as Response).text()], [[], 'well']);
  });

  it('continues if options throw', async () => {
    const fail = () => {
      throw new Error('no');
    };
    const more = { route: fail, attributes: fail, ignore: fail, redactUrl: fail };
    const { spans, result } = await call(() => new Response('well'), undefined, more);
    assert.equal(await (result as Response).text(), 'well');
    assert.equal(spans.length, 1);
  });

  it('calls the handler untraced without tracing, and within the trace if nothing is recorded', async () => {
    const promise = Promise.resolve(new Response('well'));
    const plain = traceHandler((_request: Request) => promise, {
      config: { exporterType: 'jaeger' as never, onDiagnostic() {} },
    });
    assert.equal(await (await plain(new Request('http://host/'))).text(), 'well');
    const { options, recorder } = tracing();
    const handler = traceHandler((request: Request) => new Response(spanOf(request)?.spanContext().traceId), options);
    const request = new Request('http://host/', { headers: { traceparent: PARENT.traceparent.replace(/1$/, '0') } });
    assert.equal(await (await handler(request)).text(), TRACE_ID);
    assert.deepEqual(recorder.ended, []);
  });
});

describe('a bad carrier', () => {
  const MEGABYTE = 'x'.repeat(1_048_576);
  const hostile = new Proxy(
    {},
    {
      get() {
        throw new Error('no');
      },
    },
  );
  const headers: [what: string, headers: unknown][] = [
    ['nothing', undefined],
    ['null', null],
    ['a Map of something else', new Map([['traceparent', 'x']])],
    ['a proxy that throws', hostile],
    ['a megabyte', new Headers({ traceparent: MEGABYTE, tracestate: MEGABYTE, baggage: MEGABYTE, host: MEGABYTE })],
    ['an invalid context', new Headers({ traceparent: '00-0-0-01' })],
    ['a context of zeros', new Headers({ traceparent: `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01` })],
  ];
  for (const [what, carrier] of headers) {
    it(`starts a new trace: ${what}`, async () => {
      const request = { method: 'GET', url: 'http://host/', headers: carrier } as Request;
      const { spans, result } = await call(() => new Response('well'), request);
      assert.equal(await (result as Response).text(), 'well');
      assert.deepEqual([spans.length, spans[0].parentSpanId, spans[0].kind], [1, '', SERVER]);
    });
  }

  it('may have an invalid signal', async () => {
    for (const signal of [null, {}, hostile]) {
      const request = { method: 'GET', url: 'http://host/', headers: new Headers(), signal } as unknown as Request;
      const { spans, result } = await call(() => new Response('well'), request);
      assert.equal(await (result as Response).text(), 'well');
      assert.equal(spans.length, 1);
    }
  });

  it('may be the whole request', async () => {
    for (const request of [undefined, null, hostile, 5]) {
      const { spans, result } = await call(() => new Response('well'), request as unknown as Request);
      assert.equal(await (result as Response).text(), 'well');
      assert.equal(spans.length, 1);
    }
  });
});

describe('a handler that fails', () => {
  const failure = Object.assign(new TypeError('no such room'), { code: 'ENOROOM' });
  const throwing: [what: string, handler: () => unknown][] = [
    [
      'throws',
      () => {
        throw failure;
      },
    ],
    ['rejects', () => Promise.reject(failure)],
    [
      'rejects later',
      async () => {
        await delay(1);
        throw failure;
      },
    ],
  ];
  for (const [what, handler] of throwing) {
    it(`is recorded, and the error is passed on unchanged, when it ${what}`, async () => {
      const { spans, error } = await call(handler);
      assert.equal(error, failure);
      const [{ status, attributes, events }] = spans;
      assert.deepEqual(status, { code: ERROR, message: 'no such room' });
      assert.equal(attributes['error.type'], 'ENOROOM');
      assert.deepEqual(
        events.map((event) => [event.name, event.attributes['exception.type']]),
        [['exception', 'TypeError']],
      );
    });
  }

  for (const thrown of [undefined, null, 'text', 5, Object.freeze({})]) {
    it(`may throw anything: ${JSON.stringify(thrown)}`, async () => {
      const { spans, error } = await call(() => Promise.reject(thrown));
      assert.equal(error, thrown);
      assert.deepEqual([spans.length, spans[0].status.code], [1, ERROR]);
    });
  }

  it('is answered by the server, and statuses from 500 on are errors', async (t) => {
    const { url, recorder } = await serve(t, (request) => {
      const status = Number(new URL(request.url).pathname.slice(1));
      if (status === 0) throw failure;
      return new Response('', { status });
    });
    for (const status of [404, 503, 0]) await (await fetch(`${url}/${status}`)).text();
    assert.deepEqual(
      recorder
        .sent()
        .map(({ attributes, status }) => [
          attributes['http.response.status_code'],
          attributes['error.type'],
          status.code,
        ]),
      [
        [404n, undefined, 0],
        [503n, '503', ERROR],
        [undefined, 'ENOROOM', ERROR],
      ],
    );
  });
});

describe('a response', () => {
  it('is passed on completely', async () => {
    const headers: [string, string][] = [
      ['content-type', 'text/x-own'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ];
    for (const body of ['text', controlled().stream]) {
      const { result } = await call(() => new Response(body, { status: 418, statusText: 'Teapot', headers }));
      const response = result as Response;
      assert.deepEqual([response.status, response.statusText, [...response.headers]], [418, 'Teapot', headers]);
    }
  });

  it('that is in memory ends the span at once, whatever its type', async () => {
    const form = new FormData();
    form.set('a', 'b');
    const bodies: [body: BodyInit, type: string | null][] = [
      ['text', 'text/plain;charset=UTF-8'],
      ['', 'text/plain;charset=UTF-8'],
      [new Uint8Array(100_000).fill(65), null],
      [new Blob(['blob'], { type: 'text/x-own' }), 'text/x-own'],
      [new URLSearchParams({ a: 'b' }), 'application/x-www-form-urlencoded;charset=UTF-8'],
    ];
    for (const [body, type] of bodies) {
      const { spans, result } = await call(() => new Response(body));
      assert.equal(spans.length, 1, 'the span waits for somebody to read what is there');
      const response = result as Response;
      assert.equal(response.headers.get('content-type'), type);
      assert.equal(await response.text(), await new Response(body).text());
    }
    const { spans, result } = await call(() => new Response(form));
    assert.equal(spans.length, 1);
    assert.equal((await (result as Response).formData()).get('a'), 'b');
  });

  it('that is a stream is timed to its end', async (t) => {
    const body = controlled();
    const { url, recorder } = await serve(t, () => new Response(body.stream));
    const response = await fetch(url);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    body.write('one');
    assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), 'one');
    body.write('two');
    assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), 'two');
    assert.equal(recorder.ended.length, 0, 'the span has ended before the body');
    body.close();
    assert.equal((await reader.read()).done, true);
    const [span] = recorder.sent();
    assert.deepEqual([span.status.code, span.attributes['http.response.status_code']], [0, 200n]);
  });

  it('that is a stream produces its chunks within the span', async () => {
    const seen: string[] = [];
    let left = 3;
    const { recorder, result } = await call(
      () =>
        new Response(
          new ReadableStream({
            async pull(controller) {
              await delay(1);
              seen.push(spanId());
              if (left-- > 0) controller.enqueue(new Uint8Array(1));
              else controller.close();
            },
          }),
        ),
    );
    assert.equal((await (result as Response).bytes()).length, 3);
    assert.deepEqual(seen, Array(4).fill(recorder.sent()[0].spanId));
  });

  it('that is a stream produces its chunks within the trace, even if that is not recorded or the span has ended', async (t) => {
    const { recorder, options } = tracing();
    const seen: string[] = [];
    const source: UnderlyingDefaultSource = {
      async pull(controller) {
        await delay(1);
        seen.push(traceId());
        recorder.tracer.startSpan('work', {}, activeContext()).end();
        if (seen.length % 3 > 0) controller.enqueue(new Uint8Array(1));
        else controller.close();
      },
    };
    const unsampled = { traceparent: PARENT.traceparent.replace(/1$/, '0') };
    for (const [more, headers] of [
      [{}, unsampled],
      [{ timeoutMillis: 20 }, PARENT],
    ] as const) {
      const handler = async () => {
        await delay(40);
        return new Response(new ReadableStream(source, { highWaterMark: 0 }));
      };
      const server = await startFetchServer(t, traceHandler(handler, { ...options, ...more }));
      assert.equal((await (await fetch(server.url, { headers })).bytes()).length, 2);
    }
    assert.deepEqual(seen, Array(6).fill(TRACE_ID));
    assert.deepEqual(
      recorder.sent().map(({ name, traceId: id }) => [name, id]),
      [['GET', TRACE_ID], ...Array(3).fill(['work', TRACE_ID])],
    );
  });

  it('of a request that is not recorded is left alone with timeBody: false, and without tracing', async (t) => {
    const { options } = tracing();
    const headers = { traceparent: PARENT.traceparent.replace(/1$/, '0') };
    const request = () => new Request('http://host/', { headers });
    const response = new Response(controlled().stream);
    assert.equal(await traceHandler((_: Request) => response, { ...options, timeBody: false })(request()), response);
    initialize({ exporterType: 'none' });
    t.after(() => shutdown());
    assert.equal(await traceHandler((_: Request) => response)(request()), response);
  });

  it('is not read faster than its client, after a little that is read ahead', async () => {
    for (const [size, ahead] of [
      [1_000, 5],
      [40_000, 3],
      [1_000_000, 2],
    ]) {
      let pulls = 0;
      const endless = new ReadableStream(
        {
          pull(controller) {
            pulls++;
            controller.enqueue(new Uint8Array(size));
          },
        },
        { highWaterMark: 0 },
      );
      const { result, recorder } = await call(() => new Response(endless));
      assert.equal(pulls, ahead);
      const reader = ((result as Response).body as ReadableStream).getReader();
      for (let piece = 0; piece < 20; piece++) assert.equal((await reader.read()).value.length, size);
      assert.equal(pulls, 20);
      await reader.cancel();
      assert.equal(recorder.ended.length, 1);
    }
  });

  it('that breaks off is recorded, and fails with the same error', async () => {
    const body = controlled();
    const { recorder, result } = await call(() => new Response(body.stream));
    const reader = ((result as Response).body as ReadableStream).getReader();
    body.write('one');
    await reader.read();
    const failure = new RangeError('the model has gone');
    body.fail(failure);
    await assert.rejects(reader.read(), failure);
    const [{ status, attributes }] = recorder.sent();
    assert.deepEqual(
      [status, attributes['error.type'], attributes['http.response.status_code']],
      [{ code: ERROR, message: 'the model has gone' }, 'RangeError', 200n],
    );
  });

  it('that the client stops reading is cancelled at its source', async (t) => {
    const body = controlled();
    const { url, recorder } = await serve(t, () => new Response(body.stream));
    const aborting = new AbortController();
    const response = await fetch(url, { signal: aborting.signal });
    body.write('one');
    await (response.body as ReadableStream).getReader().read();
    aborting.abort();
    await ended(recorder, 1);
    assert.deepEqual(body.cancelled, ['the client has gone']);
    const [{ attributes, status }] = recorder.sent();
    assert.deepEqual(
      [attributes['error.type'], attributes['http.request.aborted'], status.code],
      ['client_disconnected', true, 0],
    );
  });

  it('that nobody reads ends its span after the time-out', async () => {
    const { recorder, result } = await call(() => new Response(controlled().stream), undefined, { timeoutMillis: 20 });
    await ended(recorder, 1);
    assert.equal(recorder.sent()[0].attributes['error.type'], 'timeout');
    assert.equal((result as Response).bodyUsed, false);
  });

  it('is returned unchanged with timeBody: false', async () => {
    const body = controlled();
    const response = new Response(body.stream);
    const { spans, result } = await call(() => response, undefined, { timeBody: false });
    assert.equal(result, response);
    assert.equal(spans.length, 1);
  });

  const without: [what: string, response: () => Response, method?: string][] = [
    ['has no body', () => new Response(null)],
    ['has a status without one', () => new Response(null, { status: 204 })],
    ['is not modified', () => new Response(null, { status: 304 })],
    ['is a redirect', () => Response.redirect('http://elsewhere/')],
    ['answers HEAD', () => new Response(controlled().stream), 'HEAD'],
  ];
  for (const [what, make, method] of without) {
    it(`that ${what} is returned unchanged, and ends the span at once`, async () => {
      const response = make();
      const { spans, result } = await call(() => response, new Request('http://host/', { method }));
      assert.equal(result, response);
      assert.equal(spans[0].attributes['http.response.status_code'], BigInt(response.status));
      assert.equal(spans[0].status.code, 0);
    });
  }

  it('of an upgrade is returned unchanged', async () => {
    // No server for Node creates such a response.
    const response = Object.create(new Response(null), { status: { value: 101 } }) as Response;
    const { spans, result } = await call(() => response);
    assert.equal(result, response);
    assert.equal(spans[0].attributes['http.response.status_code'], 101n);
  });

  it('may be missing for an upgrade on Bun', async () => {
    const request = new Request('http://host/', { headers: { upgrade: 'websocket' } });
    const { spans, result } = await call(() => undefined, request);
    assert.equal(result, undefined);
    assert.deepEqual([spans[0].attributes['http.response.status_code'], spans[0].status.code], [101n, 0]);
  });

  const wrong: [what: string, make: () => unknown, type: string][] = [
    ['nothing', () => undefined, 'no_response'],
    ['null', () => null, 'no_response'],
    ['a string', () => 'hello', 'no_response'],
    ['an object', () => ({ ok: true }), 'no_response'],
    ['Response.error()', () => Response.error(), 'network_error'],
    [
      'a response that has been read',
      async () => {
        const response = new Response('read');
        await response.text();
        return response;
      },
      'body_used',
    ],
    [
      'a response that is being read',
      () => {
        const response = new Response('locked');
        response.body?.getReader();
        return response;
      },
      'body_used',
    ],
    [
      'what throws when it is looked at',
      () =>
        new Proxy(
          {},
          {
            get(_, name) {
              if (name === 'then') return undefined;
              throw new Error('no');
            },
          },
        ),
      'no_response',
    ],
  ];
  for (const [what, make, type] of wrong) {
    it(`that is invalid is passed on, and recorded: ${what}`, async () => {
      const returned = await make();
      const { spans, result } = await call(() => returned);
      assert.equal(result, returned);
      assert.deepEqual([spans.length, spans[0].status.code, spans[0].attributes['error.type']], [1, ERROR, type]);
    });
  }

  it('does not end the span of a fetch whose body is still being read, if the process continues', async () => {
    const { recorder, options } = tracing();
    const { stream, write, close } = controlled();
    const fetchTraced = traceFetch(async (_url: string) => new Response(stream), options as TraceFetchOptions);
    let read: Promise<string> | undefined;
    const handler = traceHandler(async () => {
      read = (await fetchTraced('http://elsewhere/')).text();
      return new Response('at once');
    }, options);
    const response = await handler();
    assert.equal(await response.text(), 'at once');
    assert.deepEqual(
      recorder.sent().map(({ kind }) => kind),
      [SERVER],
    );
    write('later');
    close();
    assert.equal(await read, 'later');
    assert.equal(recorder.sent().length, 2);
  });

  it('that comes from a traced fetch also ends the span of that fetch', async (t) => {
    const { url } = await startFetchServer(t, () => new Response('from elsewhere'));
    for (const timeBody of [true, false]) {
      const { recorder, options } = tracing();
      const fetchTraced = traceFetch(fetch, options as TraceFetchOptions);
      const proxy = traceHandler((_request: Request) => fetchTraced(url), { ...options, timeBody });
      const response = await proxy(new Request('http://host/'));
      assert.equal(await response.text(), 'from elsewhere');
      const [first, second] = recorder.sent();
      const [server, client] = first.kind === SERVER ? [first, second] : [second, first];
      assert.equal(client.parentSpanId, server.spanId);
    }
  });
});

describe('a handler that never returns', () => {
  it('has its span ended when the client disconnects, and continues', async (t) => {
    let finish = () => {};
    const finished = new Promise<Response>((resolve) => {
      finish = () => resolve(new Response('too late'));
    });
    const { url, recorder, answered } = await serve(t, () => finished);
    const aborting = new AbortController();
    const response = fetch(url, { signal: aborting.signal });
    await once(aborting.signal, 'abort', { signal: AbortSignal.timeout(50) }).catch(() => {});
    aborting.abort();
    await assert.rejects(response, { name: 'AbortError' });
    await ended(recorder, 1);
    const { attributes } = recorder.sent()[0];
    assert.deepEqual([attributes['error.type'], attributes['http.request.aborted']], ['client_disconnected', true]);
    finish();
    await finished;
    while (answered.length === 0) await delay(1);
    assert.equal((answered[0].result as Response).status, 200);
    assert.equal(recorder.ended.length, 1);
  });

  it('has its span ended after the time-out, and may still answer', async () => {
    const { recorder, options } = tracing();
    let finish = (_response: Response) => {};
    const handler = traceHandler(
      (_request: Request) =>
        new Promise<Response>((resolve) => {
          finish = resolve;
        }),
      { ...options, timeoutMillis: 20 },
    );
    const answer = handler(new Request('http://host/'));
    await ended(recorder, 1);
    const [{ attributes, status }] = recorder.sent();
    assert.deepEqual(
      [attributes['error.type'], status],
      ['timeout', { code: ERROR, message: 'no activity for 20 ms' }],
    );
    finish(new Response('late'));
    assert.equal(await (await answer).text(), 'late');
    assert.equal(recorder.ended.length, 1);
  });
});
