import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import * as trace from '../../src/index.ts';
import * as node from '../../src/platform/node.ts';
import { utf8Length } from '../../src/platform/web-text.ts';
import { byteLengthOf } from '../../src/realtime/message.ts';
import type { DecodedSpan, PlainAttributes } from '../oracle/otlp.ts';
import { recording } from '../oracle/recording.ts';

const exported: Record<string, unknown> = trace;

// The contents of messages in the rows below. In expected attributes, a bigint is an integer on the wire.
const audio = { type: 0, sessionId: 's1', timestamp: 1, audioData: audioOf(new Uint8Array(3_200)) };
const video = { type: 1, sessionId: 's1', timestamp: new Date(0), videoData: videoOf(new ArrayBuffer(4_096)) };
const data = { type: 2, sessionId: 's1', timestamp: 2, textData: { data: 'grüß dich', textType: 'plain' } };
const command = { type: 3, sessionId: 's1', metadata: { command: 'flush' } };
const image = { type: 4, sessionId: 's1', imageData: { data: 'x', mimeType: 'image/png', width: 1, height: 1 } };
const reset = new RangeError('reset by peer');

function audioOf(content: trace.MessageData) {
  return { data: content, sampleRate: 16_000, channels: 1, mediaType: 'audio/x-raw', codec: 'opus' };
}

function videoOf(content: trace.MessageData) {
  return { data: content, width: 640, height: 480, mediaType: 'video/x-raw', codec: 'h264' };
}

const audioAttributes = {
  'audio.sample_rate': 16_000n,
  'audio.channels': 1n,
  'audio.data_size': 3_200n,
  'audio.media_type': 'audio/x-raw',
  'audio.codec': 'opus',
};
const videoAttributes = {
  'video.width': 640n,
  'video.height': 480n,
  'video.data_size': 4_096n,
  'video.media_type': 'video/x-raw',
  'video.codec': 'h264',
};
const connection = (state: string) => ({
  'connection.id': 'c1',
  'connection.type': 'webrtc',
  'connection.state': state,
});

type HelperName = Extract<keyof typeof trace, `instrument${string}`>;
type Row = [helper: HelperName, args: unknown[], name: string, attributes: PlainAttributes];

