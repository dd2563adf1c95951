import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  AlwaysOffSampler,
  contextOfMessage,
  extract,
  initialize,
  inject,
  instrumentElementProcess,
  instrumentPipelinePush,
  isSpanContextValid,
  linkMessage,
  ParentBasedSampler,
  type PipelineMessage,
  ROOT_CONTEXT,
  SamplingDecision,
  shutdown,
  spanId,
  startSpan,
  traceId,
  withSpan,
} from '../../src/index.ts';
import { parentsOf, recording } from '../oracle/recording.ts';

const pushed = 'pipeline.p.push';
const processed = (element: string) => `element.${element}.process`;

function messageOf(more: Partial<PipelineMessage> = {}): PipelineMessage {
  return { type: 3, sessionId: 's1', ...more };
}

function push(message: PipelineMessage): void {
  instrumentPipelinePush('p', message).end();
}

function process(element: string, message: PipelineMessage): void {
  instrumentElementProcess(element, message).end();
}

describe('the parent of a span about a message', () => {
  it('is the given one, or that of the message, or the active one', async () => {
    const spans = await recording(() => {
      const message = messageOf();
      const given = startSpan('given');
      push(message);
      withSpan('active', () => {
        instrumentElementProcess('a', message, { parent: given }).end();
        instrumentElementProcess('b', message).end();
        instrumentElementProcess('c', messageOf()).end();
      });
      given.end();
    });
    assert.deepEqual(parentsOf(spans), {
      [pushed]: '',
      [processed('a')]: 'given',
      [processed('b')]: pushed,
      [processed('c')]: 'active',
      active: '',
      given: '',
    });
  });

  it('is the push, whatever queue the message went through', async () => {
    const spans = await recording(async () => {
      const queue: PipelineMessage[] = [];
      withSpan('source', () => {
        const message = messageOf();
        push(message);
        queue.push(message);
      });
      await undefined;
      withSpan('worker', () => process('a', queue[0]));
    });
    assert.deepEqual(parentsOf(spans), { [pushed]: 'source', source: '', [processed('a')]: pushed, worker: '' });
    assert.equal(new Set(spans.map((span) => span.traceId)).size, 2);
  });

  it('is the first element if there was no push', async () => {
    const spans = await recording(() => {
      const message = messageOf();
      process('a', message);
      process('b', message);
      process('c', message);
    });
    assert.deepEqual(parentsOf(spans), {
      [processed('a')]: '',
      [processed('b')]: processed('a'),
      [processed('c')]: processed('a'),
    });
  });

  it('is the same for all branches of one push', async () => {
    const spans = await recording(() => {
      const message = messageOf();
      push(message);
      const first = instrumentElementProcess('a', message);
      const second = instrumentElementProcess('b', message);
      first.end();
      second.end();
      process('c', message);
    });
    assert.deepEqual(parentsOf(spans), {
      [pushed]: '',
      [processed('a')]: pushed,
      [processed('b')]: pushed,
      [processed('c')]: pushed,
    });
  });

  it('is the previous element if that has chain: true', async () => {
    const spans = await recording(() => {
      const message = messageOf();
      push(message);
      instrumentElementProcess('a', message, { chain: true }).end();
      instrumentElementProcess('b', message, { chain: true }, () => {});
      process('c', message);
      process('d', message);
    });
    assert.deepEqual(parentsOf(spans), {
      [pushed]: '',
      [processed('a')]: pushed,
      [processed('b')]: processed('a'),
      [processed('c')]: processed('b'),
      [processed('d')]: processed('b'),
    });
  });

  it('is not the context that a recycled buffer carried before its push', async () => {
    const spans = await recording(() => {
      const message = messageOf();
      push(message);
      process('a', message);
      withSpan('second', () => instrumentPipelinePush('q', message).end());
      process('b', message);
    });
    assert.deepEqual(parentsOf(spans), {
      [pushed]: '',
      [processed('a')]: pushed,
      'pipeline.q.push': 'second',
      second: '',
      [processed('b')]: 'pipeline.q.push',
    });
  });

  it('is active inside a callback, and so are its children', async () => {
    const spans = await recording(() => {
      const message = messageOf();
      push(message);
      withSpan('active', () => {
        instrumentElementProcess('a', message, () => startSpan('child').end());
      });
    });
    assert.deepEqual(parentsOf(spans), {
      [pushed]: '',
      child: processed('a'),
      [processed('a')]: pushed,
      active: '',
    });
  });
});

