import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import {
  type Context,
  contextWithBaggage,
  contextWithSpan,
  createBaggage,
  extractUpgrade,
  initialize,
  inject,
  nonRecordingSpan,
  ROOT_CONTEXT,
  shutdown,
  spanFromContext,
  type UpgradeRequest,
  upgradeProtocols,
  upgradeUrl,
} from '../../src/index.ts';
import { W3CTraceState } from '../../src/propagation/trace-state.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';
const traceparent = `00-${traceId}-${spanId}-01`;
const OTHER = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;

const span = nonRecordingSpan({ traceId, spanId, traceFlags: 1 });
const context = contextWithSpan(span, ROOT_CONTEXT);
const full = contextWithBaggage(
  contextWithSpan(nonRecordingSpan({ traceId, spanId, traceFlags: 1, traceState: new W3CTraceState('a=1,b=x;y') })),
  createBaggage({ user: { value: 'Zoë & co' } }),
);

before(() => void initialize({ exporterType: 'none', quiet: true }));
after(() => shutdown());

describe('the URL of an upgrade', () => {
  test('has the context in its query, and is otherwise unchanged', () => {
    const added = `traceparent=${traceparent}`;
    for (const [url, expected] of [
      ['wss://example.com', `wss://example.com?${added}`],
      ['wss://example.com/a%20b?x=%C3%A4&y', `wss://example.com/a%20b?x=%C3%A4&y&${added}`],
      ['/voice?', `/voice?${added}`],
      ['/voice?a#b?c', `/voice?a&${added}#b?c`],
      [`/voice?traceparent=${OTHER}&a=b`, `/voice?a=b&${added}`],
      ['', `?${added}`],
    ]) {
      assert.equal(upgradeUrl(url, { context }), expected);
    }
    assert.equal(upgradeUrl(new URL('ws://example.com/a'), { context }), `ws://example.com/a?${added}`);
  });

  test('has the active span’s context by default, and is unchanged if there is none', () => {
    assert.equal(
      span.run(() => upgradeUrl('/voice')),
      `/voice?traceparent=${traceparent}`,
    );
    assert.equal(upgradeUrl('/voice?traceparent=x'), '/voice?traceparent=x');
  });

  test('carries everything to the server that propagators write', () => {
    assert.deepEqual(fieldsOf(extractUpgrade({ url: upgradeUrl('/voice?a=b', { context: full }), headers: {} })), {
      traceparent,
      tracestate: 'a=1,b=x;y',
      baggage: 'user=Zo%C3%AB%20&%20co',
    });
  });
});

describe('the subprotocols of an upgrade', () => {
  test('are followed by the context, as far as its syntax allows', () => {
    assert.deepEqual(upgradeProtocols('voice', { context: full }), ['voice', `traceparent-${traceparent}`]);
    assert.deepEqual(upgradeProtocols(['voice.2', 'voice.1'], { context: full }), [
      'voice.2',
      'voice.1',
      `traceparent-${traceparent}`,
    ]);
  });

  test('are unchanged without a context, or without subprotocols', () => {
    assert.deepEqual(upgradeProtocols(['voice']), ['voice']);
    assert.deepEqual(upgradeProtocols([], { context: full }), []);
  });
});