const catalogue: Row[] = [
  ['instrumentPipelineStart', ['voice'], 'pipeline.voice.start', { 'pipeline.name': 'voice' }],
  ['instrumentPipelineStop', ['voice'], 'pipeline.voice.stop', { 'pipeline.name': 'voice' }],
  [
    'instrumentPipelinePush',
    ['voice', audio],
    'pipeline.voice.push',
    { 'pipeline.name': 'voice', 'session.id': 's1', 'message.type': 0n },
  ],
  ['instrumentPipelinePull', ['voice'], 'pipeline.voice.pull', { 'pipeline.name': 'voice' }],
  ['instrumentElementStart', ['vad'], 'element.vad.start', { 'pipeline.element': 'vad' }],
  ['instrumentElementStop', ['vad'], 'element.vad.stop', { 'pipeline.element': 'vad' }],
  [
    'instrumentElementProcess',
    ['vad', audio],
    'element.vad.process',
    { 'pipeline.element': 'vad', 'session.id': 's1', 'message.type': 0n, ...audioAttributes },
  ],
  [
    'instrumentElementProcess',
    ['camera', video],
    'element.camera.process',
    { 'pipeline.element': 'camera', 'session.id': 's1', 'message.type': 1n, ...videoAttributes },
  ],
  [
    'instrumentElementProcess',
    ['llm', data],
    'element.llm.process',
    { 'pipeline.element': 'llm', 'session.id': 's1', 'message.type': 2n, 'text.data_size': 11n },
  ],
  [
    'instrumentElementProcess',
    ['control', command],
    'element.control.process',
    { 'pipeline.element': 'control', 'session.id': 's1', 'message.type': 3n },
  ],
  [
    'instrumentElementProcess',
    ['ocr', image],
    'element.ocr.process',
    { 'pipeline.element': 'ocr', 'session.id': 's1', 'message.type': 4n },
  ],
  ['instrumentConnectionCreated', ['c1', 'webrtc'], 'connection.created', connection('created')],
  [
    'instrumentConnectionStateChange',
    ['c1', 'webrtc', 'new', 'connected'],
    'connection.state_change',
    { ...connection('connected'), 'connection.old_state': 'new' },
  ],
  [
    'instrumentConnectionMessage',
    ['c1', 'webrtc', 'send', 512],
    'connection.message.send',
    { ...connection('active'), 'message.direction': 'send', 'message.size': 512n },
  ],
  [
    'instrumentConnectionMessage',
    ['c1', 'webrtc', 'receive', 0],
    'connection.message.receive',
    { ...connection('active'), 'message.direction': 'receive', 'message.size': 0n },
  ],
  ['instrumentConnectionError', ['c1', 'webrtc', reset], 'connection.error', connection('error')],
  ['instrumentConnectionClosed', ['c1', 'webrtc'], 'connection.closed', connection('closed')],
  [
    'instrumentLLMRequest',
    ['gemini', 'gemini-2.0-flash'],
    'llm.request',
    { 'llm.provider': 'gemini', 'llm.model': 'gemini-2.0-flash' },
  ],
  [
    'instrumentLLMResponse',
    ['gemini', 'gemini-2.0-flash', 'text', 77],
    'llm.response',
    {
      'llm.provider': 'gemini',
      'llm.model': 'gemini-2.0-flash',
      'llm.response_type': 'text',
      'response.data_size': 77n,
    },
  ],
  ['instrumentSTTRequest', ['azure', 32_000], 'stt.request', { 'stt.provider': 'azure', 'audio.size': 32_000n }],
  ['instrumentSTTResponse', ['azure', 'schön'], 'stt.response', { 'stt.provider': 'azure', 'text.length': 6n }],
  [
    'instrumentTTSRequest',
    ['azure', 'en-US-Neural', '…'],
    'tts.request',
    { 'tts.provider': 'azure', 'tts.voice': 'en-US-Neural', 'text.length': 3n },
  ],
  ['instrumentTTSResponse', ['azure', 48_000], 'tts.response', { 'tts.provider': 'azure', 'audio.size': 48_000n }],
  [
    'instrumentAudioProcessing',
    ['resample', 9_600, 3_200],
    'audio.resample',
    { 'audio.operation': 'resample', 'audio.input_size': 9_600n, 'audio.output_size': 3_200n },
  ],
  [
    'instrumentVideoProcessing',
    ['encode', 4_096, 128],
    'video.encode',
    { 'video.operation': 'encode', 'video.input_size': 4_096n, 'video.output_size': 128n },
  ],
];

it('the rows cover all 20 helpers, and there are no others', () => {
  const helpers = Object.keys(trace).filter((name) => name.startsWith('instrument'));
  assert.equal(helpers.length, 20);
  assert.deepEqual(new Set(catalogue.map(([helper]) => helper)), new Set(helpers));
});

