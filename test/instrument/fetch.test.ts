import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { fetch as undiciFetch } from 'undici';
import type { Attributes } from '../../src/core/attributes.ts';
import { compareHrTime } from '../../src/core/clock.ts';
import { ROOT_CONTEXT, setSpan, suppressTracing } from '../../src/core/context.ts';
import { processState } from '../../src/core/process-state.ts';
import { AlwaysOffSampler } from '../../src/core/sampler.ts';
import type { ReadableSpan } from '../../src/core/span.ts';
import { type TraceFetchOptions, traceFetch } from '../../src/instrument/fetch.ts';
import { withUnread } from '../../src/instrument/unread-bodies.ts';
import { B3Propagator } from '../../src/propagation/b3.ts';
import { W3CTraceContextPropagator } from '../../src/propagation/trace-context.ts';
import { Recorder } from '../core/recorder.ts';

const ALL = 'the whole of it';

/** Answers depending on the path. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const { pathname } = new URL(request.url ?? '', 'http://host');
  const status = Number(pathname.slice(1));
  if (status >= 200) {
    response.writeHead(status, status === 302 ? { location: '/' } : {}).end(status === 204 ? '' : ALL);
  } else if (pathname === '/headers') {
    response.end(JSON.stringify(request.headers));
  } else if (pathname === '/echo') {
    request.pipe(response);
  } else if (pathname === '/empty') {
    response.setHeader('content-length', 0).end();
  } else if (pathname === '/cut') {
    response.write(ALL, () => response.destroy());
  } else if (pathname === '/endless') {
    response.write(ALL);
  } else if (pathname === '/silent') {
    // Never answers.
  } else {
    response.end(ALL);
  }
}

/** Stream features that the DOM types lack. */
function chunksOf(body: Response['body']): AsyncIterable<Uint8Array> {
  return body as unknown as AsyncIterable<Uint8Array>;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

describe('traceFetch', () => {
  let server: Server;
  let url: string;
  before(async () => {
    server = createServer(answer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  function traced<F extends typeof fetch = typeof fetch>(options: TraceFetchOptions = {}, plain?: F) {
    const recorder = new Recorder();
    const tracing = { tracer: recorder.tracer, propagator: new W3CTraceContextPropagator(), ...options };
    return { recorder, fetch: traceFetch(plain ?? fetch, tracing) };
  }

  /** Returns the only span, which has ended. */
  function only({ ended }: Recorder): ReadableSpan {
    assert.equal(ended.length, 1, 'spans that have ended');
    return ended[0];
  }

  it('creates a CLIENT span that describes request and response', async () => {
    const { recorder, fetch } = traced({ attributes: { 'peer.service': 'test' } });
    await (await fetch(`${url}/?a=1&token=s3cret`, { method: 'post', body: 'x' })).text();
    const { name, kind, attributes, status, events } = only(recorder);
    assert.deepEqual([name, kind, status.code], ['POST', 2, 0]);
    assert.deepEqual(attributes, {
      'http.request.method': 'POST',
      'url.full': `${url}/?a=1&token=REDACTED`,
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(url).port),
      'peer.service': 'test',
      'http.response.status_code': 200,
    });
    assert.deepEqual(
      events.map((event) => event.name),
      ['http.response.headers'],
    );
  });

  it('is the child of the active span, and sends its own context to the server', async () => {
    const { recorder, fetch } = traced();
    const parent = recorder.start('parent');
    const response = await processState.contextStorage.run(setSpan(ROOT_CONTEXT, parent), () =>
      fetch(`${url}/headers`, { headers: { traceparent: 'replaced', 'x-own': 'kept' } }),
    );
    const { traceparent, 'x-own': own } = (await response.json()) as Record<string, string>;
    const span = only(recorder);
    const { traceId, spanId } = span.spanContext();
    assert.equal(span.parentSpanContext?.spanId, parent.spanContext().spanId);
    assert.equal(traceparent, `00-${traceId}-${spanId}-03`);
    assert.equal(own, 'kept');
  });

  for (const [form, headers] of Object.entries({
    'an object': { 'x-own': '1' },
    pairs: [['x-own', '1']] as [string, string][],
    Headers: new Headers({ 'x-own': '1' }),
  })) {
    it(`keeps headers given as ${form}, and does not modify the caller’s`, async () => {
      const { fetch } = traced();
      const init = Object.freeze({ headers, method: 'GET' });
      const before = JSON.stringify([...new Headers(headers)]);
      const got = (await (await fetch(`${url}/headers`, init)).json()) as Record<string, string>;
      assert.equal(got['x-own'], '1');
      assert.match(got.traceparent, /^00-/);
      assert.equal(JSON.stringify([...new Headers(headers)]), before);
    });
  }

  it('takes a URL, a Request with a body, and a Request instead of options', async () => {
    const { recorder, fetch } = traced();
    assert.equal(await (await fetch(new URL('/echo', url), { method: 'POST', body: 'one' })).text(), 'one');
    const request = () => new Request(`${url}/echo`, { method: 'POST', body: 'two', headers: { 'x-own': '1' } });
    assert.equal(await (await fetch(request())).text(), 'two');
    assert.equal(await (await fetch(`${url}/echo?three`, request())).text(), 'two');
    const got = await (await fetch(new Request(`${url}/headers`, { headers: { 'x-own': '1' } }))).json();
    assert.equal((got as Record<string, string>)['x-own'], '1');
    assert.match((got as Record<string, string>).traceparent, /^00-/);
    assert.deepEqual(
      recorder.ended.map(({ name }) => name),
      ['POST', 'POST', 'POST', 'GET'],
    );
  });

  it('keeps what a Request says about its referrer', async () => {
    const sent: Request[] = [];
    const { fetch } = traced({}, (async (...args: ConstructorParameters<typeof Request>) => {
      sent.push(new Request(...args));
      return new Response();
    }) as typeof globalThis.fetch);
    await fetch(new Request(url, { referrer: '', referrerPolicy: 'origin' }));
    await fetch(url);
    assert.deepEqual(
      sent.map(({ referrer, referrerPolicy }) => [referrer, referrerPolicy]),
      [
        ['', 'origin'],
        ['about:client', ''],
      ],
    );
  });

  it('does not pass on the trace state of another trace', async () => {
    const forwarded = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, tracestate: 'a=1', baggage: 'c=2' };
    const sent = async (options?: TraceFetchOptions, context = ROOT_CONTEXT) => {
      const { fetch } = traced(options);
      const response = await processState.contextStorage.run(context, () =>
        fetch(`${url}/headers`, { headers: forwarded }),
      );
      const { traceparent, tracestate, baggage } = (await response.json()) as Record<string, string>;
      return [traceparent === forwarded.traceparent, tracestate, baggage];
    };
    assert.deepEqual(await sent(), [false, undefined, 'c=2']);
    const caller = new W3CTraceContextPropagator().extract(ROOT_CONTEXT, { ...forwarded, tracestate: 'own=1' });
    assert.deepEqual(await sent({}, caller), [false, 'own=1', 'c=2']);
    assert.deepEqual(await sent({ propagateTo: [] }), [true, 'a=1', 'c=2']);
    assert.deepEqual(await sent({ propagator: new B3Propagator() }), [true, 'a=1', 'c=2']);
  });

  it('records only the scheme of a URL that names no server', async () => {
    const { recorder, fetch } = traced();
    const blob = URL.createObjectURL(new Blob(['private']));
    for (const local of ['data:text/plain,private', blob]) assert.equal(await (await fetch(local)).text(), 'private');
    URL.revokeObjectURL(blob);
    assert.deepEqual(
      recorder.ended.map(({ attributes }) => attributes),
      ['data:', 'blob:'].map((scheme) => ({
        'http.request.method': 'GET',
        'url.full': scheme,
        'http.response.status_code': 200,
      })),
    );
    const sent: unknown[][] = [];
    const local = traced({}, (async (...args: unknown[]) => void sent.push(args)) as never);
    await local.fetch('data:,');
    assert.deepEqual(sent, [['data:,']]);
  });

  it('sends a stream unchanged', async () => {
    const { fetch } = traced();
    const body = new Blob(['streamed']).stream();
    const response = await fetch(`${url}/echo`, { method: 'POST', body, duplex: 'half' } as RequestInit);
    assert.equal(await response.text(), 'streamed');
  });

  describe('ends its span with the body', () => {
    const readings: Record<string, (response: Response) => Promise<unknown>> = {
      'by text()': (response) => response.text(),
      'by arrayBuffer()': (response) => response.arrayBuffer(),
      'by blob()': (response) => response.blob(),
      'by a reader': async ({ body }) => {
        const reader = body?.getReader();
        while (!(await reader?.read())?.done);
      },
      'by a reader that takes over from another': async ({ body }) => {
        body?.getReader().releaseLock();
        const reader = body?.getReader();
        while (!(await reader?.read())?.done);
      },
      'by iteration': async ({ body }) => {
        for await (const chunk of chunksOf(body)) assert.ok(chunk, 'a chunk');
      },
      'by pipeTo()': async ({ body }) => body?.pipeTo(new WritableStream()),
      'by pipeThrough()': ({ body }) =>
        new Response(body?.pipeThrough(new TransformStream() as TransformStream<Uint8Array, Uint8Array>)).text(),
      'by tee()': async ({ body }) =>
        Promise.all((body?.tee() ?? []).map((branch) => branch.pipeTo(new WritableStream()))),
      'by its clone': (response) => response.clone().text(),
      'by json() although it is none': (response) => response.json().catch(() => {}),
      'by text() after the stream was looked at': (response) => (response.body ? response.text() : Promise.reject()),
    };
    for (const [way, readAll] of Object.entries(readings)) {
      it(way, async () => {
        const { recorder, fetch } = traced();
        const response = await fetch(url);
        assert.deepEqual(recorder.ended, []);
        await readAll(response);
        const { status, attributes, events } = only(recorder);
        assert.deepEqual([status.code, attributes['http.response.body.cancelled'], events.length], [0, undefined, 1]);
      });
    }

    it('when a reader cancels it', async () => {
      for (const stop of [
        ({ body }: Response) => body?.cancel(),
        ({ body }: Response) => body?.getReader().cancel(),
        async ({ body }: Response) => {
          for await (const _chunk of chunksOf(body)) break;
        },
        async ({ body }: Response) => {
          await body?.pipeThrough(new TransformStream() as TransformStream<Uint8Array, Uint8Array>).cancel();
          // The pipe learns of it a little later.
          await setImmediate();
        },
      ]) {
        const { recorder, fetch } = traced();
        await stop(await fetch(`${url}/endless`));
        const { status, attributes } = only(recorder);
        assert.deepEqual([status.code, attributes['http.response.body.cancelled']], [0, true]);
      }
    });

    it('when all its readers have cancelled it, or another has read it', async () => {
      const copies: ((response: Response) => Response[])[] = [
        (response) => [response, response.clone()],
        ({ body }) => (body?.tee() ?? []).map((branch) => new Response(branch)),
      ];
      for (const copiesOf of copies) {
        const [both, one] = [traced(), traced()];
        const [first, second] = copiesOf(await both.fetch(`${url}/endless`));
        // A branch of `tee` settles only with the other one.
        const cancelled = first.body?.cancel();
        await setImmediate();
        assert.deepEqual(both.recorder.ended, []);
        await Promise.all([cancelled, second.body?.cancel()]);
        assert.equal(only(both.recorder).attributes['http.response.body.cancelled'], true);
        const [dropped, read] = copiesOf(await one.fetch(url));
        dropped.body?.cancel();
        await setImmediate();
        assert.deepEqual(one.recorder.ended, []);
        assert.equal(await read.text(), ALL);
        // `new Response(branch)` has methods of its own, and the end of its stream is noticed a little later.
        await setImmediate();
        assert.equal(only(one.recorder).attributes['http.response.body.cancelled'], undefined);
      }
    });

    it('when a copy has been read as a whole, whoever has begun to read another', async () => {
      const { recorder, fetch } = traced();
      const response = await fetch(url);
      const reader = response.clone().body?.getReader();
      await reader?.read();
      assert.equal(await response.text(), ALL);
      assert.equal(only(recorder).attributes['http.response.body.cancelled'], undefined);
    });

    it('when it breaks off, which is an error, the same that the reader gets', async () => {
      for (const readAll of [readings['by text()'], readings['by a reader'], readings['by iteration']]) {
        const { recorder, fetch } = traced();
        const response = await fetch(`${url}/cut`);
        const error = await readAll(response).then(
          () => assert.fail('it was read'),
          (thrown: Error) => thrown,
        );
        const { status, attributes, events } = only(recorder);
        assert.deepEqual([status.code, status.message], [2, error.message]);
        assert.equal(attributes['error.type'], 'UND_ERR_SOCKET');
        assert.equal(events[1].name, 'exception');
      }
    });

    it('that is a Node stream, and says how that ended', async () => {
      const ends: [end: (stream: PassThrough) => unknown, status: number, type?: string, cancelled?: boolean][] = [
        [(stream) => stream.end(ALL).resume(), 0],
        [(stream) => stream.destroy(), 0, undefined, true],
        [(stream) => stream.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET' })), 2, 'ECONNRESET'],
      ];
      for (const [end, status, type, cancelled] of ends) {
        const body = new PassThrough();
        const { recorder, fetch } = traced({}, (async () => ({ status: 200, headers: new Headers(), body })) as never);
        await fetch(url);
        body.on('error', () => {});
        end(body);
        await new Promise((resolve) => body.on('close', resolve));
        const span = only(recorder);
        assert.equal(span.status.code, status);
        assert.equal(span.attributes['error.type'], type);
        assert.equal(span.attributes['http.response.body.cancelled'], cancelled);
      }
    });

    it('that can still be read after it was piped with wrong arguments, which fail as without tracing', async () => {
      const { recorder, fetch } = traced();
      const { body } = await fetch(url);
      const wrong = { signal: {} as AbortSignal };
      assert.throws(() => body?.pipeThrough(new TransformStream(), wrong), TypeError);
      assert.throws(() => body?.pipeThrough(undefined as never), TypeError);
      await assert.rejects(async () => body?.pipeTo(new WritableStream(), wrong), TypeError);
      assert.deepEqual(recorder.ended, []);
      assert.equal(await new Response(body).text(), ALL);
      assert.equal(only(recorder).status.code, 0);
    });

    it('at once if there is none', async () => {
      const { recorder, fetch } = traced();
      await fetch(`${url}/204`);
      await fetch(url, { method: 'HEAD' });
      await fetch(`${url}/empty`);
      assert.equal(recorder.ended.length, 3);
    });

    it('at its headers if it is an error, whose body is often left unread', async () => {
      const { recorder, fetch } = traced();
      const response = await fetch(`${url}/500`);
      const { attributes, status } = only(recorder);
      assert.deepEqual(
        [attributes['http.response.status_code'], attributes['error.type'], status.code],
        [500, '500', 2],
      );
      assert.equal(typeof (await response.text()), 'string');
      assert.equal(recorder.ended.length, 1);
    });

    it('that nobody reads, together with the event around it, at the time of its headers', async () => {
      const { recorder, fetch } = traced();
      const unread = new Set<(isLast: boolean) => void>();
      const response = await processState.contextStorage.run(withUnread(ROOT_CONTEXT, unread), () => fetch(url));
      assert.equal(unread.size, 1);
      for (const end of unread) end(false);
      const { endTime, events } = only(recorder);
      assert.deepEqual(endTime, events[0].time);
      assert.equal(unread.size, 0);
      assert.equal(await response.text(), ALL);
    });

    it('that is being read, only after it is read', async () => {
      const { recorder, fetch } = traced();
      const unread = new Set<(isLast: boolean) => void>();
      const response = await processState.contextStorage.run(withUnread(ROOT_CONTEXT, unread), () => fetch(url));
      const reader = response.body?.getReader();
      for (const end of unread) end(false);
      assert.deepEqual(recorder.ended, []);
      for (const end of unread) end(true);
      assert.equal(recorder.ended.length, 1);
      await reader?.cancel();
    });

    it('that is being read at a shutdown, at its last chunk', async () => {
      const { recorder, fetch } = traced();
      const response = await fetch(`${url}/endless`);
      const reader = response.body?.getReader();
      await reader?.read();
      const after = recorder.start('after').startTime;
      for (const end of processState.unread) end(true);
      const { startTime, endTime, events, attributes } = only(recorder);
      assert.ok(compareHrTime(events[0].time, endTime) <= 0, 'after the headers');
      assert.ok(compareHrTime(endTime, after) <= 0, 'before the shutdown');
      assert.ok(compareHrTime(startTime, endTime) < 0);
      assert.equal(attributes['http.response.body.cancelled'], undefined);
      await reader?.cancel();
    });

    it('that background work of an event does not read to its end, at the latest at a shutdown', async () => {
      const { recorder, fetch } = traced();
      const kept: unknown[] = [];
      const unread = new Set<(isLast: boolean) => void>();
      await processState.contextStorage.run(withUnread(ROOT_CONTEXT, unread), async () => {
        const begun = await fetch(`${url}/endless`);
        const reader = begun.body?.getReader();
        await reader?.read();
        kept.push(reader);
        for (const end of unread) end(false);
        kept.push(await fetch(url));
      });
      assert.deepEqual(recorder.ended, []);
      for (const end of processState.unread) end(true);
      assert.equal(recorder.ended.length, 2);
      assert.deepEqual([unread.size, processState.unread.size, kept.length], [0, 0, 2]);
      await (kept[0] as ReadableStreamDefaultReader).cancel();
    });

    it('when it is garbage-collected after a part of it has been read, at the last chunk', async () => {
      const { recorder, fetch } = traced();
      let reader = (await fetch(url)).body?.getReader();
      await reader?.read();
      const after = recorder.start('after').startTime;
      for (let turn = 0; turn < 10; turn++) {
        collect();
        await setImmediate();
      }
      assert.deepEqual(recorder.ended, [], 'ended while there is a reader');
      reader = undefined;
      while (recorder.ended.length === 0) {
        collect();
        await setImmediate();
      }
      const { endTime, events, attributes } = only(recorder);
      assert.ok(compareHrTime(events[0].time, endTime) <= 0, 'after the headers');
      assert.ok(compareHrTime(endTime, after) <= 0, 'before it was dropped');
      assert.equal(attributes['http.response.body.cancelled'], true);
    });

    it('when it is garbage-collected unread', async () => {
      const { recorder, fetch } = traced();
      await (async () => void (await fetch(url)))();
      while (recorder.ended.length === 0) {
        collect();
        await setImmediate();
      }
      const { endTime, events } = only(recorder);
      assert.deepEqual(endTime, events[0].time);
    });
  });

  it('returns the response of the runtime itself', async () => {
    let original: Response | undefined;
    const { fetch } = traced({}, (async (...args: Parameters<typeof globalThis.fetch>) => {
      original = await globalThis.fetch(...args);
      return original;
    }) as typeof globalThis.fetch);
    const response = await fetch(`${url}/302`);
    assert.equal(response, original);
    assert.deepEqual([response.redirected, response.url, response instanceof Response], [true, `${url}/`, true]);
    assert.equal(response.body, response.body);
    await response.text();
    assert.equal(response.bodyUsed, true);
    await assert.rejects(response.text(), TypeError);
  });

  it('leaves the active span alone if the tracer fails', async () => {
    const { recorder, fetch } = traced({ tracer: { startSpan: () => assert.fail('no span') } as never });
    const parent = recorder.start('parent');
    await (await parent.run(() => fetch(url))).text();
    assert.equal(parent.isRecording(), true);
    assert.deepEqual(parent.attributes, {});
    assert.deepEqual(recorder.ended, []);
  });

  it('does not touch objects that imitate a response', async () => {
    const body = new Response(ALL).body as ReadableStream<Uint8Array>;
    const mocked = { ok: true, status: 200, headers: new Headers(), body };
    const bare = Object.assign(Object.create(null), { status: 200, headers: new Headers() });
    const answers: object[] = [mocked, bare];
    const { recorder, fetch } = traced({}, (async () => answers.shift()) as never);
    const response = await fetch(url);
    assert.equal(response, mocked);
    assert.equal(await new Response(response.body).text(), ALL);
    assert.equal(only(recorder).attributes['http.response.status_code'], 200);
    assert.equal((await fetch(url)).body, undefined);
  });

  it('iterates over a body as the runtime does', async () => {
    const cancelled: unknown[] = [];
    const made = () =>
      new Response(
        new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(1)),
          cancel: () => void cancelled.push('cancelled'),
        }),
      );
    const { recorder, fetch } = traced({}, (async () => made()) as never);
    const { body } = await fetch(url);
    const iterator = chunksOf(body)[Symbol.asyncIterator]();
    assert.throws(() => chunksOf(body)[Symbol.asyncIterator](), TypeError);
    await iterator.return?.();
    assert.deepEqual(cancelled, ['cancelled']);
    assert.equal(only(recorder).attributes['http.response.body.cancelled'], true);
    const kept = (await fetch(url)).body as unknown as { values(options: object): AsyncIterator<Uint8Array> };
    const values = kept.values({ preventCancel: true });
    await values.next();
    await values.return?.();
    assert.deepEqual(cancelled, ['cancelled']);
    assert.equal(recorder.ended.length, 1);
    for await (const _ of chunksOf(kept as never)) break;
    assert.equal(recorder.ended.length, 2);
  });

  it('records where redirects have led', async () => {
    const { recorder, fetch } = traced();
    await (await fetch(`${url}/302`)).text();
    await (await fetch(`${url}/302`, { redirect: 'manual' })).text();
    assert.deepEqual(
      recorder.ended.map(({ attributes }) => [
        attributes['http.response.status_code'],
        attributes['http.response.url'],
      ]),
      [
        [200, `${url}/`],
        [302, undefined],
      ],
    );
  });

  it('redacts the URL to which redirects have led', async () => {
    const { recorder, fetch } = traced({ redactUrl: (shown) => shown.replace(/\/[^/]*$/, '/…') });
    await (await fetch(`${url}/302`)).text();
    const { attributes } = only(recorder);
    assert.deepEqual([attributes['url.full'], attributes['http.response.url']], [`${url}/…`, `${url}/…`]);
  });

  it('treats a status from 400 on as an error', async () => {
    const { recorder, fetch } = traced();
    for (const status of [399, 400, 404, 500]) await (await fetch(`${url}/${status}`)).text();
    assert.deepEqual(
      recorder.ended.map(({ status, attributes }) => [status.code, status.message, attributes['error.type']]),
      [
        [0, undefined, undefined],
        [2, undefined, '400'],
        [2, undefined, '404'],
        [2, undefined, '500'],
      ],
    );
  });

  it('records why there is no answer, and rejects with the same error', async () => {
    const thrown: unknown[] = [];
    const failing = async () => {
      const error = Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } });
      thrown.push(error);
      throw error;
    };
    const { recorder, fetch } = traced({}, failing as unknown as typeof globalThis.fetch);
    await assert.rejects(fetch(url), (error) => error === thrown[0]);
    const { status, attributes } = only(recorder);
    assert.deepEqual([status.code, attributes['error.type']], [2, 'ECONNREFUSED']);
  });

  it('throws synchronously if fetch does', () => {
    const error = new Error('at once');
    const { recorder, fetch } = traced({}, (() => {
      throw error;
    }) as unknown as typeof globalThis.fetch);
    assert.throws(
      () => fetch(url),
      (thrown) => thrown === error,
    );
    assert.equal(only(recorder).status.message, 'at once');
  });

  it('calls fetch once for an ignored request, even if it throws synchronously', () => {
    let calls = 0;
    const { recorder, fetch } = traced({ ignore: () => true }, (() => {
      calls++;
      throw new Error('at once');
    }) as unknown as typeof globalThis.fetch);
    assert.throws(() => fetch(url), { message: 'at once' });
    assert.deepEqual([calls, recorder.started], [1, []]);
  });

  it('passes on synchronous results, and results that are not a response', async () => {
    const { recorder, fetch } = traced({}, ((input: string) =>
      input.endsWith('/later') ? Promise.resolve(undefined) : 7) as never);
    assert.equal(fetch(url) as unknown, 7);
    assert.equal(await fetch(`${url}/later`), undefined);
    assert.equal(recorder.ended.length, 2);
    assert.equal(recorder.ended[0].status.code, 0);
  });

  it('ends with the headers of WebSocket and opaque responses, which have no readable body', async () => {
    for (const status of [0, 101]) {
      const answer = { status, headers: new Headers() };
      const { recorder, fetch } = traced({}, (async () => answer) as never);
      assert.equal((await fetch(url)) as unknown, answer);
      only(recorder);
      assert.deepEqual(Object.keys(answer), ['status', 'headers']);
    }
  });

  it('leaves wrong arguments to fetch', async () => {
    const { recorder, fetch } = traced();
    await assert.rejects(fetch('no url'), TypeError);
    await assert.rejects(fetch(url, { headers: { 'no name': 'x' } }), TypeError);
    await assert.rejects(fetch(url, { headers: null as never }), TypeError);
    await assert.rejects(fetch(undefined as never), TypeError);
    assert.equal(recorder.ended.length, 4);
  });

  it('does not treat an abort of the caller as an error, before or after the headers', async () => {
    const { recorder, fetch } = traced();
    const first = new AbortController();
    const silent = fetch(`${url}/silent`, { signal: first.signal });
    first.abort();
    await assert.rejects(silent, { name: 'AbortError' });
    const second = new AbortController();
    const response = await fetch(new Request(`${url}/endless`, { signal: second.signal }));
    const text = response.text();
    second.abort();
    await assert.rejects(text, { name: 'AbortError' });
    for (const { status, attributes } of recorder.ended) {
      assert.deepEqual(
        [status.code, attributes['http.request.aborted'], attributes['error.type']],
        [0, true, 'AbortError'],
      );
    }
    assert.equal(recorder.ended.length, 2);
  });

  it('treats an abort that the reader of the body notices first in the same way', async () => {
    const { recorder, fetch } = traced();
    const controller = new AbortController();
    const response = await fetch(`${url}/endless`, { signal: controller.signal });
    const reading = async () => {
      for await (const _chunk of chunksOf(response.body)) {
        controller.abort();
        break;
      }
    };
    await assert.rejects(reading(), { name: 'AbortError' });
    const { status, attributes } = only(recorder);
    assert.deepEqual(
      [status.code, attributes['http.request.aborted'], attributes['error.type']],
      [0, true, 'AbortError'],
    );
    assert.equal(attributes['http.response.body.cancelled'], undefined);
  });

  it('treats a time-out as an error', async () => {
    const { recorder, fetch } = traced();
    await assert.rejects(fetch(`${url}/silent`, { signal: AbortSignal.timeout(10) }), { name: 'TimeoutError' });
    const { status, attributes } = only(recorder);
    assert.deepEqual([status.code, attributes['error.type']], [2, 'TimeoutError']);
  });

  it('sends the context only to the named origins', async () => {
    const gets = async (propagateTo: TraceFetchOptions['propagateTo'], recorded = 1) => {
      const { recorder, fetch } = traced({ propagateTo });
      const headers = (await (await fetch(`${url}/headers`)).json()) as Record<string, string>;
      assert.equal(recorder.ended.length, recorded);
      return headers.traceparent !== undefined;
    };
    assert.equal(await gets(undefined), true);
    assert.equal(await gets([url]), true);
    assert.equal(await gets([`${url}/`]), true);
    assert.equal(await gets([/^http:\/\/127\.0\.0\.1:/]), true);
    assert.equal(await gets(({ hostname }) => hostname === '127.0.0.1'), true);
    assert.equal(await gets([]), false);
    assert.equal(await gets(['https://api.example', /example$/]), false);
    assert.equal(
      await gets(() => {
        throw new Error('no');
      }),
      false,
    );
  });

  it('refuses invalid options', () => {
    for (const [options, message] of [
      [{ propogateTo: [] }, /^propogateTo: unknown option; known options are .*propagateTo/],
      [{ ignore: /health/ }, 'ignore: /health/ is not a function'],
      [{ redactUrl: 'all' }, 'redactUrl: "all" is not a function'],
      [{ attributes: [] }, 'attributes: [] is not an object'],
      [{ propagator: {} }, 'propagator: {} is not an object with inject() and extract()'],
      [null, 'options: null is not an object'],
    ] as [options: object, message: string | RegExp][]) {
      assert.throws(() => traceFetch(fetch, options), { message });
    }
  });

  it('refuses options that name no origin', () => {
    for (const propagateTo of [['api.example'], ['https://api.example/path'], [7], 'https://api.example', [null]]) {
      assert.throws(() => traceFetch(fetch, { propagateTo: propagateTo as never }), /^TypeError: propagateTo: /);
    }
    assert.throws(() => traceFetch(7 as never), { message: 'fetch: a function is required' });
  });

  it('does not trace ignored requests, or any request if tracing is switched off', async () => {
    const { recorder, fetch } = traced({ ignore: ({ pathname }) => pathname === '/headers' });
    const headers = (await (await fetch(`${url}/headers`)).json()) as Record<string, string>;
    assert.equal(headers.traceparent, undefined);
    await processState.contextStorage.run(suppressTracing(ROOT_CONTEXT), async () => (await fetch(url)).text());
    assert.deepEqual(recorder.started, []);
  });

  it('creates one span per request, however often fetch was traced', async () => {
    const recorder = new Recorder();
    const fetch = traceFetch(traceFetch(globalThis.fetch), { tracer: recorder.tracer });
    await (await fetch(url)).text();
    assert.equal(recorder.started.length, 1);
  });

  it('takes options from anywhere in an object, such as the methods of a class', async () => {
    class Policy {
      redactUrl(): string {
        return 'hidden';
      }

      get attributes(): Attributes {
        return { tenant: 'acme' };
      }
    }
    const recorder = new Recorder();
    const policy = Object.assign(new Policy(), { tracer: recorder.tracer });
    await (await traceFetch(fetch, policy)(url)).text();
    const { attributes } = only(recorder);
    assert.deepEqual([attributes['url.full'], attributes.tenant], ['hidden', 'acme']);
  });

  it('keeps the options of a fetch that is traced again, except those given again', async () => {
    const { recorder, fetch: inner } = traced({ propagateTo: [], redactUrl: () => 'hidden', attributes: { a: 1 } });
    const fetch = traceFetch(inner, { attributes: { b: 2 }, propagateTo: undefined });
    const headers = (await (await fetch(`${url}/headers`)).json()) as Record<string, string>;
    const { attributes } = only(recorder);
    assert.deepEqual([headers.traceparent, attributes['url.full']], [undefined, 'hidden']);
    assert.deepEqual([attributes.a, attributes.b], [undefined, 2]);
  });

  it('propagates a trace that is not sampled, and leaves the response alone', async () => {
    const recorder = new Recorder({ sampler: new AlwaysOffSampler() });
    const fetch = traceFetch(globalThis.fetch, {
      tracer: recorder.tracer,
      propagator: new W3CTraceContextPropagator(),
    });
    const response = await fetch(`${url}/headers`);
    assert.deepEqual(Object.getOwnPropertyNames(response), []);
    assert.match(((await response.json()) as Record<string, string>).traceparent, /^00-.{32}-.{16}-02$/);
  });

  it('traces the fetch of undici, and keeps properties of a fetch function', async () => {
    const recorder = new Recorder();
    const own = Object.assign(undiciFetch, { preconnect: () => 'connected' });
    const fetch = traceFetch(own, { tracer: recorder.tracer, propagator: new W3CTraceContextPropagator() });
    const got = (await (await fetch(`${url}/headers`, { headers: { 'x-own': '1' } })).json()) as Record<string, string>;
    assert.deepEqual([got['x-own'], got.traceparent.length, fetch.preconnect()], ['1', 55, 'connected']);
    assert.equal(recorder.ended.length, 1);
  });
});