describe('a message that a callback returns', () => {
  const returning: [how: string, run: (source: PipelineMessage, derived: PipelineMessage) => unknown][] = [
    ['as it is', (source, derived) => instrumentElementProcess('a', source, () => derived)],
    ['after the options', (source, derived) => instrumentElementProcess('a', source, {}, () => derived)],
    ['by a promise', (source, derived) => instrumentElementProcess('a', source, async () => derived)],
    ['in an array', (source, derived) => instrumentElementProcess('a', source, () => [messageOf(), derived])],
    ['in an array by a promise', (source, derived) => instrumentElementProcess('a', source, async () => [derived])],
    [
      'by an async generator that yields it',
      async (source, derived) => {
        const generator = instrumentElementProcess('a', source, async function* () {
          yield messageOf();
          yield derived;
        });
        for await (const message of generator) if (message === derived) process('yielded', message);
      },
    ],
    ['from a push', (source, derived) => instrumentPipelinePush('q', source, () => derived)],
  ];
  for (const [how, run] of returning) {
    it(`belongs to the trace of the input message: ${how}`, async () => {
      const spans = await recording(async () => {
        const source = messageOf();
        const derived = messageOf();
        push(source);
        await run(source, derived);
        process('next', derived);
      });
      const parents = parentsOf(spans);
      assert.equal(parents[processed('next')], how === 'from a push' ? 'pipeline.q.push' : pushed);
      if (how.includes('generator')) assert.equal(parents[processed('yielded')], pushed);
    });
  }

  it('has the element as its parent with chain: true', async () => {
    const spans = await recording(() => {
      const source = messageOf();
      push(source);
      const derived = instrumentElementProcess('a', source, { chain: true }, () => messageOf());
      process('b', derived);
    });
    assert.equal(parentsOf(spans)[processed('b')], processed('a'));
  });

  it('keeps its existing trace', async () => {
    const spans = await recording(() => {
      const source = messageOf();
      const earlier = messageOf();
      instrumentPipelinePush('earlier', earlier).end();
      push(source);
      process(
        'b',
        instrumentElementProcess('a', source, () => earlier),
      );
    });
    assert.equal(parentsOf(spans)[processed('b')], 'pipeline.earlier.push');
  });

  it('is returned unchanged, and other values are not touched', async () => {
    await recording(async () => {
      const source = messageOf();
      push(source);
      const results: unknown[] = [
        { type: 'text' },
        { sessionId: 's1' },
        { type: 1 },
        [{}],
        null,
        'text',
        Symbol.iterator,
      ];
      for (const result of results) {
        const before = typeof result === 'object' && result !== null ? Reflect.ownKeys(result) : [];
        assert.equal(
          instrumentElementProcess('a', source, () => result),
          result,
        );
        assert.equal(await instrumentElementProcess('a', source, async () => result), result);
        if (typeof result === 'object' && result !== null) assert.deepEqual(Reflect.ownKeys(result), before);
      }
    });
  });

  it('may be a value that cannot be read', async () => {
    const revoked = Proxy.revocable([], {});
    revoked.revoke();
    const throwing = new Proxy({}, { get: refuse, has: refuse, getPrototypeOf: refuse });
    const circular: unknown[] = [];
    circular.push(circular);
    const spans = await recording(() => {
      for (const result of [revoked.proxy, throwing, circular]) {
        assert.equal(
          instrumentElementProcess('a', messageOf(), () => result),
          result,
        );
      }
    });
    assert.equal(spans.length, 3);
  });
});