for (const [helper, args, name, attributes] of catalogue) {
  // Each call gets its own messages, since messages keep the context of the first span about them.
  const call = (...rest: unknown[]): unknown => {
    const own = args.map((arg) => (Object.hasOwn(Object(arg), 'sessionId') ? { ...(arg as object) } : arg));
    return (exported[helper] as (...args: unknown[]) => unknown)(...own, ...rest);
  };
  // The errors that the helper itself records before anything happens in its span.
  const errors = args.filter((arg) => arg instanceof Error);

  const expectSpan = (span: DecodedSpan, thrown: readonly Error[] = []) => {
    const failures = [...errors, ...thrown];
    assert.equal(span.name, name);
    assert.deepEqual(span.attributes, attributes);
    assert.equal(span.kind, 1);
    assert.deepEqual(
      span.events.map((event) => [
        event.name,
        event.attributes['exception.type'],
        event.attributes['exception.message'],
      ]),
      failures.map((error) => ['exception', error.name, error.message]),
    );
    assert.deepEqual(span.status, { code: failures.length > 0 ? 2 : 0, message: failures.at(-1)?.message ?? '' });
    assert.deepEqual(span.scope.name, '@realtime-ai/trace');
  };

  describe(`${helper}(${args.map((arg) => shown(arg)).join(', ')})`, () => {
    it('starts a span that is not active, and that the caller ends', async () => {
      let id = '';
      const [span, ...others] = await recording(() => {
        const started = call() as trace.Span;
        assert.equal(trace.spanId(), '');
        assert.equal(started.isRecording(), true);
        id = started.spanContext().spanId;
        started.end();
        assert.equal(started.isRecording(), false);
      });
      assert.deepEqual(others, []);
      expectSpan(span);
      assert.equal(span.spanId, id);
      assert.equal(span.parentSpanId, '');
    });

    it('accepts a parent, attributes, links and a start time', async () => {
      const linked = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };
      const [parent, span] = await recording(() => {
        const parent = trace.startSpan('parent');
        const started = call({
          parent,
          attributes: { 'test.attribute': true },
          links: [{ context: linked, attributes: { 'test.link': 'l' } }],
          startTime: [1_700_000_000, 123_456_789],
        }) as trace.Span;
        parent.end();
        started.end();
      });
      assert.equal(span.name, name);
      assert.deepEqual(span.attributes, { ...attributes, 'test.attribute': true });
      assert.deepEqual([span.traceId, span.parentSpanId], [parent.traceId, parent.spanId]);
      assert.equal(span.startTimeUnixNano, 1_700_000_000_123_456_789n);
      assert.equal(span.links.length, 1);
      assert.deepEqual([span.links[0].traceId, span.links[0].spanId], [linked.traceId, linked.spanId]);
      assert.deepEqual(span.links[0].attributes, { 'test.link': 'l' });
    });

    it('is a child of the active span if no parent is given', async () => {
      const [span, parent] = await recording(() => trace.withSpan('parent', () => (call() as trace.Span).end()));
      expectSpan(span);
      assert.deepEqual([span.traceId, span.parentSpanId], [parent.traceId, parent.spanId]);
    });

    it('runs a callback with the span active, and ends the span with the result', async () => {
      let kept: trace.Span | undefined;
      const [span, ...others] = await recording(() => {
        const result = call((given: trace.Span) => {
          kept = given;
          assert.equal(given.isRecording(), true);
          return `${trace.traceId()} ${trace.spanId()}`;
        });
        assert.equal(kept?.isRecording(), false);
        assert.equal(result, `${kept?.spanContext().traceId} ${kept?.spanContext().spanId}`);
      });
      assert.deepEqual(others, []);
      expectSpan(span);
      assert.equal(span.spanId, kept?.spanContext().spanId);
    });

    it('runs a callback after options', async () => {
      const [parent, span] = await recording(() => {
        const parent = trace.startSpan('parent');
        const result = call({ parent, attributes: { 'test.attribute': 0.5 } }, () => {
          parent.end();
          return 'result';
        });
        assert.equal(result, 'result');
      });
      assert.deepEqual(span.attributes, { ...attributes, 'test.attribute': 0.5 });
      assert.deepEqual([span.traceId, span.parentSpanId], [parent.traceId, parent.spanId]);
    });

    it('ends the span when the promise of an async callback settles', async () => {
      const [child, span] = await recording(async () => {
        let kept: trace.Span | undefined;
        const promise = call(async (given: trace.Span) => {
          kept = given;
          await undefined;
          trace.startSpan('child').end();
          return 42;
        }) as Promise<number>;
        assert.equal(kept?.isRecording(), true);
        assert.equal(await promise, 42);
        assert.equal(kept?.isRecording(), false);
      });
      expectSpan(span);
      assert.equal(child.parentSpanId, span.spanId);
    });

    it('records and rethrows what a callback throws', async () => {
      const thrown = new TypeError('thrown');
      const [span] = await recording(() => {
        assert.throws(
          () =>
            call(() => {
              throw thrown;
            }),
          (error) => error === thrown,
        );
      });
      expectSpan(span, [thrown]);
    });

    it('records the rejection of an async callback, and rejects with it', async () => {
      const thrown = new TypeError('rejected');
      const [span] = await recording(async () => {
        await assert.rejects(
          call(async () => {
            await undefined;
            throw thrown;
          }) as Promise<never>,
          (error) => error === thrown,
        );
      });
      expectSpan(span, [thrown]);
    });

    it('ends the span when the callback’s async generator is done', async () => {
      const [first, second, span] = await recording(async () => {
        let kept: trace.Span | undefined;
        const generator = call(async function* (given: trace.Span) {
          kept = given;
          trace.startSpan('first').end();
          yield 1;
          trace.startSpan('second').end();
          yield 2;
        }) as AsyncGenerator<number>;
        const values: number[] = [];
        for await (const value of generator) {
          values.push(value);
          assert.equal(kept?.isRecording(), true);
          assert.equal(trace.spanId(), '', 'active inside the generator only');
        }
        assert.deepEqual(values, [1, 2]);
        assert.equal(kept?.isRecording(), false);
      });
      expectSpan(span);
      assert.deepEqual([first.parentSpanId, second.parentSpanId], [span.spanId, span.spanId]);
    });
  });
}

