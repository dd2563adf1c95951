import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Context, createTraceState, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanLimits,
} from '@opentelemetry/sdk-trace-base';
import fc from 'fast-check';
import { serializeWithOpenTelemetry } from './opentelemetry.ts';
import {
  type DecodedSpan,
  decodeJsonRequest,
  decodeRequest,
  encodeJsonResponse,
  encodeResponse,
  flatten,
} from './otlp.ts';
import { expectedSpan, type SpanDescription, spanDescription, spanDescriptions } from './span-description.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const LINKED = '00f067aa0ba902b7';
const SAMPLED = 1;
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

test('a span of OpenTelemetry JS with everything in it decodes into its content', () => {
  const remote = trace.setSpanContext(ROOT_CONTEXT, {
    traceId: TRACE,
    spanId: PARENT,
    traceFlags: SAMPLED,
    isRemote: true,
    traceState: createTraceState('a=1,b=2'),
  });
  const span = exported(remote, (tracer, context) => {
    const started = tracer.startSpan(
      'naïve 名前 😀 \ufeff',
      {
        kind: SpanKind.CONSUMER,
        startTime: [1_700_000_000, 123_456_789],
        attributes: {
          text: 'é',
          empty: '',
          yes: true,
          no: false,
          zero: 0,
          int: 42,
          negative: -1,
          'largest int': Number.MAX_SAFE_INTEGER,
          'smallest int': Number.MIN_SAFE_INTEGER,
          double: 0.1,
          infinite: Infinity,
          'not a number': NaN,
          texts: ['a', '', null, 'b'],
          ints: [1, -2, undefined],
          doubles: [0.5, -1.5],
          booleans: [true, false],
          none: [],
        },
        links: [
          {
            context: {
              traceId: TRACE,
              spanId: LINKED,
              traceFlags: 0,
              isRemote: true,
              traceState: createTraceState('c=3'),
            },
            attributes: { reason: 'retry', attempt: 2 },
          },
          { context: { traceId: TRACE, spanId: PARENT, traceFlags: SAMPLED } },
        ],
      },
      context,
    );
    started.addEvent('first', { at: 0.25, ok: true }, [1_700_000_000, 200_000_001]);
    started.addEvent('second', [1_700_000_001, 0]);
    started.setStatus({ code: SpanStatusCode.ERROR, message: 'broken ✗' });
    started.end([1_700_000_002, 999_999_999]);
  });
  assert.deepEqual(onlyDecoded(span), {
    traceId: TRACE,
    spanId: span.spanContext().spanId,
    parentSpanId: PARENT,
    traceState: 'a=1,b=2',
    flags: SAMPLED | HAS_IS_REMOTE | IS_REMOTE,
    name: 'naïve 名前 😀 \ufeff',
    kind: 5,
    startTimeUnixNano: 1_700_000_000_123_456_789n,
    endTimeUnixNano: 1_700_000_002_999_999_999n,
    attributes: {
      text: 'é',
      empty: '',
      yes: true,
      no: false,
      zero: 0n,
      int: 42n,
      negative: -1n,
      'largest int': 9_007_199_254_740_991n,
      'smallest int': -9_007_199_254_740_991n,
      double: 0.1,
      infinite: Infinity,
      'not a number': NaN,
      texts: ['a', '', null, 'b'],
      ints: [1n, -2n, null],
      doubles: [0.5, -1.5],
      booleans: [true, false],
      none: [],
    },
    droppedAttributesCount: 0,
    events: [
      {
        timeUnixNano: 1_700_000_000_200_000_001n,
        name: 'first',
        attributes: { at: 0.25, ok: true },
        droppedAttributesCount: 0,
      },
      { timeUnixNano: 1_700_000_001_000_000_000n, name: 'second', attributes: {}, droppedAttributesCount: 0 },
    ],
    droppedEventsCount: 0,
    links: [
      {
        traceId: TRACE,
        spanId: LINKED,
        traceState: 'c=3',
        flags: HAS_IS_REMOTE | IS_REMOTE,
        attributes: { reason: 'retry', attempt: 2n },
        droppedAttributesCount: 0,
      },
      {
        traceId: TRACE,
        spanId: PARENT,
        traceState: '',
        flags: SAMPLED | HAS_IS_REMOTE,
        attributes: {},
        droppedAttributesCount: 0,
      },
    ],
    droppedLinksCount: 0,
    status: { code: 2, message: 'broken ✗' },
    resource: {
      attributes: { 'service.name': 'oracle', 'process.pid': 7n },
      droppedAttributesCount: 0,
      schemaUrl: 'https://example.com/resource',
    },
    scope: {
      name: 'scope',
      version: '1.2.3',
      attributes: {},
      droppedAttributesCount: 0,
      schemaUrl: 'https://example.com/scope',
    },
  } satisfies DecodedSpan);
});