describe('linkMessage', () => {
  it('gives a message the trace of its source', async () => {
    const spans = await recording(() => {
      const source = messageOf();
      const derived = messageOf();
      push(source);
      linkMessage(derived, source);
      process('a', derived);
    });
    assert.equal(parentsOf(spans)[processed('a')], pushed);
  });

  it('is continued by the first push into another pipeline, whatever is active, but not by the next', async () => {
    const spans = await recording(() => {
      const source = messageOf();
      push(source);
      const derived = instrumentElementProcess('a', source, () => messageOf());
      withSpan('active', () => instrumentPipelinePush('q', derived).end());
      process('b', derived);
      instrumentPipelinePush('r', derived).end();
    });
    assert.deepEqual(parentsOf(spans), {
      [pushed]: '',
      [processed('a')]: pushed,
      active: '',
      'pipeline.q.push': pushed,
      [processed('b')]: 'pipeline.q.push',
      'pipeline.r.push': '',
    });
  });

  it('overwrites, even with nothing if the source has no context', async () => {
    const spans = await recording(() => {
      const derived = messageOf();
      push(derived);
      linkMessage(derived, messageOf());
      process('a', derived);
    });
    assert.equal(parentsOf(spans)[processed('a')], '');
  });

  it('does not touch a message if there is nothing to link', () => {
    const derived = messageOf();
    linkMessage(derived, messageOf());
    assert.deepEqual(Reflect.ownKeys(derived), ['type', 'sessionId']);
  });
});

describe('a message that cannot be extended', () => {
  const closing: [how: string, close: (message: PipelineMessage) => PipelineMessage][] = [
    ['frozen', Object.freeze],
    ['sealed', Object.seal],
    ['not extensible', Object.preventExtensions],
    ['a proxy that refuses to be written to', (message) => new Proxy(message, { set: refuse, defineProperty: refuse })],
  ];
  for (const [how, close] of closing) {
    it(`still carries its context: ${how}`, async () => {
      const spans = await recording(() => {
        const message = close(messageOf());
        push(message);
        process('a', message);
        const derived = close(messageOf());
        linkMessage(derived, message);
        process('b', derived);
      });
      assert.deepEqual(parentsOf(spans), { [pushed]: '', [processed('a')]: pushed, [processed('b')]: pushed });
    });

    it(`is treated as new when it is pushed again: ${how}`, async () => {
      const spans = await recording(() => {
        const open = messageOf();
        instrumentPipelinePush('before', open).end();
        const message = close(open);
        push(message);
        process('a', message);
        instrumentPipelinePush('q', message).end();
        process('b', message);
        linkMessage(message, messageOf());
        process('c', message);
      });
      assert.deepEqual(parentsOf(spans), {
        'pipeline.before.push': '',
        [pushed]: '',
        [processed('a')]: pushed,
        'pipeline.q.push': '',
        [processed('b')]: 'pipeline.q.push',
        [processed('c')]: '',
      });
    });
  }
});

describe('a copy of a message', () => {
  it('by spread has the context of the original, and then its own', async () => {
    const spans = await recording(() => {
      const message = messageOf();
      push(message);
      const copy = { ...message };
      process('a', copy);
      instrumentPipelinePush('q', copy).end();
      process('b', copy);
      process('c', message);
    });
    assert.deepEqual(parentsOf(spans), {
      [pushed]: '',
      [processed('a')]: pushed,
      'pipeline.q.push': '',
      [processed('b')]: 'pipeline.q.push',
      [processed('c')]: pushed,
    });
  });

  it('by JSON contains nothing of this package', async () => {
    await recording(() => {
      const message = messageOf();
      push(message);
      assert.deepEqual(JSON.parse(JSON.stringify(message)), messageOf());
    });
  });
});