function shown(arg: unknown): string {
  const kind = (arg as Partial<trace.PipelineMessage>).type;
  return kind === undefined ? String(arg) : `message of type ${kind}`;
}

describe('a null error of a connection', () => {
  it('is not recorded', async () => {
    const [span] = await recording(() => trace.instrumentConnectionError('c1', 'webrtc', null).end());
    assert.deepEqual([span.events, span.status.code], [[], 0]);
    assert.deepEqual(span.attributes, connection('error'));
  });
});

describe('the attributes of a helper', () => {
  it('are present at the start of the span, for all samplers and processors', async () => {
    const sampled: trace.Attributes[] = [];
    const started: trace.Attributes[] = [];
    const sampler: trace.Sampler = {
      shouldSample: (_context, _traceId, _name, _kind, attributes) => {
        sampled.push(attributes);
        return { decision: 2 };
      },
    };
    const processor: trace.SpanProcessor = {
      onStart: (span) => started.push({ ...(span as unknown as trace.ReadableSpan).attributes }),
      onEnd() {},
      forceFlush: async () => undefined,
      shutdown: async () => undefined,
    };
    const message: trace.PipelineMessage = { type: 3, sessionId: 's1' };
    await recording(
      () => {
        trace.instrumentTTSRequest('azure', 'en-US-Neural', 'grüß dich', { attributes: { own: 1 } }).end();
        trace.instrumentPipelinePush('voice', message).end();
        trace.instrumentConnectionClosed('c1', 'webrtc').end();
      },
      { sampler, spanProcessors: [processor] },
    );
    assert.deepEqual(started, [
      { 'tts.provider': 'azure', 'tts.voice': 'en-US-Neural', 'text.length': 11, own: 1 },
      { 'pipeline.name': 'voice', 'session.id': 's1', 'message.type': 3 },
      connection('closed'),
    ]);
    assert.deepEqual(sampled, started);
  });
});

describe('the option root', () => {
  it('starts a new trace', async () => {
    const spans = await recording(() =>
      trace.withSpan('outer', () => {
        trace.instrumentLLMRequest('gemini', 'flash', { root: true }).end();
        trace.instrumentPipelinePush('p', { type: 0, sessionId: 's' }, { root: true }, () => undefined);
      }),
    );
    assert.deepEqual(
      spans.map(({ parentSpanId }) => parentSpanId),
      ['', '', ''],
    );
  });
});

describe('an attribute in the options', () => {
  it('overrides that of the helper', async () => {
    const [span] = await recording(() => {
      trace.instrumentLLMRequest('gemini', 'gemini-2.0-flash', { attributes: { 'llm.model': 'tuned' } }).end();
    });
    assert.deepEqual(span.attributes, { 'llm.provider': 'gemini', 'llm.model': 'tuned' });
  });
});

describe('a message that lacks the content of its type', () => {
  for (const [type, what] of ['audio', 'video', 'data'].entries()) {
    it(`omits the attributes of ${what}`, async () => {
      const [span] = await recording(() => trace.instrumentElementProcess('e', { type, sessionId: 's1' }).end());
      assert.deepEqual(span.attributes, {
        'pipeline.element': 'e',
        'session.id': 's1',
        'message.type': BigInt(type),
      });
    });
  }
});