test('dropped items of OpenTelemetry JS are counted, each in its own field', () => {
  const limits = {
    attributeCountLimit: 1,
    eventCountLimit: 1,
    linkCountLimit: 1,
    attributePerEventCountLimit: 1,
    attributePerLinkCountLimit: 1,
  };
  const context = { traceId: TRACE, spanId: LINKED, traceFlags: 0 };
  const span = exported(
    ROOT_CONTEXT,
    (tracer) => {
      const started = tracer.startSpan('limited', { attributes: { a: 1, b: 2 } });
      for (const name of ['1', '2', '3']) started.addEvent(name, { a: 1, b: 2, c: 3, d: 4, e: 5 });
      for (let count = 0; count < 4; count++) {
        started.addLink({ context, attributes: { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7 } });
      }
      started.end();
    },
    limits,
  );
  const decoded = onlyDecoded(span);
  assert.deepEqual([decoded.droppedAttributesCount, decoded.droppedEventsCount, decoded.droppedLinksCount], [1, 2, 3]);
  assert.equal(decoded.events[0].droppedAttributesCount, 4);
  assert.equal(decoded.links[0].droppedAttributesCount, 6);
});

test('a root of OpenTelemetry JS has no parent, no trace state and no status', () => {
  const decoded = onlyDecoded(exported(ROOT_CONTEXT, (tracer) => tracer.startSpan('root').end()));
  assert.equal(decoded.parentSpanId, '');
  assert.equal(decoded.traceState, '');
  assert.deepEqual(decoded.status, { code: 0, message: '' });
  assert.equal(decoded.kind, 1);
});

test('any spans that OpenTelemetry JS serializes decode into their descriptions', () => {
  fc.assert(
    fc.property(spanDescriptions({ loneSurrogates: true }), (descriptions) => {
      const decoded = flatten(decodeRequest(serializeWithOpenTelemetry(descriptions)));
      assert.deepEqual(decoded, inOrderOfScopes(descriptions).map(expectedSpan));
    }),
  );
});

test('spans of several resources keep their own', () => {
  fc.assert(
    fc.property(fc.array(spanDescription(), { maxLength: 3 }), (descriptions) => {
      const request = decodeRequest(serializeWithOpenTelemetry(descriptions));
      assert.equal(request.resourceSpans.length, descriptions.length);
      assert.deepEqual(flatten(request), descriptions.map(expectedSpan));
    }),
    { numRuns: 30 },
  );
});

test('JSON of OpenTelemetry JS decodes to the same as its protobuf', () => {
  const span = exported(
    ROOT_CONTEXT,
    (tracer) => {
      const attributes = { a: 'é', b: [1, 0.5, 2], c: true };
      const started = tracer.startSpan('json', {
        attributes,
        links: [{ context: { traceId: TRACE, spanId: LINKED, traceFlags: 1 } }],
      });
      started.addEvent('event', { d: 1 });
      started.setStatus({ code: SpanStatusCode.OK });
      started.end();
    },
    {},
    {},
  );
  const json = JsonTraceSerializer.serializeRequest([span]);
  const protobuf = ProtobufTraceSerializer.serializeRequest([span]);
  assert.ok(json !== undefined && protobuf !== undefined);
  assert.deepEqual(decodeJsonRequest(json, { int64: 'any' }), decodeRequest(protobuf));
  assert.throws(() => decodeJsonRequest(json), /intValue: 7 is no int64/);
});

