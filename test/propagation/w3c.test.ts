import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, beforeEach, describe, it } from 'node:test';
import { InMemorySpanExporter, SimpleSpanProcessor, SpanKind } from '../../src/index.ts';
import { startW3cService, type W3cService } from './w3c-service.ts';

type Header = [name: string, value: string];

/** The headers of a call that the service made. */
interface Sent {
  readonly traceId: string;
  readonly parentId: string;
  readonly flags: string;
  /** The members of `tracestate` in order, and all its headers as received. */
  readonly members: string[];
  readonly tracestates: string[];
}

const TRACE_ID = '12345678901234567890123456789012';
const PARENT_ID = '1234567890123456';
const SAMPLED = `00-${TRACE_ID}-${PARENT_ID}-01`;
const NOT_SAMPLED = `00-${TRACE_ID}-${PARENT_ID}-00`;

const exporter = new InMemorySpanExporter();
let service: W3cService;
let called: Server;
let received: Header[][] = [];

before(async () => {
  service = await startW3cService([new SimpleSpanProcessor(exporter)]);
  called = createServer((request, response) => {
    const { rawHeaders } = request;
    received.push(rawHeaders.flatMap((name, at): Header[] => (at % 2 === 0 ? [[name, rawHeaders[at + 1]]] : [])));
    response.end();
  }).listen(0, '127.0.0.1');
  await once(called, 'listening');
});
beforeEach(() => exporter.reset());
after(async () => {
  await service.close();
  called.close();
  called.closeAllConnections();
});

/**
 * Asks the service for this many calls, with exactly these headers, and returns the headers that it sent. Uses a
 * socket, because HTTP clients reorder and normalize names, and trim values.
 */
async function calls(headers: readonly Header[], count = 1): Promise<Sent[]> {
  received = [];
  const { port } = called.address() as AddressInfo;
  const body = JSON.stringify(
    Array.from({ length: count }, (_, i) => ({ url: `http://127.0.0.1:${port}/${i}`, arguments: [] })),
  );
  const { hostname, port: servicePort, pathname } = new URL(service.url);
  const socket = connect(Number(servicePort), hostname);
  socket.write(
    [
      `POST ${pathname} HTTP/1.1`,
      `Host: ${hostname}`,
      ...headers.map(([name, value]) => `${name}: ${value}`),
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
  const answer = await text(socket);
  assert.match(answer, /^HTTP\/1\.1 200 /);
  assert.equal(received.length, count);
  return received.map(sentOf);
}

/** Returns the trace context of a request, which must be valid. */
function sentOf(headers: readonly Header[]): Sent {
  const valuesOf = (wanted: string) =>
    headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
  const traceparents = valuesOf('traceparent');
  assert.equal(traceparents.length, 1, 'there is one traceparent');
  const [, traceId, parentId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparents[0]) ?? [];
  assert.ok(traceId, `${traceparents[0]} is valid`);
  assert.notEqual(traceId, '0'.repeat(32));
  assert.notEqual(parentId, '0'.repeat(16));
  assert.notEqual(parentId, PARENT_ID, 'the parent is a span of the service');
  const tracestates = valuesOf('tracestate');
  const members = tracestates.flatMap((value) => value.split(',')).map((member) => member.trim());
  return { traceId, parentId, flags, tracestates, members: members.filter(Boolean) };
}

async function call(...headers: Header[]): Promise<Sent> {
  const [sent] = await calls(headers);
  return sent;
}

/** Asserts that the service continues the trace. */
async function assertContinued(...headers: Header[]): Promise<Sent> {
  const sent = await call(...headers);
  assert.equal(sent.traceId, TRACE_ID, JSON.stringify(headers));
  return sent;
}

/** Asserts that the service starts a new trace. */
async function assertRestarted(...headers: Header[]): Promise<Sent> {
  const sent = await call(...headers);
  const ids = headers.flatMap(([, value]) => value.split('-'));
  assert.ok(!ids.includes(sent.traceId), JSON.stringify(headers));
  assert.deepEqual(sent.members, []);
  return sent;
}

const state = (...values: string[]): Header[] => [
  ['traceparent', NOT_SAMPLED],
  ...values.map((value): Header => ['tracestate', value]),
];

/** Asserts which members are propagated, in order. */
async function assertMembers(headers: Header[], ...members: string[]): Promise<void> {
  assert.deepEqual((await assertContinued(...headers)).members, members, JSON.stringify(headers));
}

const numbered = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, i) => String(from + i).padStart(2, '0'))
    .map((number) => `bar${number}=${number}`)
    .join();