describe('the size of content', () => {
  const contents: [what: string, content: trace.MessageData, bytes: bigint][] = [
    ['a Uint8Array', new Uint8Array(7), 7n],
    ['a Uint8Array into a larger buffer', new Uint8Array(new ArrayBuffer(100), 10, 7), 7n],
    ['an Int16Array, in bytes and not in samples', new Int16Array(160), 320n],
    ['a Buffer', Buffer.from('größe'), 7n],
    ['an ArrayBuffer', new ArrayBuffer(9), 9n],
    ['a DataView', new DataView(new ArrayBuffer(9), 1, 4), 4n],
    ['a string, as UTF-8', 'größe', 7n],
    ['an empty string', '', 0n],
  ];
  for (const [what, content, bytes] of contents) {
    it(`is that of ${what}`, async () => {
      const [audioSpan, videoSpan, dataSpan] = await recording(() => {
        for (const message of [
          { ...audio, audioData: audioOf(content) },
          { ...video, videoData: videoOf(content) },
          { ...data, textData: { data: content, textType: 'plain' } },
        ]) {
          trace.instrumentElementProcess('e', message).end();
        }
      });
      assert.equal(audioSpan.attributes['audio.data_size'], bytes);
      assert.equal(videoSpan.attributes['video.data_size'], bytes);
      assert.equal(dataSpan.attributes['text.data_size'], bytes);
    });
  }

  it('is 0 if there is none', () => {
    assert.equal(byteLengthOf(undefined), 0);
  });
});

describe('text.length', () => {
  const texts: [text: string, bytes: bigint][] = [
    ['', 0n],
    ['hello', 5n],
    ['\u007f\u0080', 3n],
    ['\u07ff\u0800', 5n],
    ['\uffff', 3n],
    ['😀', 4n],
    ['a😀b', 6n],
    ['\ud83d', 3n],
    ['\ude00\ud83d', 6n],
    ['\ud83dx', 4n],
    ['\ud83d\ud83d\ude00', 7n],
  ];
  for (const [text, bytes] of texts) {
    it(`of ${JSON.stringify(text)} is ${bytes}`, async () => {
      const spans = await recording(() => {
        trace.instrumentSTTResponse('azure', text).end();
        trace.instrumentTTSRequest('azure', 'v', text).end();
      });
      assert.deepEqual(
        spans.map(({ attributes }) => attributes['text.length']),
        [bytes, bytes],
      );
    });
  }

  it('is Node’s byte length, for any text', () => {
    const units = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) });
    fc.assert(
      fc.property(fc.oneof(units, fc.string({ unit: 'binary' })), (text) => {
        assert.equal(utf8Length(text), Buffer.byteLength(text));
        assert.equal(node.utf8Length(text), Buffer.byteLength(text));
      }),
    );
  });
});

describe('an attribute builder', () => {
  const builders: [built: trace.Attributes, attributes: trace.Attributes][] = [
    [trace.pipelineAttrs('voice', 'vad'), { 'pipeline.name': 'voice', 'pipeline.element': 'vad' }],
    [trace.sessionAttrs('s1'), { 'session.id': 's1' }],
    [
      trace.audioAttrs(16_000, 1, 3_200, 'audio/x-raw', 'opus'),
      {
        'audio.sample_rate': 16_000,
        'audio.channels': 1,
        'audio.data_size': 3_200,
        'audio.media_type': 'audio/x-raw',
        'audio.codec': 'opus',
      },
    ],
    [
      trace.videoAttrs(640, 480, 4_096, 'video/x-raw', 'h264'),
      {
        'video.width': 640,
        'video.height': 480,
        'video.data_size': 4_096,
        'video.media_type': 'video/x-raw',
        'video.codec': 'h264',
      },
    ],
    [
      trace.connectionAttrs('c1', 'webrtc', 'connected'),
      { 'connection.id': 'c1', 'connection.type': 'webrtc', 'connection.state': 'connected' },
    ],
    [trace.llmAttrs('gemini', 'gemini-2.0-flash'), { 'llm.provider': 'gemini', 'llm.model': 'gemini-2.0-flash' }],
    [trace.errorAttrs('timeout', 'too slow'), { 'error.type': 'timeout', 'error.message': 'too slow' }],
  ];
  for (const [built, attributes] of builders) {
    it(`returns ${Object.keys(attributes).join(', ')}`, () => assert.deepEqual(built, attributes));
  }

  it('is one of seven', () => {
    assert.equal(Object.keys(trace).filter((name) => name.endsWith('Attrs')).length, builders.length);
  });

  it('returns attributes that spans accept', async () => {
    const [span] = await recording(() => {
      trace.startSpan('span', { attributes: trace.audioAttrs(16_000, 1, 3_200, 'audio/x-raw', 'opus') }).end();
    });
    assert.deepEqual(span.attributes, audioAttributes);
  });
});

