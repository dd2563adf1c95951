import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import {
  connect,
  constants,
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import { type AddressInfo, connect as connectSocket, type Server } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, it, type TestContext } from 'node:test';
import { spanIn } from '../../src/core/context.ts';
import { processState } from '../../src/core/process-state.ts';
import { AlwaysOffSampler, ParentBasedSampler, type Sampler } from '../../src/core/sampler.ts';
import type { ReadableSpan, Span } from '../../src/core/span.ts';
import { recordError } from '../../src/core/span-callback.ts';
import { spanOf } from '../../src/instrument/event-span.ts';
import { traceHandler } from '../../src/instrument/handler.ts';
import { traceNodeHandler } from '../../src/instrument/node-handler.ts';
import type { ServerOptions } from '../../src/instrument/server-span.ts';
import { W3CTraceContextPropagator } from '../../src/propagation/trace-context.ts';
import { codesOf, diagnosticLog } from '../core/diagnostic-log.ts';
import { Recorder } from '../core/recorder.ts';

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;

interface Served {
  readonly recorder: Recorder;
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  /** The results of listeners' rejections. */
  readonly rejections: unknown[];
  /** Resolves when this many spans have ended. */
  ended(count: number): Promise<readonly ReadableSpan[]>;
}

async function serve(
  t: TestContext,
  listener: Listener,
  options: ServerOptions<IncomingMessage> = {},
  recorder: Recorder = new Recorder(),
): Promise<Served> {
  const rejections: unknown[] = [];
  const traced = traceNodeHandler(listener, {
    tracer: recorder.tracer,
    propagator: new W3CTraceContextPropagator(),
    ...options,
  });
  const server = createServer((incoming, response) => {
    try {
      Promise.resolve(traced(incoming, response)).catch((error) => {
        rejections.push(error);
        if (!response.headersSent) response.writeHead(500).end();
      });
    } catch (error) {
      rejections.push(error);
      response.writeHead(500).end();
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    recorder,
    url: `http://127.0.0.1:${port}`,
    port,
    server,
    rejections,
    async ended(count) {
      // In turns, since the server may release a response later than the client reads it.
      while (recorder.ended.length < count) await new Promise(setImmediate);
      assert.equal(recorder.ended.length, count);
      return recorder.ended;
    },
  };
}

const diagnostics = diagnosticLog();
const active = () => spanIn(processState.contextStorage.getStore() as never);

describe('traceNodeHandler', () => {
  it('creates a SERVER span that describes request and response, in the trace of the caller', async (t) => {
    const { url, port, ended } = await serve(t, (_request, response) => response.end('hello'));
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const response = await fetch(`${url}/users/7?a=1&token=s3cret`, {
      headers: { traceparent, 'user-agent': 'test', 'x-forwarded-for': '192.0.2.7, 10.0.0.1' },
    });
    assert.equal(await response.text(), 'hello');
    const [{ name, kind, attributes, status, parentSpanContext }] = await ended(1);
    assert.deepEqual([name, kind, status.code], ['GET', 1, 0]);
    assert.deepEqual([parentSpanContext?.spanId, parentSpanContext?.isRemote], ['b7ad6b7169203331', true]);
    assert.deepEqual(attributes, {
      'http.request.method': 'GET',
      'url.scheme': 'http',
      'url.path': '/users/7',
      'url.query': 'a=1&token=REDACTED',
      'server.address': '127.0.0.1',
      'server.port': port,
      'user_agent.original': 'test',
      'client.address': '192.0.2.7',
      'network.protocol.version': '1.1',
      'http.response.status_code': 200,
    });
  });

  it('has the client’s address from Cloudflare, from proxies, or from the socket', async (t) => {
    const { port, ended } = await serve(t, (_request, response) => response.end());
    const given = [
      { 'cf-connecting-ip': '192.0.2.1', 'x-forwarded-for': '192.0.2.2' },
      { 'x-forwarded-for': '::ffff:192.0.2.3, 10.0.0.1' },
      {},
      // With what proxies add to it.
      { 'x-forwarded-for': '192.0.2.4:41237, 10.0.0.1' },
      { 'x-forwarded-for': '"[2001:db8::1]:4711"' },
      { 'x-forwarded-for': ' [::ffff:192.0.2.5]:80' },
      { 'x-forwarded-for': '2001:db8::2 , 10.0.0.1' },
    ];
    for (const headers of given)
      await (await fetch(`http://127.0.0.1:${port}/`, { headers: headers as HeadersInit })).text();
    const spans = await ended(7);
    assert.deepEqual(
      spans.map(({ attributes }) => attributes['client.address']),
      ['192.0.2.1', '192.0.2.3', '127.0.0.1', '192.0.2.4', '2001:db8::1', '192.0.2.5', '2001:db8::2'],
    );
  });

  it('is active in the listener, after an await, and in the listeners of request and response', async (t) => {
    const seen: unknown[] = [];
    const { url, recorder, ended } = await serve(t, async (incoming, response) => {
      seen.push(active());
      response.on('finish', () => seen.push(active()));
      incoming.on('data', () => seen.push(active()));
      await once(incoming, 'end');
      seen.push(active());
      response.end();
    });
    await fetch(url, { method: 'POST', body: 'x' });
    await ended(1);
    assert.equal(seen.length, 4);
    assert.ok(
      seen.every((span) => span === recorder.started[0].span),
      'the same span each time',
    );
  });

  it('leaves a span of the listener active in the events that it emits, until that span has ended', async (t) => {
    const seen: unknown[] = [];
    const { url, recorder, ended } = await serve(t, (_request, response) => {
      for (const event of ['rendered', 'pipe', 'finish']) response.on(event, () => seen.push(active()));
      const span = recorder.tracer.startSpan('render', {}, processState.contextStorage.getStore());
      span.run(() => {
        response.emit('rendered');
        Readable.from(['x']).pipe(response);
      });
      seen.push(span);
      span.end();
    });
    await (await fetch(url)).text();
    await ended(2);
    const [outer, inner] = recorder.started.map(({ span }) => span);
    assert.deepEqual(seen, [inner, inner, inner, outer]);
  });

  it('treats a status from 500 on as an error, and none below', async (t) => {
    const { url, ended } = await serve(t, (incoming, response) =>
      response.writeHead(Number(incoming.url?.slice(1))).end(),
    );
    for (const status of [404, 499, 500, 503]) await (await fetch(`${url}/${status}`)).text();
    assert.deepEqual(
      (await ended(4)).map(({ status, attributes }) => [status.code, attributes['error.type']]),
      [
        [0, undefined],
        [0, undefined],
        [2, '500'],
        [2, '503'],
      ],
    );
  });

  for (const [way, listener] of Object.entries<Listener>({
    throws: () => {
      throw new RangeError('no');
    },
    rejects: async () => {
      throw new RangeError('no');
    },
  })) {
    it(`records what a listener ${way}, and passes it on`, async (t) => {
      const { url, ended, rejections } = await serve(t, listener);
      assert.equal((await fetch(url)).status, 500);
      const [{ status, attributes, events }] = await ended(1);
      assert.ok(rejections[0] instanceof RangeError, 'the same error');
      assert.deepEqual([status, events[0].name], [{ code: 2, message: 'no' }, 'exception']);
      assert.deepEqual([attributes['error.type'], attributes['http.response.status_code']], ['RangeError', 500]);
    });
  }

  it('keeps an error that the application has recorded before it answers', async (t) => {
    const { url, ended } = await serve(t, (_request, response) => {
      recordError(active() as Span, new RangeError('no'));
      response.writeHead(500).end();
    });
    await (await fetch(url)).text();
    const [{ status, attributes }] = await ended(1);
    assert.deepEqual([status, attributes['error.type']], [{ code: 2, message: 'no' }, '500']);
  });

  it('returns what the listener returns', () => {
    const result = {};
    const traced = traceNodeHandler((_request: IncomingMessage, _response: ServerResponse) => result, {
      ignore: () => true,
    });
    assert.equal(traced({ headers: {} } as never, {} as never), result);
  });

  it('records that the client has disconnected, which is not an error', async (t) => {
    const { url, ended } = await serve(t, () => {});
    const controller = new AbortController();
    const asked = fetch(url, { signal: controller.signal });
    while ((await ended(0)).length === 0 && !controller.signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      controller.abort();
    }
    await assert.rejects(asked);
    const [{ attributes, status }] = await ended(1);
    assert.deepEqual(
      [
        attributes['http.request.aborted'],
        attributes['error.type'],
        attributes['http.response.status_code'],
        status.code,
      ],
      [true, 'client_disconnected', undefined, 0],
    );
  });

  it('records what the listener has thrown if the client gave up waiting', async (t) => {
    const recorder = new Recorder();
    const traced = traceNodeHandler(
      (_request: IncomingMessage, _response: ServerResponse) => Promise.reject(new RangeError('no')),
      { tracer: recorder.tracer },
    );
    const thrown = new EventEmitter();
    const server = createServer((incoming, response) => {
      traced(incoming, response).catch((error) => thrown.emit('caught', error));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    t.after(() => server.close());
    const caught = once(thrown, 'caught');
    const socket = connectSocket((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nhost: here\r\n\r\n');
    await caught;
    socket.destroy();
    while (recorder.ended.length === 0) await new Promise(setImmediate);
    const [{ attributes, status }] = recorder.ended;
    assert.deepEqual(
      [attributes['http.request.aborted'], attributes['error.type'], status.code],
      [undefined, 'RangeError', 2],
    );
  });

  it('records the error with which the server broke off a response, once', async (t) => {
    const broken = Object.assign(new Error('no more'), { code: 'EPIECE' });
    async function* pieces() {
      yield 'piece';
      throw broken;
    }
    const listeners: Listener[] = [
      (_request, response) => pipeline(Readable.from(pieces()), response).catch(() => {}),
      (_request, response) => void response.destroy(broken),
      // Like a framework whose handler has thrown.
      async (_request, response) => {
        setImmediate(() => response.destroy(broken));
        throw broken;
      },
    ];
    for (const listener of listeners) {
      const recorder = new Recorder();
      const server = createServer((incoming, response) => {
        Promise.resolve(traceNodeHandler(listener, { tracer: recorder.tracer })(incoming, response)).catch(() => {});
      }).listen(0, '127.0.0.1');
      t.after(() => server.close());
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      await assert.rejects(fetch(`http://127.0.0.1:${port}`).then((response) => response.text()));
      while (recorder.ended.length === 0) await new Promise(setImmediate);
      const [{ attributes, status, events }] = recorder.ended;
      assert.deepEqual(
        [attributes['error.type'], attributes['http.request.aborted'], status, events.length],
        ['EPIECE', undefined, { code: 2, message: 'no more' }, 1],
      );
    }
  });

  it('ignores what a listener throws after it has answered', async (t) => {
    const { url, ended, rejections } = await serve(t, async (_request, response) => {
      response.end();
      await once(response, 'close');
      throw new Error('later');
    });
    await (await fetch(url)).text();
    while (rejections.length === 0) await new Promise(setImmediate);
    const [{ attributes, status }] = await ended(1);
    assert.deepEqual([attributes['error.type'], status.code], [undefined, 0]);
    assert.deepEqual(codesOf(diagnostics), []);
  });

  it('creates one span per request, however often its listener was traced', async (t) => {
    const { url, ended, recorder } = await serve(t, (incoming, response) => inner(incoming, response));
    const inner = traceNodeHandler((_request: IncomingMessage, response: ServerResponse) => response.end('once'), {
      tracer: recorder.tracer,
    });
    assert.equal(await (await fetch(url)).text(), 'once');
    assert.equal((await ended(1))[0].name, 'GET');
  });

  it('makes one decision per request, however often its listener was traced', async (t) => {
    let decisions = 0;
    const root: Sampler = { shouldSample: () => ({ decision: decisions++ === 0 ? 0 : 2 }) };
    const recorder = new Recorder({ sampler: new ParentBasedSampler({ root }) });
    const { tracer } = recorder;
    const inner = traceNodeHandler((_request: IncomingMessage, response: ServerResponse) => response.end('once'), {
      tracer,
    });
    const { url } = await serve(t, (incoming, response) => inner(incoming, response), {}, recorder);
    assert.equal(await (await fetch(url)).text(), 'once');
    assert.deepEqual(recorder.started, []);
  });

  it('is the parent of a handler to which a framework passes another request', async (t) => {
    const { url, recorder, ended } = await serve(t, async (incoming, response) => {
      const headers = incoming.headers as HeadersInit;
      response.end(await (await inner(new Request('http://host/', { headers }))).text());
    });
    const inner = traceHandler(async (_request: Request) => new Response('inner'), {
      tracer: recorder.tracer,
      propagator: new W3CTraceContextPropagator(),
    });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    assert.equal(await (await fetch(url, { headers: { traceparent } })).text(), 'inner');
    const [passedOn, received] = await ended(2);
    assert.equal(passedOn.parentSpanContext?.spanId, received.spanContext().spanId);
    assert.equal(received.parentSpanContext?.spanId, 'b7ad6b7169203331');
  });

  it('is not the parent of a request that a server gets which it has started', async (t) => {
    for (const flags of ['00', '01']) {
      const trace = (digit: string) => ({ traceparent: `00-${digit.repeat(32)}-b7ad6b7169203331-${flags}` });
      const inner = traceHandler(async (_request: Request) => new Response('inner'), {
        tracer: new Recorder().tracer,
        propagator: new W3CTraceContextPropagator(),
      });
      const { url } = await serve(t, async (_request, response) => {
        // The context of the event lasts as long as what it has started.
        const [other, none] = [{ headers: trace('2') }, {}].map((init) => new Request('http://host/', init));
        await inner(other);
        await inner(none);
        const ids = [other, none].map((request) => spanOf(request)?.spanContext().traceId);
        response.end(JSON.stringify([ids[0], ids[1] !== '1'.repeat(32)]));
      });
      const answer = await fetch(url, { headers: trace('1') });
      assert.deepEqual(await answer.json(), ['2'.repeat(32), true]);
    }
  });

  it('has the route in its name, from Express or from the caller', async (t) => {
    const express = await serve(t, (incoming, response) => {
      Object.assign(incoming, { baseUrl: '/api', route: { path: '/users/:id' } });
      response.end();
    });
    await fetch(`${express.url}/api/users/7`);
    // Express takes the mount path back before it calls the handler of errors.
    const failed = await serve(t, (incoming, response) => {
      Object.assign(incoming, { baseUrl: '/api', route: { path: '/users/:id' } }, { baseUrl: '' });
      const { route } = incoming as { route?: unknown };
      response.end(JSON.stringify(route));
    });
    assert.equal(await (await fetch(`${failed.url}/api/users/7`)).text(), '{"path":"/users/:id"}');
    const pattern = await serve(t, (incoming, response) => {
      Object.assign(incoming, { route: { path: '*' } }, { route: { path: /^\/users/ } });
      response.end();
    });
    await fetch(`${pattern.url}/users/7`);
    const own = await serve(t, (_request, response) => response.end(), { route: () => '/own' });
    await fetch(own.url, { method: 'DELETE' });
    const failing = await serve(t, (_request, response) => response.end(), {
      route: () => {
        throw new Error('no');
      },
    });
    await fetch(failing.url);
    const named = await Promise.all(
      [express, failed, pattern, own, failing].map(async ({ ended }) => (await ended(1))[0]),
    );
    assert.deepEqual(
      named.map(({ name, attributes }) => [name, attributes['http.route']]),
      [
        ['GET /api/users/:id', '/api/users/:id'],
        ['GET /api/users/:id', '/api/users/:id'],
        ['GET', undefined],
        ['DELETE /own', '/own'],
        ['GET', undefined],
      ],
    );
  });

  it('accepts additional attributes, also for each request', async (t) => {
    const { url, ended } = await serve(t, (_request, response) => response.end(), {
      attributes: ({ headers }) => ({ 'app.tenant': headers['x-tenant'] as string }),
    });
    await fetch(url, { headers: { 'x-tenant': 'seven' } });
    assert.equal((await ended(1))[0].attributes['app.tenant'], 'seven');
  });

  it('creates no span for ignored or unsampled requests, whose trace continues', async (t) => {
    const ignored = await serve(t, (_request, response) => response.end(), { ignore: ({ url }) => url === '/health' });
    await fetch(`${ignored.url}/health`);
    assert.deepEqual(ignored.recorder.started, []);
    const passedOn: unknown[] = [];
    const unsampled = await serve(
      t,
      (incoming, response) => {
        passedOn.push(active()?.spanContext().traceId);
        incoming.on('end', () => {
          passedOn.push(active()?.spanContext().traceId);
          response.end();
        });
        incoming.resume();
      },
      {},
      new Recorder({ sampler: new AlwaysOffSampler() }),
    );
    await fetch(unsampled.url, {
      method: 'POST',
      body: 'x',
      headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
    });
    assert.deepEqual(passedOn, Array(2).fill('0af7651916cd43dd8448eb211c80319c'));
    assert.deepEqual(unsampled.recorder.ended, []);
  });

  it('starts a new trace if the headers contain no valid one', async (t) => {
    const { url, port, ended } = await serve(t, (_request, response) => response.end());
    await fetch(url, { headers: { traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` } });
    // A duplicate header, and bytes that are not UTF-8.
    const socket = connectSocket(port, '127.0.0.1');
    const one = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    socket.write(
      Buffer.from(`GET / HTTP/1.1\r\nhost: \xff\r\ntraceparent: ${one}\r\ntraceparent: ${one}\r\n\r\n`, 'latin1'),
    );
    const spans = await ended(2);
    for (const { parentSpanContext } of spans) assert.equal(parentSpanContext, undefined);
    socket.destroy();
  });

  it('uses only known method names, whatever a client sends', async (t) => {
    const { port, ended } = await serve(t, (_request, response) => response.end());
    const asked = request({ port, method: 'PROPFIND' }).end();
    await once(asked, 'response');
    const [{ name, attributes }] = await ended(1);
    assert.deepEqual(
      [name, attributes['http.request.method'], attributes['http.request.method_original']],
      ['HTTP', '_OTHER', 'PROPFIND'],
    );
  });

  it('traces an HTTP/2 server', async (t) => {
    const recorder = new Recorder();
    const options = { tracer: recorder.tracer, propagator: new W3CTraceContextPropagator() };
    const listener = (_request: Http2ServerRequest, response: Http2ServerResponse) => void response.end('two');
    const server = createHttp2Server(traceNodeHandler(listener, options));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const session = connect(`http://127.0.0.1:${port}`);
    t.after(() => server.close());
    const stream = session.request({ ':path': '/two?key=s3cret' });
    stream.resume();
    await once(stream, 'close');
    session.close();
    while (recorder.ended.length === 0) await new Promise(setImmediate);
    const { name, attributes } = recorder.ended[0];
    assert.deepEqual([name, attributes['network.protocol.version']], ['GET', '2']);
    assert.deepEqual(
      ['url.scheme', 'url.path', 'url.query', 'server.address', 'server.port', 'http.response.status_code'].map(
        (key) => attributes[key],
      ),
      ['http', '/two', 'key=REDACTED', '127.0.0.1', port, 200],
    );
  });

  it('also records who has ended an HTTP/2 stream', async (t) => {
    const recorder = new Recorder();
    const listener = (incoming: Http2ServerRequest, response: Http2ServerResponse): void => {
      if (incoming.url === '/broken') response.stream.destroy(new RangeError('no more'));
      else if (incoming.url === '/begun') response.write('piece');
    };
    const server = createHttp2Server(traceNodeHandler(listener, { tracer: recorder.tracer }));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    t.after(() => server.close());
    const said: unknown[] = [];
    for (const path of ['/silent', '/begun', '/broken']) {
      const arrived = once(server, 'request');
      const stream = session.request({ ':path': path });
      stream.on('error', () => {});
      stream.resume();
      await arrived;
      if (path === '/begun') await once(stream, 'response');
      if (path !== '/broken') stream.close(constants.NGHTTP2_CANCEL);
      while (recorder.ended.length === said.length) await new Promise(setImmediate);
      const { attributes, status } = recorder.ended[said.length];
      said.push([path, attributes['http.request.aborted'], attributes['error.type'], status.code]);
    }
    session.close();
    assert.deepEqual(said, [
      ['/silent', true, 'client_disconnected', 0],
      ['/begun', true, 'client_disconnected', 0],
      ['/broken', undefined, 'RangeError', 2],
    ]);
  });

  it('calls the listener with objects that imitate a request and a response', async () => {
    const recorder = new Recorder();
    const traced = traceNodeHandler(
      (_request: object, response: object) => {
        if ('fails' in response) throw new RangeError('no more');
        return Promise.resolve('handled');
      },
      { tracer: recorder.tracer },
    );
    const given = { headers: {}, method: 'GET', url: '/' };
    assert.equal(await traced(given, {}), 'handled');
    assert.equal(await traced(Object.freeze({ ...given }), Object.freeze(new EventEmitter())), 'handled');
    assert.throws(() => traced({ ...given }, { fails: true }), RangeError);
    assert.deepEqual(
      recorder.ended.map(({ attributes }) => attributes['error.type']),
      [undefined, undefined, 'RangeError'],
    );
  });

  it('refuses an invalid listener', () => {
    assert.throws(() => traceNodeHandler(undefined as never), { message: 'listener: a function is required' });
  });

  it('refuses invalid options', () => {
    for (const [options, message] of [
      [{ ignore: /health/ }, 'ignore: /health/ is not a function'],
      [{ attributes: 'a' }, 'attributes: "a" is not an object or a function'],
      [{ routes: () => '/' }, 'routes: unknown option; known options are TRACING, route, attributes'],
    ] as [options: object, message: string][]) {
      assert.throws(() => traceNodeHandler(() => {}, options), {
        message: message.replace('TRACING', 'tracer, propagator, ignore, redactUrl'),
      });
    }
  });
});