describe('contextOfMessage', () => {
  it('is the context that the message carries', async () => {
    const spans = await recording(() => {
      const message = messageOf();
      assert.equal(contextOfMessage(message), ROOT_CONTEXT);
      push(message);
      startSpan('child', { parent: contextOfMessage(message) }).end();
    });
    assert.deepEqual(parentsOf(spans), { [pushed]: '', child: pushed });
  });
});

describe('a message on its way to another process', () => {
  it('carries its context in its metadata', async () => {
    let wire = '';
    const sent = await recording(() => {
      const message = messageOf({ metadata: { language: 'de' } });
      push(message);
      inject(message.metadata, { context: contextOfMessage(message) });
      wire = JSON.stringify(message);
    });
    const received = await recording(() => {
      const message = JSON.parse(wire) as PipelineMessage;
      assert.equal(message.metadata?.language, 'de');
      instrumentPipelinePush('remote', message, { parent: extract(message.metadata) }).end();
      process('a', message);
    });
    const [remotePush, element] = received;
    assert.equal(remotePush.parentSpanId, sent[0].spanId);
    assert.equal(element.parentSpanId, remotePush.spanId);
    assert.deepEqual(new Set([...sent, ...received].map((span) => span.traceId)), new Set([sent[0].traceId]));
  });

  it('starts a new trace if its metadata has no context', async () => {
    const spans = await recording(() => {
      for (const metadata of [undefined, {}, { traceparent: 'nonsense' }]) {
        const message = messageOf({ metadata });
        instrumentPipelinePush('p', message, { parent: extract(message.metadata) }).end();
      }
    });
    assert.deepEqual(
      spans.map(({ parentSpanId }) => parentSpanId),
      ['', '', ''],
    );
  });
});

describe('a message when nothing is recorded', () => {
  const touch = () => {
    const message = messageOf();
    const derived = messageOf();
    push(message);
    process('a', message);
    instrumentElementProcess('b', message, { chain: true }, () => derived);
    linkMessage(derived, message);
    for (const each of [message, derived]) assert.deepEqual(Reflect.ownKeys(each), ['type', 'sessionId']);
    const frozen = Object.freeze(messageOf());
    push(frozen);
    assert.equal(contextOfMessage(frozen), ROOT_CONTEXT);
  };

  it('is left unchanged before initialize', touch);

  it('is left unchanged with the exporter none', async () => {
    initialize({ exporterType: 'none' });
    try {
      touch();
    } finally {
      await shutdown();
    }
  });

  it('loses its context with its next push', async () => {
    const messages = [messageOf(), messageOf()];
    await recording(() => {
      for (const message of messages) push(message);
    });
    Object.freeze(messages[1]);
    for (const message of messages) {
      assert.notEqual(traceId(contextOfMessage(message)), '');
      push(message);
      assert.equal(contextOfMessage(message), ROOT_CONTEXT);
    }
  });

  it('propagates an incoming context', () => {
    const incoming = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };
    const message = messageOf();
    instrumentPipelinePush('p', message, { parent: incoming }).end();
    assert.equal(spanId(contextOfMessage(message)), incoming.spanId);
    assert.equal(instrumentElementProcess('a', message).spanContext().traceId, incoming.traceId);
  });
});