test('OTLP JSON is read by its own rules', () => {
  const value = (json: unknown) => {
    const attributes = [{ key: 'a', value: json }];
    const request = { resourceSpans: [{ resource: { attributes } }] };
    return decodeJsonRequest(JSON.stringify(request)).resourceSpans[0].resource?.attributes[0].value;
  };
  assert.deepEqual(value({ intValue: '-9223372036854775808' }), { intValue: -(2n ** 63n) });
  assert.deepEqual(value({ doubleValue: 'NaN' }), { doubleValue: NaN });
  assert.deepEqual(value({ doubleValue: '-Infinity' }), { doubleValue: -Infinity });
  assert.deepEqual(value({ bytesValue: 'AQID' }), { bytesValue: new Uint8Array([1, 2, 3]) });
  assert.deepEqual(value({ kvlistValue: { values: [{ key: 'b', value: {} }] } }), {
    kvlistValue: { values: [{ key: 'b', value: {} }] },
  });
  for (const wrong of [
    { intValue: '9223372036854775808' },
    { intValue: '1.0' },
    { intValue: '01' },
    { doubleValue: 'nan' },
    { bytesValue: 'AQI' },
    { bytesValue: '0af7' + '=' },
    { boolValue: 'true' },
    { stringValue: null },
    { stringValue: '\ud800' },
    { string_value: 'a' },
    { stringValue: 'a', boolValue: true },
    [],
    null,
  ]) {
    assert.throws(() => value(wrong), /ExportTraceServiceRequest\.resourceSpans\[0\]/, JSON.stringify(wrong));
  }
  const span = (json: object) => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [json] }] }] });
  const [decoded] = flatten(decodeJsonRequest(span({ traceId: TRACE.toUpperCase(), spanId: LINKED, kind: 3 })));
  assert.deepEqual([decoded.traceId, decoded.spanId, decoded.kind], [TRACE, LINKED, 3]);
  for (const wrong of [
    { traceId: Buffer.from(TRACE, 'hex').toString('base64') },
    { kind: 'SPAN_KIND_CLIENT' },
    { kind: 6 },
    { flags: 2 ** 32 },
    { startTimeUnixNano: 1 },
    { startTimeUnixNano: '-1' },
    { droppedEventsCount: '1' },
    { events: {} },
    { name: 1 },
    { unknown: 1 },
  ]) {
    assert.throws(() => decodeJsonRequest(span(wrong)), /spans\[0\]\./, JSON.stringify(wrong));
  }
});

test('a request truncated at any byte is refused', () => {
  const [description] = fc.sample(spanDescription(), { numRuns: 1, seed: 7 });
  const bytes = serializeWithOpenTelemetry([description]);
  assert.equal(decodeRequest(bytes).resourceSpans.length, 1);
  for (let length = 1; length < bytes.length; length++) {
    assert.throws(() => decodeRequest(bytes.subarray(0, length)), /ends early/, `${length} of ${bytes.length} bytes`);
  }
});

test('a nested message that ends within a field is refused', () => {
  // The name claims five bytes, but the span has only three left. The bytes after the span would fill the gap.
  const span = Uint8Array.of(0x2a, 5, 1, 1, 1);
  const bytes = field(1, field(2, field(2, span), field(3, ascii('padding'))));
  assert.throws(() => decodeRequest(bytes), /spans\[0\]\.name: ends early, 5 bytes wanted, 3 left/);
});

test('unknown fields are refused wherever they are', () => {
  const unknown = (number: number) => field(number, Uint8Array.of());
  refused(unknown(2), /^ExportTraceServiceRequest: unknown field 2 of wire type 2$/);
  refused(field(1, unknown(1000)), /resourceSpans\[0\]: unknown field 1000/);
  refused(field(1, field(1, unknown(4))), /resource: unknown field 4/);
  refused(field(1, field(2, unknown(4))), /scopeSpans\[0\]: unknown field 4/);
  refused(field(1, field(2, field(1, unknown(5)))), /scope: unknown field 5/);
  refused(requestOf(unknown(17)), /spans\[0\]: unknown field 17/);
  refused(requestOf(unknown(0)), /unknown field 0/);
  refused(requestOf(field(11, unknown(5))), /events\[0\]: unknown field 5/);
  refused(requestOf(field(13, unknown(7))), /links\[0\]: unknown field 7/);
  refused(requestOf(field(15, unknown(1))), /status: unknown field 1/);
  refused(requestOf(field(9, unknown(3))), /attributes\[0\]: unknown field 3/);
  refused(requestOf(field(9, field(2, unknown(8)))), /attributes\[0\]\.value: unknown field 8/);
  refused(requestOf(field(9, field(2, field(5, unknown(2))))), /arrayValue: unknown field 2/);
  refused(requestOf(field(9, field(2, field(6, unknown(2))))), /kvlistValue: unknown field 2/);
});

test('a second value for a singular field is refused', () => {
  const name = field(5, ascii('a'));
  refused(requestOf(name, name), /spans\[0\]\.name: a second value for name/);
  refused(requestOf(field(15), field(15)), /status: a second value/);
  refused(field(1, field(1), field(1)), /resource: a second value/);
  refused(requestOf(field(9, field(2, field(1), field(7)))), /bytesValue: a second value for value/);
});