// The cases of the W3C's public test suite (test/test.py of its trace-context repository), reimplemented by name.
describe('the W3C’s tests of trace context', () => {
  it('test_both_traceparent_and_tracestate_missing', async () => {
    assert.deepEqual((await call()).tracestates, []);
  });

  it('test_traceparent_included_tracestate_missing', async () => {
    assert.deepEqual((await assertContinued(['traceparent', SAMPLED])).tracestates, []);
  });

  it('test_traceparent_duplicated', async () => {
    const other = SAMPLED.replace('9012-', '9011-');
    await assertRestarted(['traceparent', other], ['traceparent', SAMPLED]);
    await assertRestarted(['traceparent', SAMPLED], ['traceparent', SAMPLED]);
  });

  it('test_traceparent_header_name', async () => {
    await assertRestarted(['trace-parent', SAMPLED]);
    await assertRestarted(['trace.parent', SAMPLED]);
  });

  it('test_traceparent_header_name_valid_casing', async () => {
    for (const name of ['TraceParent', 'TrAcEpArEnT', 'TRACEPARENT']) await assertContinued([name, SAMPLED]);
  });

  it('test_traceparent_version_0x00', async () => {
    await assertRestarted(['traceparent', `${SAMPLED}.`]);
    await assertRestarted(['traceparent', `${SAMPLED}-what-the-future-will-be-like`]);
  });

  it('test_traceparent_version_0xcc', async () => {
    const future = `cc${SAMPLED.slice(2)}`;
    await assertContinued(['traceparent', future]);
    await assertContinued(['traceparent', `${future}-what-the-future-will-be-like`]);
    await assertRestarted(['traceparent', `${future}.what-the-future-will-be-like`]);
  });

  it('test_traceparent_version_0xff', async () => {
    await assertRestarted(['traceparent', `ff${SAMPLED.slice(2)}`]);
  });

  it('test_traceparent_version_illegal_characters', async () => {
    for (const version of ['.0', '0.']) await assertRestarted(['traceparent', version + SAMPLED.slice(2)]);
  });

  it('test_traceparent_version_too_long', async () => {
    for (const version of ['000', '0000']) await assertRestarted(['traceparent', version + SAMPLED.slice(2)]);
  });

  it('test_traceparent_version_too_short', async () => {
    await assertRestarted(['traceparent', SAMPLED.slice(1)]);
  });

  it('test_traceparent_trace_id_all_zero', async () => {
    await assertRestarted(['traceparent', `00-${'0'.repeat(32)}-${PARENT_ID}-01`]);
  });

  it('test_traceparent_trace_id_illegal_characters', async () => {
    for (const id of [`.${TRACE_ID.slice(1)}`, `${TRACE_ID.slice(0, -1)}.`]) {
      await assertRestarted(['traceparent', `00-${id}-${PARENT_ID}-01`]);
    }
  });

  it('test_traceparent_trace_id_too_long', async () => {
    const { traceId } = await assertRestarted(['traceparent', `00-${TRACE_ID}3-${PARENT_ID}-01`]);
    assert.ok(!`${TRACE_ID}3`.includes(traceId), 'nor is any part of it taken');
  });

  it('test_traceparent_trace_id_too_short', async () => {
    await assertRestarted(['traceparent', `00-${TRACE_ID.slice(0, -1)}-${PARENT_ID}-01`]);
  });

  it('test_traceparent_parent_id_all_zero', async () => {
    await assertRestarted(['traceparent', `00-${TRACE_ID}-${'0'.repeat(16)}-01`]);
  });

  it('test_traceparent_parent_id_illegal_characters', async () => {
    for (const id of [`.${PARENT_ID.slice(1)}`, `${PARENT_ID.slice(0, -1)}.`]) {
      await assertRestarted(['traceparent', `00-${TRACE_ID}-${id}-01`]);
    }
  });

  it('test_traceparent_parent_id_too_long', async () => {
    await assertRestarted(['traceparent', `00-${TRACE_ID}-${PARENT_ID}7-01`]);
  });

  it('test_traceparent_parent_id_too_short', async () => {
    await assertRestarted(['traceparent', `00-${TRACE_ID}-${PARENT_ID.slice(0, -1)}-01`]);
  });

  it('test_traceparent_trace_flags_illegal_characters', async () => {
    for (const flags of ['.0', '0.']) await assertRestarted(['traceparent', `00-${TRACE_ID}-${PARENT_ID}-${flags}`]);
  });

  it('test_traceparent_trace_flags_too_long', async () => {
    await assertRestarted(['traceparent', `00-${TRACE_ID}-${PARENT_ID}-001`]);
  });

  it('test_traceparent_trace_flags_too_short', async () => {
    await assertRestarted(['traceparent', `00-${TRACE_ID}-${PARENT_ID}-1`]);
  });

  it('test_traceparent_ows_handling', async () => {
    for (const value of [` ${SAMPLED}`, `\t${SAMPLED}`, `${SAMPLED} `, `${SAMPLED}\t`, `\t ${SAMPLED} \t`]) {
      await assertContinued(['traceparent', value]);
    }
  });

  it('test_tracestate_included_traceparent_missing', async () => {
    await assertRestarted(['tracestate', 'foo=1']);
    await assertRestarted(['tracestate', 'foo=1,bar=2']);
  });

  it('test_tracestate_included_traceparent_included', async () => {
    await assertMembers(state('foo=1,bar=2'), 'foo=1', 'bar=2');
  });

  it('test_tracestate_header_name', async () => {
    for (const name of ['trace-state', 'trace.state']) await assertMembers([...state(), [name, 'foo=1']]);
  });

  it('test_tracestate_header_name_valid_casing', async () => {
    for (const name of ['TraceState', 'TrAcEsTaTe', 'TRACESTATE']) {
      await assertMembers([...state(), [name, 'foo=1']], 'foo=1');
    }
  });

  it('test_tracestate_empty_header', async () => {
    assert.deepEqual((await assertContinued(...state(''))).tracestates, []);
    await assertMembers(state('foo=1', ''), 'foo=1');
    await assertMembers(state('', 'foo=1'), 'foo=1');
  });

  it('test_tracestate_multiple_headers_different_keys', async () => {
    const members = ['foo=1', 'bar=2', 'rojo=1', 'congo=2', 'baz=3'];
    await assertMembers(state('foo=1,bar=2', 'rojo=1,congo=2', 'baz=3'), ...members);
  });

  // Level 1 dropped the whole header. Since level 2, receivers need not check this, and may remove duplicates.
  it('test_tracestate_duplicated_keys', async () => {
    await assertMembers(state('foo=1,foo=1'), 'foo=1');
    await assertMembers(state('foo=1,foo=2'), 'foo=1');
    await assertMembers(state('foo=1', 'foo=1'), 'foo=1');
    await assertMembers(state('foo=1', 'foo=2'), 'foo=1');
    await assertMembers(state('foo=1,bar=2', 'foo=3'), 'foo=1', 'bar=2');
  });

  it('test_tracestate_all_allowed_characters', async () => {
    const key = 'abcdefghijklmnopqrstuvwxyz0123456789_-*/';
    const value = Array.from({ length: 0x5f }, (_, i) => String.fromCharCode(0x20 + i))
      .join('')
      .replace(/[,=]/g, '');
    await assertMembers(state(`${key}=${value}`), `${key}=${value}`);
    await assertMembers(state(`${key}@a-z0-9_-*/=${value}`), `${key}@a-z0-9_-*/=${value}`);
  });

  it('test_tracestate_ows_handling', async () => {
    const members = ['foo=1', 'bar=2', 'baz=3'];
    await assertMembers(state('foo=1 \t , \t bar=2, \t baz=3'), ...members);
    await assertMembers(state('foo=1\t \t,\t \tbar=2,\t \tbaz=3'), ...members);
    for (const value of [' foo=1', '\tfoo=1', 'foo=1 ', 'foo=1\t', '\t foo=1 \t']) {
      await assertMembers(state(value), 'foo=1');
    }
  });

  it('test_tracestate_key_illegal_characters', async () => {
    for (const member of ['foo =1', 'FOO=1', 'foo.bar=1']) await assertMembers(state(member));
  });

  it('test_tracestate_key_illegal_vendor_format', async () => {
    await assertMembers(state('@foo=1,bar=2'));
    // In level 2, the at sign is an ordinary character, except at the beginning.
    for (const key of ['foo@', 'foo@@bar', 'foo@bar@baz'])
      await assertMembers(state(`${key}=1,bar=2`), `${key}=1`, 'bar=2');
  });

  it('test_tracestate_member_count_limit', async () => {
    const lines = [numbered(1, 10), numbered(11, 20), numbered(21, 30)];
    await assertMembers(state(...lines, numbered(31, 32)), ...numbered(1, 32).split(','));
    await assertMembers(state(...lines, numbered(31, 33)));
  });

  it('test_tracestate_key_length_limit', async () => {
    const longest = ['z'.repeat(256), `${'t'.repeat(241)}@${'v'.repeat(14)}`];
    for (const key of longest) {
      await assertMembers(state('foo=1', `${key}=1`), 'foo=1', `${key}=1`);
      await assertMembers(state('foo=1', `${key}z=1`));
    }
  });

  it('test_tracestate_value_illegal_characters', async () => {
    for (const members of ['foo=bar=baz', 'foo=,bar=3']) await assertMembers(state(members));
  });

  it('test_multiple_requests_with_valid_traceparent', async () => {
    const sent = await calls([['traceparent', SAMPLED]], 3);
    assert.deepEqual(new Set(sent.map(({ traceId }) => traceId)), new Set([TRACE_ID]));
    assert.equal(new Set(sent.map(({ parentId }) => parentId)).size, 3);
    const clients = exporter.getFinishedSpans().filter(({ kind }) => kind === SpanKind.CLIENT);
    const ids = clients.map((span) => span.spanContext().spanId);
    assert.deepEqual(
      ids,
      sent.map(({ parentId }) => parentId),
      'each is a span that is recorded',
    );
  });

  it('test_multiple_requests_without_traceparent', async () => {
    const sent = await calls([], 3);
    assert.equal(new Set(sent.map(({ parentId }) => parentId)).size, 3);
    assert.equal(new Set(sent.map(({ traceId }) => traceId)).size, 1, 'they belong to one request');
  });

  it('test_multiple_requests_with_illegal_traceparent', async () => {
    const sent = await calls([['traceparent', `00-${'0'.repeat(32)}-${PARENT_ID}-01`]], 3);
    assert.equal(new Set(sent.map(({ parentId }) => parentId)).size, 3);
  });
});

