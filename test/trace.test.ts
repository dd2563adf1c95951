import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { afterEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as api from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  addEvent,
  BatchSpanProcessor,
  baggageIn,
  contextWithBaggage,
  contextWithSpan,
  createBaggage,
  extract,
  forceFlush,
  getTracer,
  INVALID_SPAN,
  InMemorySpanExporter,
  initialize,
  inject,
  instrumentLLMRequest,
  logWithTrace,
  nonRecordingSpan,
  ROOT_CONTEXT,
  recordError,
  SimpleSpanProcessor,
  type Span,
  type SpanContext,
  type SpanSource,
  setAttributes,
  shutdown,
  spanFromContext,
  spanId,
  startSpan,
  stats,
  type TextMapSetter,
  TracerProvider,
  traceId,
  withSpan,
} from '../src/index.ts';
import { startCollector } from './oracle/collector.ts';
import { parentsOf, recording } from './oracle/recording.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const incoming: SpanContext = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: 1,
  isRemote: true,
};
const traceparent = `00-${incoming.traceId}-${incoming.spanId}-01`;
const suppressed = ROOT_CONTEXT.setValue(Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING'), true);

// A test that fails midway must not affect the next one.
afterEach(() => shutdown());

describe('initialize', () => {
  it('returns the tracer that startSpan uses', async () => {
    const spans = await recording(() => {
      startSpan('by startSpan').end();
    });
    const collector = await startCollector();
    const tracer = initialize({ exporterType: 'otlp', otlpEndpoint: collector.url, quiet: true });
    tracer.startSpan('by the tracer').end();
    await shutdown();
    await collector.close();
    assert.deepEqual(collector.spans()[0].scope, spans[0].scope);
    assert.equal(collector.spans()[0].name, 'by the tracer');
  });

  it('throws if tracing is already initialized, and leaves it unchanged', async () => {
    const spans = await recording(() => {
      assert.throws(() => initialize({ exporterType: 'none' }), /already initialized: call shutdown\(\) first/);
      startSpan('span').end();
    });
    assert.equal(spans.length, 1);
  });

  it('initializes nothing if it throws for its settings', async () => {
    assert.throws(() => initialize({ exporterType: 'zipkin' as 'otlp' }), /exporterType: "zipkin" is not one of/);
    assert.throws(() => initialize({ exporterType: 'otlp', batch: { maxQueueSize: -1 }, quiet: true }), /maxQueueSize/);
    assert.equal((await recording(() => startSpan('span').end())).length, 1);
  });

  it('works again after shutdown', async () => {
    const first = await recording(() => startSpan('first').end());
    const second = await recording(() => startSpan('second').end());
    assert.deepEqual([first.length, second.length], [1, 1]);
    assert.equal(second[0].name, 'second');
  });

  it('works again while the previous shutdown is still in progress', async () => {
    const collector = await startCollector({ answer: () => ({ delayMillis: 50 }) });
    initialize({ exporterType: 'otlp', otlpEndpoint: collector.url, quiet: true });
    startSpan('first').end();
    const stopping = shutdown();
    const second = await recording(() => startSpan('second').end());
    assert.equal((await stopping).exported, 1);
    await collector.close();
    assert.equal(second[0].name, 'second');
  });
});

describe('shutdown', () => {
  it('does nothing before initialize', async () => {
    const { status, stdout } = run("import { shutdown } from './src/index.ts'; console.log(await shutdown());");
    assert.equal(stdout.trim(), '{ exported: 0, pending: 0, dropped: 0 }');
    assert.equal(status, 0);
  });

  it('sends ended spans, and is shared by all callers', async () => {
    const collector = await startCollector({ answer: () => ({ delayMillis: 20 }) });
    initialize({ exporterType: 'otlp', otlpEndpoint: collector.url, quiet: true });
    startSpan('span').end();
    const results = await Promise.all([shutdown(), shutdown()]);
    results.push(await shutdown());
    assert.deepEqual(results, Array(3).fill({ exported: 1, pending: 0, dropped: 0 }));
    assert.equal(collector.requests.length, 1);
    await collector.close();
  });

  it('lets spans that are still open end without effect', async () => {
    let open: Span | undefined;
    const log: string[] = [];
    const spans = await recording(
      () => {
        open = startSpan('open');
      },
      { onDiagnostic: (diagnostic) => log.push(diagnostic.message) },
    );
    open?.setAttribute('late', true).end();
    assert.deepEqual(spans, []);
    const meaning = 'they are not sent: is an end() or an await missing?';
    assert.deepEqual(log, [
      `spans_open: 1 span not ended, such as "open": ${meaning}`,
      'shutdown: 1 span: spans that cannot be sent before the shutdown is over, or that end after it, are dropped',
    ]);
  });

  it('of the exporter none sends nothing and can be called twice', async () => {
    initialize({ exporterType: 'none' });
    await Promise.all([shutdown(), shutdown()]);
    assert.equal((await recording(() => startSpan('span').end())).length, 1);
  });
});

describe('the banner on stderr', () => {
  const OTLP = { TRACE_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318', OTEL_SERVICE_NAME: 'agent' };
  const initializing = (config = '{}') => `import { initialize } from './src/index.ts'; initialize(${config});`;

  it('says once where spans go', () => {
    const { stderr, stdout } = run(initializing(), OTLP);
    assert.equal(stderr, '[trace] agent: exporting spans to http://collector:4318/v1/traces\n');
    assert.equal(stdout, '');
  });

  it('names the exporter and the service by default, too', () => {
    const { stderr, stdout } = run(initializing());
    assert.equal(stderr, '[trace] realtime-ai: exporting spans to stdout\n');
    assert.equal(stdout, '');
  });

  it('names what the code says over what the environment says', () => {
    const { stderr } = run(initializing("{ otlpEndpoint: 'https://other/base', serviceName: 'mine' }"), OTLP);
    assert.equal(stderr, '[trace] mine: exporting spans to https://other/base/v1/traces\n');
  });

  it('is followed by a warning about spans that were started before', () => {
    const early =
      "import { initialize, shutdown, startSpan } from './src/index.ts'; startSpan('session'); startSpan('turn');";
    const { stderr } = run(`${early} initialize({ quiet: true });`);
    assert.match(stderr, /^\[trace\] started_early: "session": a span was started before initialize\(\): .*\n$/);
    // Spans that start after a shutdown are dropped on purpose.
    const again = "initialize({ quiet: true }); await shutdown(); startSpan('late'); initialize({ quiet: true });";
    assert.equal(run(early.replace(/startSpan\('.*/, '') + again).stderr, '');
  });

  const silent: [what: string, config: string, variables: Record<string, string>][] = [
    ['quiet: true', '{ quiet: true }', OTLP],
    ['OTEL_LOG_LEVEL=error', '{}', { ...OTLP, OTEL_LOG_LEVEL: 'error' }],
    ['OTEL_LOG_LEVEL=none', '{}', { ...OTLP, OTEL_LOG_LEVEL: 'none' }],
    ['the exporter none', "{ exporterType: 'none' }", OTLP],
  ];
  for (const [what, config, variables] of silent) {
    it(`is not written with ${what}`, () => {
      const { stderr, stdout, status } = run(initializing(config), variables);
      assert.deepEqual([stderr, stdout, status], ['', '', 0]);
    });
  }
});

/** Runs a module in a separate process, with only the given variables of those that this package reads. */
function run(code: string, variables: Record<string, string> = {}) {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(OTEL_|TRACE_|ENVIRONMENT$|NODE_)/.test(name));
  return spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', code], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...Object.fromEntries(inherited), ...variables },
  });
}

describe('without initialization', () => {
  const states: [state: string, setUp: () => void][] = [
    ['before initialize', () => {}],
    ['with the exporter none', () => initialize({ exporterType: 'none' })],
  ];
  for (const [state, setUp] of states) {
    describe(state, () => {
      it('spans record nothing, have no ids and are one shared object', () => {
        setUp();
        const span = startSpan('span', { attributes: { key: 'value' } });
        assert.equal(span, INVALID_SPAN);
        assert.equal(span.isRecording(), false);
        assert.equal(getTracer().startSpan('span'), INVALID_SPAN);
        assert.deepEqual([traceId(), spanId(), logWithTrace('bare')], ['', '', 'bare']);
      });

      it('callbacks run, and their results, promises and errors are unchanged', async () => {
        setUp();
        const thrown = new Error('thrown');
        const promise = Promise.resolve(1);
        assert.equal(
          withSpan('span', () => 'value'),
          'value',
        );
        assert.equal(
          withSpan('span', () => promise),
          promise,
        );
        assert.equal(
          instrumentLLMRequest('p', 'm', (span) => span.isRecording()),
          false,
        );
        assert.throws(() => withSpan('span', () => fail(thrown)), thrown);
        await assert.rejects(
          withSpan('span', async () => fail(thrown)),
          thrown,
        );
        assert.equal(
          getTracer().startActiveSpan('span', (span) => span),
          INVALID_SPAN,
        );
        assert.equal(
          getTracer().startActiveSpan('span', {}, (span) => span),
          INVALID_SPAN,
        );
      });

      it('every function can be called', async () => {
        setUp();
        const span = startSpan('span');
        addEvent(span, 'event', { key: 'value' });
        setAttributes(span, { key: 'value' });
        recordError(span, new Error('recorded'));
        span.setStatus({ code: 2 }).updateName('name').addLink(incoming).end();
        span[Symbol.dispose]();
        assert.equal(
          span.run(() => 'value'),
          'value',
        );
        stats();
        assert.deepEqual(await forceFlush(), { exported: 0, pending: 0, dropped: 0 });
      });

      it('an incoming span stays the parent of later ones', () => {
        setUp();
        for (const parent of [incoming, nonRecordingSpan(incoming), contextWithSpan(nonRecordingSpan(incoming))]) {
          assert.equal(startSpan('span', { parent }).spanContext().spanId, incoming.spanId);
          assert.equal(
            withSpan('span', { parent }, () => traceId()),
            incoming.traceId,
          );
          assert.equal(withSpan('span', { parent }, async () => spanId()) instanceof Promise, true);
          assert.equal(
            instrumentLLMRequest('p', 'm', { parent }, () => spanId()),
            incoming.spanId,
          );
        }
        const context = contextWithSpan(nonRecordingSpan(incoming));
        assert.equal(getTracer().startSpan('span', {}, context).spanContext().spanId, incoming.spanId);
        assert.equal(
          getTracer().startActiveSpan('span', {}, context, () => spanId()),
          incoming.spanId,
        );
        assert.equal(spanId(), '');
      });

      it('root: true continues without a trace', () => {
        setUp();
        nonRecordingSpan(incoming).run(() => {
          assert.equal(startSpan('span').spanContext().spanId, incoming.spanId);
          assert.equal(startSpan('span', { root: true }), INVALID_SPAN);
          assert.equal(startSpan('span', { root: true, parent: incoming }), INVALID_SPAN);
          const carrier = {};
          withSpan('span', { root: true }, () => inject(carrier));
          assert.deepEqual(carrier, {});
          assert.equal(getTracer().startSpan('span', { root: true }), INVALID_SPAN);
          assert.equal(
            getTracer().startActiveSpan('span', { root: true }, (span) => span),
            INVALID_SPAN,
          );
        });
      });

      it('a recording parent of another provider is not ended by its children', () => {
        setUp();
        const exporter = new InMemorySpanExporter();
        const provider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
        const parent = provider.getTracer('other').startSpan('parent');
        const child = startSpan('child', { parent });
        assert.deepEqual(
          [child.isRecording(), child.spanContext().spanId, child.setAttribute('key', 'value') === child],
          [false, parent.spanContext().spanId, true],
        );
        child.end();
        withSpan('child', { parent }, (span) => recordError(span, new Error('of the child')));
        assert.throws(() => parent.run(() => withSpan('child', () => fail(new Error('of the child')))));
        assert.equal(parent.isRecording(), true);
        const { attributes, events } = parent as Span & { attributes: object; events: unknown[] };
        assert.deepEqual([attributes, events], [{}, []]);
      });

      it('a span of another library as the parent yields a span with all methods', () => {
        setUp();
        const child = startSpan('child', { parent: api.trace.wrapSpanContext(incoming) });
        assert.equal(
          child.run(() => spanId()),
          incoming.spanId,
        );
      });

      it('values that throw when they are read do no harm', () => {
        setUp();
        const throwing = new Proxy({}, { get: () => fail(new Error('read')) }) as never;
        assert.equal(startSpan('span', throwing).isRecording(), false);
        assert.equal(startSpan('span', { parent: throwing }).isRecording(), false);
        assert.equal(getTracer().startSpan('span', throwing, throwing).isRecording(), false);
        assert.equal(traceId(throwing), '');
      });
    });
  }

  it('the exporter none extracts and injects an incoming context', () => {
    initialize({ exporterType: 'none' });
    const outgoing: Record<string, string> = {};
    const context = extract({ traceparent, baggage: 'user=u1' });
    withSpan('handler', { parent: context }, () => {
      withSpan('inner', () => inject(outgoing));
    });
    assert.deepEqual(outgoing, { traceparent, baggage: 'user=u1' });
  });

  it('nothing crosses processes before initialize', () => {
    const outgoing = {};
    inject(outgoing, { context: contextWithSpan(nonRecordingSpan(incoming)) });
    assert.deepEqual(outgoing, {});
    assert.equal(extract({ traceparent }), ROOT_CONTEXT);
  });

  it('a parent from before the shutdown is not ended by later children', async () => {
    let parent = INVALID_SPAN;
    await recording(
      () => {
        parent = startSpan('parent');
      },
      { onDiagnostic: () => {} },
    );
    startSpan('child', { parent }).end();
    assert.equal(parent.isRecording(), true);
  });
});

describe('startSpan', () => {
  const parents: [what: string, source: (context: SpanContext) => SpanSource][] = [
    ['a span context', (context) => context],
    ['a span', (context) => nonRecordingSpan(context)],
    ['a context', (context) => contextWithSpan(nonRecordingSpan(context), ROOT_CONTEXT)],
    ['a span of another library', (context) => api.trace.wrapSpanContext(context)],
    ['a context of another library', (context) => api.trace.setSpanContext(api.ROOT_CONTEXT, context)],
    ['an object with spanContext()', (context) => ({ spanContext: () => context })],
  ];
  for (const [what, source] of parents) {
    it(`accepts as parent ${what}`, async () => {
      const spans = await recording(() => {
        const parent = source(incoming);
        startSpan('started', { parent }).end();
        withSpan('active', { parent }, () => startSpan('child').end());
        withSpan('outer', () => startSpan('not of the active', { parent }).end());
        startSpan('linked', { links: [parent, { context: parent, attributes: { key: 'value' } }] }).end();
      });
      assert.deepEqual(parentsOf(spans), {
        started: incoming.spanId,
        child: 'active',
        active: incoming.spanId,
        'not of the active': incoming.spanId,
        outer: '',
        linked: '',
      });
      assert.deepEqual(
        spans[5].links.map((link) => [link.traceId, link.spanId, link.attributes]),
        [
          [incoming.traceId, incoming.spanId, {}],
          [incoming.traceId, incoming.spanId, { key: 'value' }],
        ],
      );
    });
  }

  const nothing: [what: string, parent: unknown][] = [
    ['the empty context', ROOT_CONTEXT],
    ['an invalid span', INVALID_SPAN],
    ['an invalid span context', { traceId: 'x', spanId: 'y', traceFlags: 1 }],
    ['no span at all', 42],
  ];
  for (const [what, parent] of nothing) {
    it(`starts a new trace if the parent is ${what}`, async () => {
      const spans = await recording(() => {
        withSpan('active', () => startSpan('span', { parent: parent as SpanSource }).end());
      });
      assert.deepEqual(parentsOf(spans), { span: '', active: '' });
      assert.notEqual(spans[0].traceId, spans[1].traceId);
    });
  }

  it('starts a new trace with root: true', async () => {
    const spans = await recording(() => {
      withSpan('active', () => {
        startSpan('span', { root: true }).end();
        withSpan('with callback', { root: true }, () => startSpan('child').end());
      });
    });
    assert.deepEqual(parentsOf(spans), { span: '', child: 'with callback', 'with callback': '', active: '' });
  });

  it('returns a stand-in for the parent if tracing is suppressed', async () => {
    const spans = await recording(() => {
      withSpan('active', (active) => {
        const parent = contextWithSpan(active, suppressed);
        const child = startSpan('suppressed', { parent });
        assert.deepEqual([child.isRecording(), child.spanContext().spanId], [false, active.spanContext().spanId]);
        child.end();
        withSpan('suppressed', { parent }, () => startSpan('suppressed, too').end());
        assert.equal(active.isRecording(), true);
      });
    });
    assert.deepEqual(parentsOf(spans), { active: '' });
  });

  it('reports options that cannot be read, and ignores them', async () => {
    const codes: string[] = [];
    const throwing = new Proxy({}, { get: () => fail(new Error('read')) });
    const spans = await recording(
      () => {
        startSpan('span', throwing).end();
        instrumentLLMRequest('p', 'm', throwing).end();
        assert.equal(
          instrumentLLMRequest('p', 'm', throwing, () => 'value'),
          'value',
        );
      },
      { onDiagnostic: ({ code }) => codes.push(code) },
    );
    assert.deepEqual(codes, ['start_failed', 'options_unreadable']);
    assert.deepEqual(
      spans.map(({ name }) => name),
      ['llm.request', 'llm.request'],
    );
  });
});

describe("the original's example of a parent and its child", () => {
  it('works with callbacks', async () => {
    const child = () => withSpan('child', () => {});
    const parent = () => withSpan('parent', () => child());
    assert.deepEqual(parentsOf(await recording(parent)), { child: 'parent', parent: '' });
  });

  it('works with spans that are started and ended', async () => {
    const child = () => {
      const span = startSpan('child');
      span.end();
    };
    const parent = () => {
      const span = startSpan('parent');
      try {
        span.run(() => child());
      } finally {
        span.end();
      }
    };
    assert.deepEqual(parentsOf(await recording(parent)), { child: 'parent', parent: '' });
  });

  it('works with explicit parents', async () => {
    const child = (parent: SpanSource) => startSpan('child', { parent }).end();
    const parent = () => {
      const span = startSpan('parent');
      child(span);
      span.end();
    };
    assert.deepEqual(parentsOf(await recording(parent)), { child: 'parent', parent: '' });
  });
});

describe('withSpan', () => {
  it('returns the value and ends the span immediately', async () => {
    const [span] = await recording(() => {
      let kept = INVALID_SPAN;
      assert.equal(
        withSpan('span', { attributes: { key: 'value' }, kind: 2 }, (given) => {
          kept = given;
          assert.equal(spanFromContext(), given);
          return 'value';
        }),
        'value',
      );
      assert.equal(kept.isRecording(), false);
      assert.equal(spanId(), '');
    });
    assert.deepEqual([span.attributes, span.kind], [{ key: 'value' }, 3]);
  });

  it('records any thrown value', async () => {
    const values: [thrown: unknown, type: string | undefined, message: string][] = [
      [new TypeError('an error'), 'TypeError', 'an error'],
      ['a string', 'string', 'a string'],
      [{ code: 'E42', message: 'an object' }, 'E42', 'an object'],
      [undefined, 'undefined', ''],
      [null, 'null', 'null'],
    ];
    const spans = await recording(() => {
      for (const [thrown] of values) {
        let caught: unknown = 'nothing';
        try {
          withSpan('span', () => fail(thrown));
        } catch (error) {
          caught = error;
        }
        assert.equal(caught, thrown);
      }
    });
    assert.deepEqual(
      spans.map(({ events, status }) => [status.code, events[0]?.attributes['exception.type'], status.message]),
      values.map(([, type, message]) => [2, type, message]),
    );
  });

  it('waits for a promise: fulfilled, rejected, and with other work in between', async () => {
    const spans = await recording(async () => {
      const rejected = new Error('rejected');
      await withSpan('fulfilled', async () => {
        await undefined;
        startSpan('child').end();
      });
      await assert.rejects(
        withSpan('rejected', () => Promise.reject(rejected)),
        (error) => error === rejected,
      );
    });
    assert.deepEqual(parentsOf(spans), { child: 'fulfilled', fulfilled: '', rejected: '' });
    assert.equal(spans[2].status.message, 'rejected');
  });

  it('leads to one unhandled rejection if nothing handles it', () => {
    const { stdout } = run(
      `import { initialize, withSpan } from './src/index.ts';
      initialize({ exporterType: 'otlp', quiet: true });
      process.on('unhandledRejection', (error) => console.log(error.message));
      withSpan('span', async () => { throw new Error('unhandled'); });
      setTimeout(() => process.exit(), 20);`,
    );
    assert.equal(stdout, 'unhandled\n');
  });

  describe('with a thenable', () => {
    it("starts a lazy one's work once, with the span active", async () => {
      let calls = 0;
      const lazy: PromiseLike<string> = {
        // biome-ignore lint/suspicious/noThenProperty: as query builders have it
        then(onFulfilled, onRejected) {
          calls++;
          const work = async () => {
            await undefined;
            startSpan('query').end();
            return 'row';
          };
          return work().then(onFulfilled, onRejected);
        },
      };
      const spans = await recording(async () => {
        assert.equal(await withSpan('span', () => lazy), 'row');
      });
      assert.equal(calls, 1);
      assert.deepEqual(parentsOf(spans), { query: 'span', span: '' });
    });

    it("accepts one whose then() returns nothing, or that is a function, or a promise's subclass", async () => {
      class Query extends Promise<string> {}
      const spans = await recording(async () => {
        // biome-ignore-start lint/suspicious/noThenProperty: as the smallest thenables have it
        const minimal = { then: (resolve: (value: string) => void) => resolve('minimal') };
        const callable = Object.assign(() => {}, { then: (resolve: (value: string) => void) => resolve('callable') });
        // biome-ignore-end lint/suspicious/noThenProperty: as above
        assert.equal(await withSpan<unknown>('minimal', () => minimal), 'minimal');
        assert.equal(await withSpan<unknown>('callable', () => callable), 'callable');
        assert.equal(await withSpan('query', () => Query.resolve('row')), 'row');
      });
      assert.deepEqual(parentsOf(spans), { minimal: '', callable: '', query: '' });
    });

    it('records its rejection', async () => {
      const [span] = await recording(async () => {
        // biome-ignore lint/suspicious/noThenProperty: the smallest thenable
        const rejecting = { then: (_: unknown, reject: (error: Error) => void) => reject(new Error('rejected')) };
        await assert.rejects(async () => withSpan<unknown>('span', () => rejecting), /rejected/);
      });
      assert.equal(span.status.message, 'rejected');
    });

    it('treats a result that cannot be read as a value', async () => {
      const hostile = new Proxy({}, { get: () => fail(new Error('read')), has: () => fail(new Error('read')) });
      const spans = await recording(() =>
        assert.equal(
          withSpan('span', () => hostile),
          hostile,
        ),
      );
      assert.equal(spans.length, 1);
    });
  });

  describe('with an async generator', () => {
    async function* numbers(log: string[] = []): AsyncGenerator<number, unknown> {
      try {
        for (let number = 1; ; number++) {
          startSpan(`step ${number}`).end();
          yield number;
        }
      } finally {
        startSpan('cleanup').end();
        log.push('closed');
      }
    }

    it('ends the span when the consumer stops early', async () => {
      const log: string[] = [];
      const spans = await recording(async () => {
        for await (const number of withSpan('span', () => numbers(log))) if (number === 2) break;
      });
      assert.deepEqual(log, ['closed']);
      assert.deepEqual(parentsOf(spans), { 'step 1': 'span', 'step 2': 'span', cleanup: 'span', span: '' });
      assert.equal(spans[3].status.code, 0);
    });

    it('ends the span when it is returned before its first step', async () => {
      const spans = await recording(async () => {
        assert.deepEqual(await withSpan('span', () => numbers()).return(7), { done: true, value: 7 });
      });
      assert.deepEqual(parentsOf(spans), { span: '' });
    });

    it('starts the span with its first step, unless it is given a start time', async () => {
      const startTime = Date.now() - 60_000;
      const [own, given] = await recording(async () => {
        const two = async function* () {
          yield 1;
          yield 2;
        };
        const generators = [withSpan('own', two), withSpan('given', { startTime }, two)];
        await new Promise((resolve) => setTimeout(resolve, 30));
        for (const generator of generators) {
          for await (const _ of generator);
        }
      });
      assert.ok(
        own.endTimeUnixNano - own.startTimeUnixNano < 25_000_000n,
        `${own.endTimeUnixNano - own.startTimeUnixNano} ns`,
      );
      assert.equal(given.startTimeUnixNano, BigInt(startTime) * 1_000_000n);
    });

    it('records what it throws', async () => {
      const thrown = new Error('after one');
      const [span] = await recording(async () => {
        const generator = withSpan('span', async function* () {
          yield 1;
          throw thrown;
        });
        assert.deepEqual(await generator.next(), { done: false, value: 1 });
        await assert.rejects(generator.next(), (error) => error === thrown);
        assert.deepEqual(await generator.next(), { done: true, value: undefined });
      });
      assert.deepEqual([span.status.message, span.events.length], ['after one', 1]);
    });

    it('records what is thrown into it, unless the generator catches it', async () => {
      const spans = await recording(async () => {
        const failing = withSpan('failing', () => numbers());
        await failing.next();
        await assert.rejects(failing.throw(new Error('thrown in')), /thrown in/);
        const catching = withSpan('catching', async function* () {
          try {
            yield 1;
          } catch {
            yield 2;
          }
        });
        await catching.next();
        assert.deepEqual(await catching.throw(new Error('thrown in')), { done: false, value: 2 });
        await catching.next();
      });
      const status = Object.fromEntries(spans.map(({ name, status }) => [name, status.code]));
      assert.deepEqual([status.failing, status.catching], [2, 0]);
    });

    it('passes values in, returns a result, and works through a promise', async () => {
      const spans = await recording(async () => {
        const generator = await withSpan('span', async () => {
          await undefined;
          return (async function* (): AsyncGenerator<string, string, string> {
            const given = yield 'first';
            return `got ${given}`;
          })();
        });
        assert.deepEqual(await generator.next(), { done: false, value: 'first' });
        assert.equal(stats()?.live, 1);
        assert.deepEqual(await generator.next('second'), { done: true, value: 'got second' });
        assert.equal(stats()?.live, 0);
      });
      assert.deepEqual(parentsOf(spans), { span: '' });
    });

    it('keeps properties added to it, and works with compiled generators', async () => {
      const spans = await recording(async () => {
        const given = Object.assign(numbers(), { interrupt: () => 'interrupted' });
        const generator = withSpan('added', () => given);
        assert.equal(generator.interrupt(), 'interrupted');
        assert.ok(generator instanceof (numbers as unknown as new () => object));
        assert.equal(Object.prototype.toString.call(generator), '[object AsyncGenerator]');
        for await (const _ of generator) break;
        const inner = numbers();
        const compiled = {
          next: () => inner.next(),
          return: (value: unknown) => inner.return(value),
          throw: (error: unknown) => inner.throw(error),
          [Symbol.asyncIterator]: () => compiled,
        };
        for await (const _ of withSpan('compiled', () => compiled)) break;
      });
      assert.deepEqual(
        spans.filter(({ name }) => name === 'step 1').map(({ parentSpanId }) => parentSpanId),
        ['added', 'compiled'].map((name) => spans.find((span) => span.name === name)?.spanId),
      );
    });

    it('does not include a stream with the same methods, which is unchanged', async () => {
      class Iterable extends ReadableStream<number> {
        next = undefined;
        async return(): Promise<void> {}
        async throw(): Promise<void> {}
      }
      class Query {
        #values = [1, 2];
        async next() {
          return { done: this.#values.length === 0, value: this.#values.shift() };
        }
        async return() {}
        async throw() {}
        [Symbol.asyncIterator]() {
          return this;
        }
      }
      const spans = await recording(async () => {
        for (const stream of [new Iterable(), new Query()])
          assert.equal(
            withSpan('stream', () => stream),
            stream,
          );
      });
      assert.equal(spans.length, 2);
    });

    it('can be consumed by yield* and disposed of', async () => {
      const spans = await recording(async () => {
        const inner = withSpan('delegated', async function* () {
          yield 1;
          yield 2;
        });
        const values: number[] = [];
        for await (const value of (async function* () {
          yield* inner;
        })()) {
          values.push(value);
        }
        assert.deepEqual(values, [1, 2]);
        await withSpan('disposed', () => numbers())[Symbol.asyncDispose]();
      });
      assert.deepEqual(parentsOf(spans), { delegated: '', disposed: '' });
    });
  });

  it('nests', async () => {
    const spans = await recording(async () => {
      await withSpan('outer', async () => {
        await withSpan('middle', async () => {
          await undefined;
          withSpan('inner', () => {});
        });
        withSpan('after', () => {});
      });
      assert.equal(spanId(), '');
    });
    assert.deepEqual(parentsOf(spans), { inner: 'middle', middle: 'outer', after: 'outer', outer: '' });
  });

  it('keeps concurrent calls apart', async () => {
    const spans = await recording(async () => {
      const call = (name: string) =>
        withSpan(name, async () => {
          await undefined;
          startSpan(`${name}, 1`).end();
          await new Promise(setImmediate);
          startSpan(`${name}, 2`).end();
        });
      await Promise.all([call('a'), call('b')]);
    });
    assert.deepEqual(parentsOf(spans), { 'a, 1': 'a', 'a, 2': 'a', 'b, 1': 'b', 'b, 2': 'b', a: '', b: '' });
  });

  it('runs within the context given as parent, with all its values', async () => {
    const spans = await recording(() => {
      const baggage = createBaggage({ user: { value: 'u1' } });
      const parent = contextWithBaggage(contextWithSpan(nonRecordingSpan(incoming)), baggage);
      withSpan('span', { parent }, () => {
        assert.equal(baggageIn(contextWithSpan(spanFromContext())), baggage);
      });
      withSpan('outer', { parent }, () => {
        withSpan('inner', { parent: incoming }, () => {
          assert.equal(baggageIn(contextWithSpan(spanFromContext())), baggage, 'the active context stays');
        });
      });
    });
    assert.deepEqual(parentsOf(spans), { span: incoming.spanId, inner: incoming.spanId, outer: incoming.spanId });
  });

  it('makes unsampled spans active, too', async () => {
    const spans = await recording(
      () => {
        withSpan('span', (span) => {
          assert.equal(spanFromContext(), span);
          assert.equal(startSpan('child').spanContext().traceId, span.spanContext().traceId);
        });
      },
      { sampler: new AlwaysOffSampler() },
    );
    assert.deepEqual(spans, []);
  });
});

describe('ids, logs and contexts', () => {
  it('are those of the active span by default', async () => {
    await recording(() => {
      withSpan('span', (span) => {
        const own = span.spanContext();
        assert.deepEqual([traceId(), spanId()], [own.traceId, own.spanId]);
        assert.equal(logWithTrace('message'), `[trace_id=${own.traceId} span_id=${own.spanId}] message`);
        assert.equal(spanFromContext(), span);
      });
      assert.deepEqual([traceId(), spanId(), logWithTrace('message')], ['', '', 'message']);
      assert.equal(spanFromContext(), INVALID_SPAN);
    });
  });

  it('are those of the given span, span context or context', async () => {
    await recording(() => {
      withSpan('active', () => {
        const span = startSpan('other');
        const own = span.spanContext();
        const context = contextWithSpan(span);
        assert.equal(spanFromContext(context), span);
        for (const source of [span, own, context]) {
          assert.deepEqual([traceId(source), spanId(source)], [own.traceId, own.spanId]);
          assert.equal(logWithTrace('message', source), `[trace_id=${own.traceId} span_id=${own.spanId}] message`);
        }
        assert.deepEqual([traceId(ROOT_CONTEXT), spanId(ROOT_CONTEXT)], ['', '']);
        assert.equal(logWithTrace('message', INVALID_SPAN), 'message');
        assert.equal(spanFromContext(ROOT_CONTEXT), INVALID_SPAN);
        span.end();
      });
    });
  });

  it('are combined by contextWithSpan, with the active or the given context', async () => {
    await recording(() => {
      const key = Symbol('key');
      const span = startSpan('span');
      withSpan('active', { parent: ROOT_CONTEXT.setValue(key, 'active') }, () => {
        assert.equal(contextWithSpan(span).getValue(key), 'active');
        assert.equal(contextWithSpan(span, ROOT_CONTEXT).getValue(key), undefined);
        assert.equal(spanFromContext(contextWithSpan(span)), span);
        assert.notEqual(spanFromContext(), span);
      });
      span.end();
    });
  });
});

describe('addEvent, setAttributes and recordError', () => {
  it('work as named', async () => {
    const [span] = await recording(() => {
      const started = startSpan('span', { attributes: { first: 1, second: 1 } });
      setAttributes(started, { second: 'two', third: [true] });
      addEvent(started, 'bare');
      addEvent(started, 'with attributes', { key: 0.5 });
      recordError(started, new SyntaxError('recorded'));
      started.end();
    });
    assert.deepEqual(span.attributes, { first: 1n, second: 'two', third: [true] });
    assert.deepEqual(
      span.events.slice(0, 2).map(({ name, attributes }) => [name, attributes]),
      [
        ['bare', {}],
        ['with attributes', { key: 0.5 }],
      ],
    );
    const exception = span.events[2].attributes;
    assert.deepEqual([exception['exception.type'], exception['exception.message']], ['SyntaxError', 'recorded']);
    assert.match(String(exception['exception.stacktrace']), /^SyntaxError: recorded\n +at /);
    assert.deepEqual(span.status, { code: 2, message: 'recorded' });
  });

  it('ignore an error that is null or undefined', async () => {
    const [span] = await recording(() => {
      const started = startSpan('span');
      recordError(started, null);
      recordError(started, undefined);
      started.end();
    });
    assert.deepEqual([span.events, span.status], [[], { code: 0, message: '' }]);
  });
});

describe('getTracer', () => {
  it('returns a tracer that works from initialize on and across a shutdown', async () => {
    const tracer = getTracer('library', '2.0.0', { schemaUrl: 'https://schema' });
    assert.equal(tracer.startSpan('too early').isRecording(), false);
    const first = await recording(() => {
      tracer.startActiveSpan('active', (span) => {
        tracer.startSpan('child').end();
        span.end();
      });
    });
    assert.equal(tracer.startSpan('between').isRecording(), false);
    const second = await recording(() => tracer.startSpan('again', { kind: 4 }).end());
    assert.deepEqual(parentsOf(first), { child: 'active', active: '' });
    assert.deepEqual([second[0].name, second[0].kind], ['again', 5]);
    for (const { scope } of [...first, ...second]) {
      assert.deepEqual([scope.name, scope.version, scope.schemaUrl], ['library', '2.0.0', 'https://schema']);
    }
  });

  it('returns the package’s own tracer by default', async () => {
    const [byDefault, own, byName] = await recording(() => {
      getTracer().startSpan('by default').end();
      startSpan('own').end();
      getTracer('library').startSpan('by name').end();
    });
    assert.deepEqual(byDefault.scope, own.scope);
    assert.deepEqual([byName.scope.name, byName.scope.version], ['library', '']);
  });

  it('supports all forms of startActiveSpan', async () => {
    const spans = await recording(() => {
      const tracer = getTracer();
      const context = contextWithSpan(nonRecordingSpan(incoming), ROOT_CONTEXT);
      const attributes = { key: 'value' };
      const end = (span: Span) => {
        assert.equal(spanFromContext(), span);
        span.end();
        return 'value';
      };
      assert.equal(tracer.startActiveSpan('name', end), 'value');
      assert.equal(tracer.startActiveSpan('options', { attributes }, end), 'value');
      assert.equal(tracer.startActiveSpan('context', { attributes }, context, end), 'value');
      assert.equal(tracer.startActiveSpan('no context', { attributes }, undefined as never, end), 'value');
    });
    assert.deepEqual(parentsOf(spans), { name: '', options: '', context: incoming.spanId, 'no context': '' });
    assert.deepEqual(
      spans.map((span) => span.attributes.key),
      [undefined, 'value', 'value', 'value'],
    );
  });
});

describe('inject and extract', () => {
  const read = (carrier: unknown): SpanSource => extract(carrier);
  const carriers: [what: string, make: () => unknown, entry: (carrier: never) => unknown][] = [
    ['a plain object', () => ({}), (carrier: Record<string, string>) => carrier.traceparent],
    ['Headers', () => new Headers(), (carrier: Headers) => carrier.get('traceparent')],
    ['a Map', () => new Map(), (carrier: Map<string, string>) => carrier.get('traceparent')],
  ];
  for (const [what, make, entry] of carriers) {
    it(`propagate a span through ${what}`, async () => {
      const carrier = make();
      const sent = await recording(() => withSpan('sender', () => inject(carrier)));
      assert.match(String(entry(carrier as never)), new RegExp(`^00-${sent[0].traceId}-${sent[0].spanId}-03$`));
      const received = await recording(() => withSpan('receiver', { parent: read(carrier) }, () => {}));
      assert.equal(received[0].traceId, sent[0].traceId);
      assert.equal(received[0].parentSpanId, sent[0].spanId);
    });
  }

  it('propagate it through anything with a setter and a getter', async () => {
    const setter: TextMapSetter<string[]> = { set: (lines, key, value) => lines.push(`${key}: ${value}`) };
    const getter = {
      keys: (lines: string[]) => lines.map((line) => line.split(': ')[0]),
      get: (lines: string[], key: string) => lines.find((line) => line.startsWith(`${key}: `))?.slice(key.length + 2),
    };
    await recording(() => {
      const lines: string[] = [];
      const baggage = createBaggage({ user: { value: 'u 1' } });
      const context = contextWithBaggage(contextWithSpan(nonRecordingSpan(incoming), ROOT_CONTEXT), baggage);
      inject(lines, { context, setter });
      assert.deepEqual(lines, [`traceparent: ${traceparent}`, 'baggage: user=u%201']);
      const extracted = extract(lines, { getter, context: ROOT_CONTEXT });
      assert.equal(spanId(extracted), incoming.spanId);
      assert.equal(spanFromContext(extracted).spanContext().isRemote, true);
      assert.equal(baggageIn(extracted)?.getEntry('user')?.value, 'u 1');
    });
  });

  it('add to the active context, and change nothing if there is nothing', async () => {
    await recording(() => {
      const key = Symbol('key');
      const parent = ROOT_CONTEXT.setValue(key, 'active');
      withSpan('active', { parent }, (span) => {
        assert.equal(extract({ traceparent }).getValue(key), 'active');
        assert.equal(spanFromContext(extract({})), span);
        assert.equal(spanFromContext(extract(null)), span);
        inject(null);
      });
      const outgoing = {};
      inject(outgoing);
      assert.deepEqual(outgoing, {});
    });
  });
});

describe('forceFlush', () => {
  it('sends ended spans and returns the outcome', async () => {
    const collector = await startCollector();
    initialize({ exporterType: 'otlp', otlpEndpoint: collector.url, quiet: true });
    const open = startSpan('open');
    for (let index = 0; index < 3; index++) startSpan('ended').end();
    assert.deepEqual(await forceFlush(), { exported: 3, pending: 0, dropped: 0 });
    assert.equal(collector.spans().length, 3);
    assert.deepEqual(await forceFlush(), { exported: 0, pending: 0, dropped: 0 });
    open.end();
    assert.deepEqual(await shutdown(), { exported: 1, pending: 0, dropped: 0 });
    await collector.close();
  });

  it('returns refused spans, and does not reject', async () => {
    const collector = await startCollector({ answer: () => ({ status: 400 }) });
    initialize({ exporterType: 'otlp', otlpEndpoint: collector.url, quiet: true, onDiagnostic: () => {} });
    startSpan('ended').end();
    assert.deepEqual(await forceFlush(), { exported: 0, pending: 0, dropped: 1 });
    await shutdown();
    await collector.close();
  });

  it('stops waiting at its deadline and does not abort the request', async () => {
    let answer = () => {};
    const answered = new Promise<undefined>((resolve) => {
      answer = () => resolve(undefined);
    });
    const collector = await startCollector({ answer: () => answered });
    initialize({ exporterType: 'otlp', otlpEndpoint: collector.url, quiet: true });
    startSpan('ended').end();
    const flushed = forceFlush({ timeoutMillis: 1 });
    await collector.received(1);
    assert.deepEqual(await flushed, { exported: 0, pending: 1, dropped: 0 });
    answer();
    assert.deepEqual(await shutdown(), { exported: 1, pending: 0, dropped: 0 });
    assert.equal(collector.requests.length, 1);
    await collector.close();
  });
});

describe('stats', () => {
  it('count every span', async () => {
    const collector = await startCollector();
    initialize({ exporterType: 'otlp', otlpEndpoint: collector.url, quiet: true });
    const none = { ended: 0, acknowledged: 0, rejected: 0, unknown: 0, pending: 0, dropped: {} };
    assert.deepEqual(stats(), { ...none, live: 0 });
    const open = startSpan('open');
    startSpan('ended').end();
    assert.deepEqual(stats(), { ...none, ended: 1, pending: 1, live: 1 });
    await forceFlush();
    assert.deepEqual(stats(), { ...none, ended: 1, acknowledged: 1, live: 1 });
    open.end();
    assert.deepEqual(stats(), { ...none, ended: 2, acknowledged: 1, pending: 1, live: 0 });
    await shutdown();
    const last = { ...none, ended: 2, acknowledged: 2, live: 0 };
    assert.deepEqual(stats(), last);
    startSpan('nowhere').end();
    assert.deepEqual(stats(), last);
    initialize({ exporterType: 'otlp', otlpEndpoint: collector.url, quiet: true });
    assert.deepEqual(stats(), { ...none, live: 0 });
    await shutdown();
    initialize({ exporterType: 'stdout', quiet: true });
    assert.equal(stats(), undefined);
    await shutdown();
    await collector.close();
  });

  it('exclude spans that are not sampled', async () => {
    await recording(
      () => {
        startSpan('unsampled').end();
        assert.deepEqual([stats()?.ended, stats()?.live], [0, 0]);
      },
      { samplingRate: 0 },
    );
  });
});

function fail(error: unknown): never {
  throw error;
}

describe('a function that needs a callback and gets none', () => {
  it('ends its span at once, is reported, and does not throw', async () => {
    const codes: string[] = [];
    const exporter = new InMemorySpanExporter();
    const spanProcessors = [new SimpleSpanProcessor(exporter)];
    initialize({ exporterType: 'none', spanProcessors, onDiagnostic: ({ code }) => codes.push(code) });
    const missing = undefined as unknown as () => number;
    assert.equal(withSpan('x', missing), undefined);
    assert.equal(startSpan('never ended').run(missing), undefined);
    assert.equal(INVALID_SPAN.run(missing), undefined);
    assert.equal(getTracer().startActiveSpan('never started', missing), undefined);
    assert.equal(getTracer().startActiveSpan('never started', {}, missing), undefined);
    assert.deepEqual(
      exporter.getFinishedSpans().map(({ name }) => name),
      ['x'],
    );
    assert.deepEqual(codes, ['callback_missing']);
  });
});