test('text that is not UTF-8 is refused wherever it is', () => {
  const texts: [string, (text: Uint8Array) => Uint8Array][] = [
    ['name', (text) => requestOf(field(5, text))],
    ['traceState', (text) => requestOf(field(3, text))],
    ['attributes[0].key', (text) => requestOf(field(9, field(1, text)))],
    ['attributes[0].value.stringValue', (text) => requestOf(field(9, field(2, field(1, text))))],
    ['events[0].name', (text) => requestOf(field(11, field(2, text)))],
    ['links[0].traceState', (text) => requestOf(field(13, field(3, text)))],
    ['status.message', (text) => requestOf(field(15, field(2, text)))],
    ['scope.name', (text) => field(1, field(2, field(1, field(1, text))))],
    ['schemaUrl', (text) => field(1, field(3, text))],
  ];
  const wrong = {
    'a byte of its own': [0x80],
    'an unfinished sequence': [0x61, 0xe2, 0x82],
    'a surrogate': [0xed, 0xa0, 0x80],
    'a pair of surrogates': [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80],
    'an overlong form': [0xc0, 0x80],
    'beyond Unicode': [0xf4, 0x90, 0x80, 0x80],
  };
  for (const [path, request] of texts) {
    assert.doesNotThrow(() => decodeRequest(request(new TextEncoder().encode('é😀\ufeff\0'))));
    for (const [what, bytes] of Object.entries(wrong)) {
      assert.throws(
        () => decodeRequest(request(Uint8Array.from(bytes))),
        (error: Error) => error.message.endsWith(`${path}: not UTF-8`),
        `${path}: ${what}`,
      );
    }
  }
});

test('numbers beyond their type and wrong wire types are refused', () => {
  refused(requestOf(varint(6, 6)), /kind: 6 is no SpanKind/);
  refused(requestOf(field(15, varint(3, 3))), /code: 3 is no StatusCode/);
  refused(requestOf(field(9, field(2, varint(2, 2)))), /boolValue: 2 is no bool/);
  refused(
    requestOf(Uint8Array.of(0x50, 0x80, 0x80, 0x80, 0x80, 0x10)),
    /droppedAttributesCount: 4294967296 is no uint32/,
  );
  refused(requestOf(field(9, field(2, Uint8Array.of(0x18, ...Array(9).fill(0xff), 2)))), /more than 64 bits/);
  refused(requestOf(field(9, field(2, Uint8Array.of(0x18, ...Array(10).fill(0x80), 0)))), /more than 64 bits/);
  refused(requestOf(field(6)), /kind: wire type 2 instead of 0/);
  refused(requestOf(varint(7, 1)), /startTimeUnixNano: wire type 0 instead of 1/);
  refused(requestOf(varint(16, 1)), /flags: wire type 0 instead of 5/);
  refused(requestOf(Uint8Array.of(0x2b, 0x2c)), /name: wire type 3 instead of 2/);
  refused(requestOf(Uint8Array.of(0x85, 0x81, 0x80, 0x80, 0x80, 0x01)), /unknown field/);
});

test('messages nested deeper than receivers accept are refused', () => {
  const nested = (levels: number) => {
    let value = field(1, ascii('leaf'));
    for (let level = 0; level < levels; level++) value = field(5, field(1, value));
    return requestOf(field(1, new Uint8Array(16)), field(9, field(2, value)));
  };
  // Request, resource spans, scope spans, span, attribute and value make six levels. Each list adds two.
  assert.doesNotThrow(() => decodeRequest(nested(47)));
  refused(nested(48), /more than 100 messages deep/);
});

test('unusual but valid protobuf is accepted', () => {
  const padded = Uint8Array.of(0x0a, 0x80, 0x80, 0x00);
  assert.deepEqual(decodeRequest(padded), { resourceSpans: [{ resource: null, scopeSpans: [], schemaUrl: '' }] });
  const twice = Uint8Array.of(...padded, ...padded);
  assert.equal(decodeRequest(twice).resourceSpans.length, 2);
  const entity = field(
    3,
    field(1, ascii('url')),
    field(2, ascii('service')),
    field(3, ascii('id')),
    field(4, ascii('d')),
  );
  assert.deepEqual(decodeRequest(field(1, field(1, entity, varint(2, 9)))).resourceSpans[0].resource, {
    attributes: [],
    droppedAttributesCount: 9,
    entityRefs: [{ schemaUrl: 'url', type: 'service', idKeys: ['id'], descriptionKeys: ['d'] }],
  });
});