it('every key has its constant, and there are no others', () => {
  const constants = Object.entries(trace).filter(([name]) => name.startsWith('Attr'));
  assert.deepEqual(Object.fromEntries(constants), {
    // The 25 keys of the original.
    AttrPipelineName: 'pipeline.name',
    AttrPipelineElement: 'pipeline.element',
    AttrSessionID: 'session.id',
    AttrMessageType: 'message.type',
    AttrAudioSampleRate: 'audio.sample_rate',
    AttrAudioChannels: 'audio.channels',
    AttrAudioMediaType: 'audio.media_type',
    AttrAudioCodec: 'audio.codec',
    AttrAudioDataSize: 'audio.data_size',
    AttrVideoWidth: 'video.width',
    AttrVideoHeight: 'video.height',
    AttrVideoMediaType: 'video.media_type',
    AttrVideoCodec: 'video.codec',
    AttrVideoDataSize: 'video.data_size',
    AttrConnectionID: 'connection.id',
    AttrConnectionType: 'connection.type',
    AttrConnectionState: 'connection.state',
    AttrLLMProvider: 'llm.provider',
    AttrLLMModel: 'llm.model',
    AttrLLMResponseType: 'llm.response_type',
    AttrSTTProvider: 'stt.provider',
    AttrTTSProvider: 'tts.provider',
    AttrTTSVoice: 'tts.voice',
    AttrErrorType: 'error.type',
    AttrErrorMessage: 'error.message',
    // Keys that occur only in the table of helpers.
    AttrConnectionOldState: 'connection.old_state',
    AttrMessageDirection: 'message.direction',
    AttrMessageSize: 'message.size',
    AttrResponseDataSize: 'response.data_size',
    AttrAudioSize: 'audio.size',
    AttrTextDataSize: 'text.data_size',
    AttrTextLength: 'text.length',
    AttrAudioOperation: 'audio.operation',
    AttrAudioInputSize: 'audio.input_size',
    AttrAudioOutputSize: 'audio.output_size',
    AttrVideoOperation: 'video.operation',
    AttrVideoInputSize: 'video.input_size',
    AttrVideoOutputSize: 'video.output_size',
    // Keys beyond the catalogue, for a closed WebSocket.
    AttrConnectionCloseCode: 'connection.close_code',
    AttrConnectionCloseReason: 'connection.close_reason',
    AttrConnectionCloseWasClean: 'connection.was_clean',
    AttrConnectionSentCount: 'connection.sent_count',
    AttrConnectionSentSize: 'connection.sent_size',
    AttrConnectionReceivedCount: 'connection.received_count',
    AttrConnectionReceivedSize: 'connection.received_size',
  });
});

it('the message types have the numbers of the original', () => {
  assert.deepEqual(trace.MessageType, { Audio: 0, Video: 1, Data: 2, Command: 3, Image: 4 });
});

it('a helper whose arguments cannot be read still starts a span, and reports it once', async () => {
  const codes: string[] = [];
  const exporter = new trace.InMemorySpanExporter();
  trace.initialize({
    exporterType: 'none',
    spanProcessors: [new trace.SimpleSpanProcessor(exporter)],
    onDiagnostic: ({ code }) => codes.push(code),
  });
  try {
    trace.instrumentElementStart(Symbol('element') as unknown as string).end();
    trace.instrumentElementStop(Symbol('element') as unknown as string, () => undefined);
    assert.equal(exporter.getFinishedSpans().length, 2);
    assert.deepEqual(codes, ['arguments_unreadable']);
  } finally {
    await trace.shutdown();
  }
});

it('a helper accepts the kind of its span, which is internal by default', async () => {
  const spans = await recording(() => {
    trace.instrumentLLMRequest('provider', 'model').end();
    trace.instrumentSTTRequest('provider', 1, { kind: trace.SpanKind.CLIENT }).end();
  });
  assert.deepEqual(
    spans.map(({ kind }) => kind - 1),
    [trace.SpanKind.INTERNAL, trace.SpanKind.CLIENT],
  );
});

it('functions that take a span ignore other values', () => {
  for (const span of [undefined, null, {}, 5] as never[]) {
    trace.addEvent(span, 'event');
    trace.setAttributes(span, {});
    trace.recordError(span, new Error('of nobody'));
  }
});