describe('a server', () => {
  for (const [what, connect] of Object.entries({
    headers: (url: string) => {
      const headers: Record<string, string> = {};
      inject(headers, { context: full });
      return new WebSocket(url, { headers });
    },
    query: (url: string) => new WebSocket(upgradeUrl(url, { context: full })),
    subprotocol: (url: string) => new WebSocket(url, upgradeProtocols('voice', { context: full })),
  })) {
    test(`of the package ws finds the context in the ${what}`, async (t) => {
      const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
      t.after(() => server.close());
      await once(server, 'listening');
      const client = connect(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/voice`);
      const [[, request]] = await Promise.all([once(server, 'connection'), once(client, 'open')]);
      assert.equal(fieldsOf(extractUpgrade(request as IncomingMessage)).traceparent, traceparent);
      assert.equal(client.protocol, what === 'subprotocol' ? 'voice' : '');
      client.terminate();
    });
  }

  test('finds it in a Request', () => {
    const request = new Request(upgradeUrl('http://example.com/voice', { context }), { headers: { a: 'b' } });
    assert.equal(fieldsOf(extractUpgrade(request)).traceparent, traceparent);
    const headers = { 'sec-websocket-protocol': upgradeProtocols('voice', { context }).join(', ') };
    assert.equal(fieldsOf(extractUpgrade(new Request('http://example.com/', { headers }))).traceparent, traceparent);
  });

  for (const name of ['b3', 'b3multi', 'tracecontext']) {
    test(`finds it in subprotocols and in the query in the format ${name}`, async (t) => {
      await shutdown();
      t.after(async () => {
        await shutdown();
        initialize({ exporterType: 'none', quiet: true });
      });
      initialize({ exporterType: 'none', quiet: true, env: { OTEL_PROPAGATORS: name } });
      const protocols = upgradeProtocols('voice', { context }).join(', ');
      for (const request of [
        { url: upgradeUrl('/', { context }), headers: {} },
        { url: '/', headers: { 'sec-websocket-protocol': protocols } },
      ]) {
        assert.deepEqual(spanFromContext(extractUpgrade(request, { context: ROOT_CONTEXT })).spanContext(), {
          traceId,
          spanId,
          traceFlags: 1,
          isRemote: true,
        });
      }
    });
  }

  test('prefers headers to the query, and the query to subprotocols', () => {
    const url = `/?traceparent=${traceparent}&tracestate=a%3D1`;
    const protocols = `voice, traceparent-${OTHER}`;
    assert.deepEqual(fieldsOf(extractUpgrade({ url, headers: { traceparent: OTHER } })), { traceparent: OTHER });
    assert.deepEqual(fieldsOf(extractUpgrade({ url, headers: { 'sec-websocket-protocol': protocols } })), {
      traceparent,
      tracestate: 'a=1',
    });
    // Other propagation headers do not hide a trace in the query.
    assert.deepEqual(fieldsOf(extractUpgrade({ url, headers: { baggage: 'user=zoe' } })), {
      traceparent,
      tracestate: 'a=1',
      baggage: 'user=zoe',
    });
  });

  test('uses the given context, or the active one, if the request has none', () => {
    const request = { url: '/', headers: {} };
    assert.equal(extractUpgrade(request, { context }), context);
    assert.equal(
      span.run(() => fieldsOf(extractUpgrade(request)).traceparent),
      traceparent,
    );
  });

  const throwing = new Proxy({}, { get: () => assert.fail() }) as UpgradeRequest;
  for (const [what, request] of Object.entries<unknown>({
    'nothing at all': undefined,
    'what throws': throwing,
    'headers that throw': { url: '/', headers: throwing },
    'no headers': { url: '/' },
    'a URL that is none': { url: 5, headers: {} },
    'an invalid trace': { url: '/?traceparent=00-0-0-00', headers: {} },
    'two of them': { url: `/?traceparent=${traceparent}&traceparent=${OTHER}`, headers: {} },
    'two of them as subprotocols': {
      url: '/',
      headers: { 'sec-websocket-protocol': [`traceparent-${traceparent}`, `traceparent-${OTHER}`] },
    },
    'a megabyte of query': { url: `/?a=${'b&'.repeat(2 ** 19)}&traceparent=${traceparent}`, headers: {} },
    'a megabyte of subprotocols': { url: '/', headers: { 'sec-websocket-protocol': 'a-,'.repeat(350_000) } },
    'many subprotocols of one name': { url: '/', headers: { 'sec-websocket-protocol': 'traceparent-,'.repeat(5_000) } },
    'an array of headers without end': {
      url: '/',
      headers: { 'sec-websocket-protocol': Object.assign([], { length: 2 ** 32 - 1 }) },
    },
    'names like those of objects': { url: '/?__proto__=1', headers: { 'sec-websocket-protocol': '__proto__-1' } },
  })) {
    test(`finds no trace in a request with ${what}`, { timeout: 5_000 }, () => {
      assert.deepEqual(fieldsOf(extractUpgrade(request as UpgradeRequest, { context: ROOT_CONTEXT })), {});
    });
  }
});

/** A context as propagators write it. */
function fieldsOf(given: Context): Record<string, string> {
  const fields: Record<string, string> = {};
  inject(fields, { context: given });
  return fields;
}