test('spans with impossible ids and duplicate attribute keys are refused', () => {
  const ids = (trace: Uint8Array, span: Uint8Array, ...rest: Uint8Array[]) =>
    flatten(decodeRequest(requestOf(field(1, trace), field(2, span), ...rest)));
  const [traceId, spanId] = [new Uint8Array(16).fill(1), new Uint8Array(8).fill(2)];
  assert.equal(ids(traceId, spanId).length, 1);
  assert.throws(() => ids(new Uint8Array(16), spanId), /16 bytes is all zeros/);
  assert.throws(() => ids(traceId, new Uint8Array(8)), /8 bytes is all zeros/);
  assert.throws(() => ids(traceId, traceId), /16 bytes instead of 8/);
  assert.throws(() => ids(traceId, spanId, field(4, new Uint8Array(8))), /all zeros/);
  assert.throws(() => ids(traceId, spanId, field(13)), /0 bytes instead of 16/);
  const attribute = field(9, field(1, ascii('a')));
  assert.throws(() => ids(traceId, spanId, attribute, attribute), /the key "a" occurs twice/);
});

test('decoded bytes are always copies', () => {
  const bytes = Buffer.from(requestOf(field(1, new Uint8Array(16).fill(1)), field(2, new Uint8Array(8).fill(2))));
  const [span] = decodeRequest(bytes).resourceSpans[0].scopeSpans[0].spans;
  bytes.fill(0);
  for (const [id, length, value] of [
    [span.traceId, 16, 1],
    [span.spanId, 8, 2],
    [span.parentSpanId, 0, 0],
  ] as const) {
    assert.deepEqual(id, new Uint8Array(length).fill(value));
  }
});

test('OpenTelemetry JS reads the responses correctly', () => {
  const responses = [
    undefined,
    { rejectedSpans: 3, errorMessage: 'é' },
    { rejectedSpans: 2n ** 40n },
    { rejectedSpans: 0, errorMessage: 'deprecated' },
  ];
  for (const partialSuccess of responses) {
    const read = ProtobufTraceSerializer.deserializeResponse(encodeResponse(partialSuccess)).partialSuccess;
    const json = JSON.parse(encodeJsonResponse(partialSuccess)).partialSuccess;
    for (const { rejectedSpans, errorMessage } of [read ?? {}, json ?? {}]) {
      assert.equal(Number(rejectedSpans ?? 0), Number(partialSuccess?.rejectedSpans ?? 0));
      assert.equal(errorMessage, partialSuccess?.errorMessage);
    }
  }
  assert.equal(encodeResponse().length, 0);
});

/** Returns the span that `create` creates with OpenTelemetry's SDK. */
function exported(
  context: Context,
  create: (tracer: ReturnType<BasicTracerProvider['getTracer']>, context: Context) => void,
  spanLimits: SpanLimits = {},
  schema: { schemaUrl?: string } = { schemaUrl: 'https://example.com/resource' },
): ReadableSpan {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'oracle', 'process.pid': 7 }, schema),
    spanProcessors: [new SimpleSpanProcessor(exporter)],
    spanLimits,
  });
  create(provider.getTracer('scope', '1.2.3', { schemaUrl: 'https://example.com/scope' }), context);
  const [span, ...others] = exporter.getFinishedSpans();
  assert.equal(others.length, 0);
  return span;
}

function onlyDecoded(span: ReadableSpan): DecodedSpan {
  const bytes = ProtobufTraceSerializer.serializeRequest([span]);
  assert.ok(bytes !== undefined);
  const [decoded, ...others] = flatten(decodeRequest(bytes));
  assert.equal(others.length, 0);
  return decoded;
}

function inOrderOfScopes(descriptions: readonly SpanDescription[]): SpanDescription[] {
  const scopes = [...new Set(descriptions.map(({ scope }) => scope))];
  return scopes.flatMap((shared) => descriptions.filter(({ scope }) => scope === shared));
}

function refused(bytes: Uint8Array, message: RegExp): void {
  assert.throws(() => decodeRequest(bytes), { message });
}

/** Encodes a request with one span with these fields. */
function requestOf(...span: Uint8Array[]): Uint8Array {
  return field(1, field(2, field(2, ...span)));
}

/** Encodes a length-delimited field. */
function field(number: number, ...content: Uint8Array[]): Uint8Array {
  const bytes = Buffer.concat(content);
  return Uint8Array.of(...variable(number * 8 + 2), ...variable(bytes.length), ...bytes);
}

/** Encodes a varint field. */
function varint(number: number, value: number): Uint8Array {
  return Uint8Array.of(...variable(number * 8), ...variable(value));
}

function variable(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...variable(value >>> 7)];
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