describe('the W3C’s tests of trace context, level 2', () => {
  it('test_propagates_random_flag', async () => {
    assert.equal((await assertContinued(['traceparent', `00-${TRACE_ID}-${PARENT_ID}-02`])).flags, '02');
    assert.equal((await assertContinued(['traceparent', `00-${TRACE_ID}-${PARENT_ID}-03`])).flags, '03');
  });

  it('keeps the random flag unset', async () => {
    assert.equal((await assertContinued(['traceparent', NOT_SAMPLED])).flags, '00');
    assert.equal((await assertContinued(['traceparent', SAMPLED])).flags, '01');
  });

  it('sets it in traces that start here', async () => {
    assert.equal((await call()).flags, '03');
    assert.equal((await assertRestarted(['traceparent', `${SAMPLED}.`])).flags, '03');
  });

  it('propagates no unknown flags, and version 00', async () => {
    assert.equal((await assertContinued(['traceparent', `00-${TRACE_ID}-${PARENT_ID}-ff`])).flags, '03');
    assert.equal((await assertContinued(['traceparent', `cc-${TRACE_ID}-${PARENT_ID}-fd-more`])).flags, '01');
  });

  it('refuses upper-case digits', async () => {
    await assertRestarted(['traceparent', `00-${'A'.repeat(32)}-${PARENT_ID}-01`]);
    await assertRestarted(['traceparent', `00-${TRACE_ID}-${'A'.repeat(16)}-01`]);
    await assertRestarted(['traceparent', `00-${TRACE_ID}-${PARENT_ID}-0A`]);
  });
});