describe('a push that is not sampled', () => {
  // Decide by session, so that one process has both kinds.
  const sampler = new ParentBasedSampler({
    root: {
      shouldSample: (_context, _traceId, _name, _kind, attributes) => ({
        decision:
          attributes['session.id'] === 'unsampled' ? SamplingDecision.NOT_RECORD : SamplingDecision.RECORD_AND_SAMPLED,
      }),
      toString: () => 'by session',
    },
  });

  it('keeps its children unsampled, even under a sampled active span', async () => {
    const spans = await recording(
      () => {
        const message = messageOf({ sessionId: 'unsampled' });
        push(message);
        withSpan('active', () => {
          process('a', message);
          instrumentElementProcess('b', message, () => startSpan('child').end());
          const derived = instrumentElementProcess('c', message, { chain: true }, () => messageOf());
          process('d', derived);
        });
      },
      { sampler },
    );
    assert.deepEqual(parentsOf(spans), { active: '' });
  });

  it('replaces the sampled context of a recycled message', async () => {
    for (const frozen of [false, true]) {
      const spans = await recording(
        () => {
          const message = messageOf({ type: 0 });
          push(message);
          process('a', message);
          message.sessionId = 'unsampled';
          if (frozen) Object.freeze(message);
          push(message);
          process('b', message);
        },
        { sampler },
      );
      assert.deepEqual(parentsOf(spans), { [pushed]: '', [processed('a')]: pushed });
    }
  });

  it('has its own ids, which are propagated to other processes', async () => {
    await recording(
      () => {
        const message = messageOf();
        const span = instrumentPipelinePush('p', message);
        assert.equal(isSpanContextValid(span.spanContext()), true);
        const metadata: Record<string, string> = {};
        inject(metadata, { context: contextOfMessage(message) });
        assert.match(metadata.traceparent, new RegExp(`^00-${span.spanContext().traceId}-[0-9a-f]{16}-0[02]$`));
      },
      { sampler: new AlwaysOffSampler() },
    );
  });
});

function refuse(): never {
  throw new Error('refused');
}

describe('a hostile message', () => {
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const hostile: [what: string, message: unknown][] = [
    ['null', null],
    ['undefined', undefined],
    ['a string', 'message'],
    ['a number', 1],
    ['a function', () => {}],
    ['a symbol', Symbol('message')],
    ['without any member', {}],
    ['without a prototype', Object.create(null)],
    ['a revoked proxy', revoked.proxy],
    ['a proxy that throws', new Proxy({}, { get: refuse, set: refuse, has: refuse, isExtensible: refuse })],
    ['a proxy that answers everything', new Proxy(() => {}, { get: (target) => target })],
    ['a proxy that answers everything with itself', boundless()],
    [
      'with getters that throw',
      Object.defineProperties({}, { type: { get: refuse }, sessionId: { get: refuse }, audioData: { get: refuse } }),
    ],
    [
      'with audio that throws',
      {
        type: 0,
        sessionId: 's1',
        audioData: {
          get data() {
            return refuse();
          },
        },
      },
    ],
    ['with content that is no content', { type: 0, sessionId: 's1', audioData: { data: null } }],
    ['with audio that is none', { type: 0, sessionId: 's1', audioData: 'audio' }],
    ['with members of other types', { type: 'audio', sessionId: Symbol('s1'), audioData: 1 }],
    [
      'with another span where ours is',
      { type: 3, sessionId: 's1', [Symbol.for('@realtime-ai/trace message span')]: 1 },
    ],
  ];
  for (const [what, given] of hostile) {
    it(`does no harm: ${what}`, async () => {
      const message = given as PipelineMessage;
      const spans = await recording(
        () => {
          push(message);
          assert.equal(
            instrumentElementProcess('a', message, () => 42),
            42,
          );
          assert.equal(
            instrumentElementProcess('b', message, { chain: true }, () => 42),
            42,
          );
          instrumentElementProcess('c', messageOf(), () => [message]);
          linkMessage(message, messageOf());
          linkMessage(messageOf(), message);
          contextOfMessage(message);
          assert.equal(traceId(), '');
        },
        { onDiagnostic: () => {} },
      );
      assert.deepEqual(
        spans.map(({ name }) => name),
        [pushed, processed('a'), processed('b'), processed('c')],
      );
    });
  }
});

/** Like the stub of a remote object: every member can be called and has every member. */
function boundless(): unknown {
  const stub: unknown = new Proxy(() => {}, { get: () => stub, apply: () => stub });
  return stub;
}
