import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { before, describe, it } from 'node:test';
import { type Collector, type CollectorOptions, startCollector } from '../oracle/collector.ts';
import type { DecodedSpan } from '../oracle/otlp.ts';
import { buildIfMissing } from '../packaging/distribution.ts';
import { type Ended, start } from './child.ts';

type Environment = Record<string, string | undefined>;

/** The environment variables that name the test's collector. */
const to = ({ url }: Collector): Environment => ({ OTEL_EXPORTER_OTLP_ENDPOINT: url });
const withoutTracing: Environment = { UNTRACED: 'yes' };
const flushing: Environment = { SETTINGS: '{ "flushOnCrash": true }' };
const silence: CollectorOptions = { answer: () => ({ fault: 'silence' }) };
const unsent = (spans: string) =>
  `[trace] spans_unsent: ${spans}: the process ends before they are acknowledged, and can send nothing more: await shutdown() before process.exit(), set flushOnCrash for crashes; is the collector reachable?\n`;

/** Runs a program against a collector: to its end, or until the signals that it gets once it is ready. */
async function run(
  code: string,
  {
    signals = [],
    format,
    options,
    environment,
    command,
  }: {
    signals?: NodeJS.Signals[];
    format?: 'mjs' | 'cjs';
    options?: CollectorOptions;
    environment?: Environment;
    command?: readonly string[];
  } = {},
): Promise<Ended & { spans: DecodedSpan[]; names: string[]; requests: number }> {
  const collector = await startCollector(options);
  try {
    const program = start(code, { ...to(collector), ...environment }, format, command);
    if (signals.length > 0) await program.ready;
    for (const signal of signals) program.process.kill(signal);
    const ended = await program.ended;
    const spans = collector.spans();
    return { ...ended, spans, names: spans.map(({ name }) => name), requests: collector.requests.length };
  } finally {
    await collector.close();
  }
}

/** The observable outcome: status, signal and output. */
const outcome = ({ code, signal, stdout, stderr }: Ended) => ({ code, signal, stdout, stderr });
const byItself = { code: 0, signal: null, stdout: '', stderr: '' };
const bySignal = (signal: NodeJS.Signals) => ({ code: null, signal, stdout: 'ready\n', stderr: '' });

before(buildIfMissing);

// The tests mostly wait for processes.
describe('the end of a process', { concurrency: 3 }, () => {
  describe('with a collector that never answers', { concurrency: 3 }, () => {
    const endings = {
      'a natural end': { code: "begin(); startSpan('work').end(); console.log('ready');", status: [0, null] },
      SIGTERM: { code: "begin(); startSpan('work').end(); stay();", status: [null, 'SIGTERM'] },
      'a crash': {
        code: "begin({ flushOnCrash: true }); startSpan('work').end(); console.log('ready'); throw new Error('crash');",
        status: [1, null],
      },
    };
    for (const [name, { code, status }] of Object.entries(endings)) {
      it(`delays ${name} by 5 seconds and no longer`, async () => {
        const signals: NodeJS.Signals[] = name === 'SIGTERM' ? ['SIGTERM'] : [];
        const ended = await run(code, { signals, options: silence });
        assert.deepEqual([ended.code, ended.signal], status);
        assert.ok(ended.millis > 4_500 && ended.millis < 8_000, `${ended.millis} ms`);
        assert.match(ended.stderr, /^\[trace\] (spans_unsent: 1 span|shutdown: 1|export_failed: 1 of 1 spans)/);
      });
    }
  });

  describe('that is natural', { concurrency: 2 }, () => {
    for (const format of ['mjs', 'cjs'] as const) {
      it(`sends its spans (${format})`, async () => {
        const ended = await run("begin(); startSpan('work').end();", { format });
        assert.deepEqual(outcome(ended), byItself);
        assert.deepEqual(ended.names, ['work']);
      });
    }

    it('sends spans of other exit listeners, before and after the flush', async () => {
      const ended = await run(`
      const record = (name) => () => startSpan(name).end();
      process.once('beforeExit', record('before'));
      begin();
      process.once('beforeExit', record('behind'));
      process.once('beforeExit', () => setTimeout(record('later'), 20));
    `);
      assert.deepEqual(outcome(ended), byItself);
      assert.deepEqual(ended.names, ['before', 'behind', 'later']);
      assert.equal(ended.requests, 2);
    });

    it('is not prevented by a listener that always ends another span', async () => {
      const ended = await run("begin(); process.on('beforeExit', () => startSpan('again').end());");
      assert.deepEqual(outcome(ended), { ...byItself, stderr: unsent('1 span') });
      assert.equal(ended.names.length, 6);
    });

    it('keeps its exit status, including that of an endless wait', async () => {
      const [given, waiting, untraced] = await Promise.all([
        run("begin(); startSpan('work').end(); process.exitCode = 9;"),
        run("begin(); startSpan('work').end(); await new Promise(() => {});"),
        run('begin(); await new Promise(() => {});', { environment: withoutTracing }),
      ]);
      assert.deepEqual([given.code, given.names], [9, ['work']]);
      assert.deepEqual([waiting.code, waiting.names], [untraced.code, ['work']]);
    });

    it('is quick without a collector, and reports lost spans', async () => {
      const ended = await run("begin(); startSpan('one').end(); startSpan('two').end();", {
        environment: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' },
      });
      assert.equal(ended.code, 0);
      assert.match(
        ended.stderr,
        /^\[trace\] spans_unsent: 2 spans; last attempt: http:\/\/127\.0\.0\.1:9\/v1\/traces did not answer \(connect ECONNREFUSED .*: the process ends before they are acknowledged/m,
      );
      assert.ok(ended.millis < 4_000, `${ended.millis} ms`);
    });

    it('is not delayed by an unanswered request beyond the limit of a flush', async () => {
      const code = `
        begin({ batch: { scheduledDelayMillis: 20 } });
        startSpan('work').end();
        setTimeout(() => console.log('ready'), 500);
      `;
      const ended = await run(code, { options: silence });
      assert.equal(ended.code, 0);
      assert.ok(ended.millis < 8_000, `${ended.millis} ms`);
    });

    it('waits for a collector that is unavailable for a moment, whatever ends the process', async () => {
      const busy = (): CollectorOptions => ({ answer: ({ index }) => (index === 0 ? { status: 503 } : undefined) });
      const [natural, terminated] = await Promise.all([
        run("begin(); startSpan('work').end();", { options: busy() }),
        run("begin(); startSpan('work').end(); stay();", { options: busy(), signals: ['SIGTERM'] }),
      ]);
      for (const { names, requests, stderr } of [natural, terminated])
        assert.deepEqual([names, requests, stderr], [['work'], 2, '']);
    });

    it('prints spans that have ended under an open span', async () => {
      const code = "begin({ exporterType: 'stdout' }); startSpan('ended', { parent: startSpan('open') }).end();";
      for (const end of ['', 'process.exit(0);']) {
        const { stdout, stderr } = await run(code + end);
        assert.match(
          stdout,
          /^trace \w{32} {2}realtime-ai .* 2 spans\s+\(unfinished\)\n +0 .*\nopen +open .*\n└─ ended .*\n\n$/,
        );
        assert.match(stderr, /^\[trace\] spans_open: 1 span not ended, such as "open": .*\n$/);
      }
    });

    it('with process.exit() prints what has ended, also if spans are sent, too', async () => {
      const printed = /^trace .* 2 spans\n.*\nroot .*\n└─ ended .*\n\n$/;
      const record =
        "const root = startSpan('root'); startSpan('open', { parent: root });" +
        "startSpan('ended', { parent: root }).end(); root.end(); process.exit(0);";
      for (const settings of [
        "{ exporterType: 'stdout' }",
        "{ exporterType: 'stdout', flushOnExit: false, flushOnCrash: true }",
        '{ spanProcessors: [new trace.StdoutSpanProcessor()] }',
      ]) {
        const { stdout } = await run(`begin(${settings}); ${record}`);
        assert.match(stdout, printed, settings);
      }
    });

    it('ends the spans of responses that nobody reads with their headers', async () => {
      const request =
        "const { createServer } = require('node:http'); const server = createServer((_, res) => res.write('.'));" +
        "server.listen(0, '127.0.0.1'); await new Promise((resolve) => server.on('listening', resolve));" +
        "begin(); await trace.traceFetch()('http://127.0.0.1:' + server.address().port);";
      const ended = await run(`${request} server.closeAllConnections(); server.close();`);
      assert.deepEqual([ended.names, ended.stderr], [['GET'], '']);
      const terminated = await run(`${request} stay();`, { signals: ['SIGTERM'] });
      assert.deepEqual(
        [terminated.names, terminated.spans[0].events.map(({ name }) => name), terminated.stderr],
        [['GET'], ['http.response.headers'], ''],
      );
    });

    it('with process.exit() reports the number of lost spans, to stderr or the handler', async () => {
      const record = "begin(); for (const name of ['a', 'b', 'c']) startSpan(name).end();";
      const [lost, sent, told, unawaited] = await Promise.all([
        run(`${record} process.exit(3);`),
        run(`${record} await forceFlush(); process.exit(3);`),
        run(
          `${record.replace('begin()', 'begin({ onDiagnostic: ({ code, level }) => console.log(code, level) })')} process.exit(3);`,
        ),
        run(`${record} shutdown(); process.exit(3);`),
      ]);
      assert.deepEqual(outcome(lost), { ...byItself, code: 3, stderr: unsent('3 spans') });
      assert.deepEqual(outcome(sent), { ...byItself, code: 3 });
      assert.deepEqual(outcome(told), { ...byItself, code: 3, stdout: 'spans_unsent error\n' });
      assert.deepEqual(outcome(unawaited), { ...byItself, code: 3, stderr: unsent('3 spans') });
    });
  });

  describe('by a signal', { concurrency: 2 }, () => {
    // With this delay, no batch is sent because of its age.
    const record = "begin({ batch: { scheduledDelayMillis: 60_000 } }); startSpan('work').end(); stay();";
    const exitLater = '() => setInterval(() => stats().pending || process.exit(7), 20)';

    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      it(`ends a process without a ${signal} listener as usual, after its spans are sent`, async () => {
        const ended = await run(record, { signals: [signal], format: signal === 'SIGINT' ? 'cjs' : 'mjs' });
        assert.deepEqual(outcome(ended), bySignal(signal));
        assert.deepEqual(ended.names, ['work']);
      });
    }

    it('ends the spans that are open, and says on them why', async () => {
      const code = "begin(); const call = startSpan('call'); startSpan('turn', { parent: call }); stay();";
      const { spans, stderr } = await run(code, { signals: ['SIGTERM'] });
      assert.deepEqual(
        spans.map(({ name, status, events }) => [
          name,
          status.code,
          events.map((event) => [event.name, event.attributes]),
        ]),
        ['turn', 'call'].map((name) => [name, 0, [['process.terminated', { 'process.signal': 'SIGTERM' }]]]),
      );
      assert.equal(stderr, '');
    });

    it('does not blame work that is still going on', async () => {
      const code = "begin(); trace.withSpan('call', () => new Promise((resolve) => setTimeout(resolve, 200))); stay();";
      const { names, stderr } = await run(code, {
        signals: ['SIGTERM'],
        options: { answer: () => ({ delayMillis: 500 }) },
      });
      assert.deepEqual([names, stderr], [['call'], '']);
    });

    it('leaves open spans to other listeners', async () => {
      const code = "begin(); startSpan('call'); process.on('SIGTERM', () => process.exit(7)); stay();";
      const { spans, stderr } = await run(code, { signals: ['SIGTERM'] });
      assert.deepEqual(spans, []);
      assert.match(stderr, /^\[trace\] spans_open: 1 span not ended, such as "call": /);
    });

    for (const method of ['on', 'once', 'prependListener', 'prependOnceListener']) {
      it(`leaves the exit to listeners added with ${method}(), before or after initialize`, async () => {
        const listen = `process.${method}('SIGTERM', ${exitLater});`;
        for (const code of [listen + record, record + listen]) {
          const ended = await run(code, { signals: ['SIGTERM'] });
          assert.deepEqual(outcome(ended), { ...bySignal('SIGTERM'), signal: null, code: 7 });
          assert.deepEqual(ended.names, ['work']);
        }
      });
    }

    it('lets signal-exit end the process, in either version and both', async () => {
      const third = "require('signal-exit3')((code, signal) => console.error('third', signal));";
      const fourth = "require('signal-exit').onExit((code, signal) => console.error('fourth', signal));";
      const endings = await Promise.all(
        [third + record, record + fourth, third + record + fourth].map((code) => run(code, { signals: ['SIGTERM'] })),
      );
      for (const ended of endings) {
        assert.deepEqual([ended.code, ended.signal, ended.names], [null, 'SIGTERM', ['work']]);
      }
      assert.deepEqual(
        endings.map(({ stderr }) => stderr.split('\n').sort().join(' ').trim()),
        ['third SIGTERM', 'fourth SIGTERM', 'fourth SIGTERM third SIGTERM'],
      );
    });

    it('that is sent twice at once counts once, and the flush is awaited', async () => {
      const ended = await run(record, {
        signals: ['SIGINT', 'SIGINT'],
        options: { answer: () => ({ delayMillis: 300 }) },
      });
      assert.deepEqual(outcome(ended), bySignal('SIGINT'));
      assert.deepEqual([ended.names, ended.requests], [['work'], 1]);
    });

    it('that is sent again after half a second ends the process immediately', async () => {
      const collector = await startCollector(silence);
      const program = start(record, to(collector));
      await program.ready;
      program.process.kill('SIGTERM');
      setTimeout(() => program.process.kill('SIGINT'), 700);
      const ended = await program.ended;
      await collector.close();
      assert.equal(ended.signal, 'SIGINT');
      assert.ok(ended.millis < 3_000, `${ended.millis} ms`);
    });

    it('makes a process exit that has id 1 or may not send signals', async () => {
      const first = "Object.defineProperty(process, 'pid', { value: 1 });";
      const forbidden = "process.kill = () => { throw new Error('not permitted'); };";
      for (const [given, signal, code] of [
        [first, 'SIGTERM', 143],
        [first, 'SIGINT', 130],
        [forbidden, 'SIGINT', 130],
      ] as const) {
        const ended = await run(given + record, { signals: [signal] });
        assert.deepEqual(outcome(ended), { ...bySignal(signal), signal: null, code });
        assert.deepEqual(ended.names, ['work']);
      }
    });

    const container = ['unshare', '--pid', '--fork', '--mount-proc'];
    const isPermitted = spawnSync(container[0], [...container.slice(1), 'true']).status === 0;
    it('makes the first process of a container exit', {
      skip: isPermitted ? false : 'this system does not let us make containers',
    }, async () => {
      const code = `${record} turn().then(() => process.kill(1, 'SIGTERM')); setTimeout(() => process.exit(1), 3_000);`;
      const [traced, untraced] = await Promise.all([
        run(code, { command: container }),
        run(code, { command: container, environment: withoutTracing }),
      ]);
      assert.deepEqual(outcome(traced), { ...bySignal('SIGTERM'), signal: null, code: 143 });
      assert.deepEqual(traced.names, ['work']);
      // Without tracing, signals do not end it.
      assert.equal(untraced.code, 1);
    });

    it('ends a cluster worker like any process', async () => {
      const ended = await run(`
      const cluster = require('node:cluster');
      if (cluster.isPrimary) {
        const child = cluster.fork();
        child.once('message', () => child.kill('SIGTERM'));
        child.once('exit', (code, signal) => console.log(code, signal));
      } else {
        begin();
        startSpan('work').end();
        setInterval(() => {}, 1_000);
        turn().then(() => process.send('ready'));
      }`);
      assert.deepEqual(outcome(ended), { ...byItself, stdout: 'null SIGTERM\n' });
      assert.deepEqual(ended.names, ['work']);
    });
  });

  describe('by an uncaught exception', { concurrency: 2 }, () => {
    const thrown = {
      'an error': "throw new Error('crash');",
      'an error with a cause': "throw new TypeError('crash', { cause: new Error('why') });",
      'an error with more': "throw Object.assign(new Error('crash'), { code: 'E_CRASH', detail: { a: [1] } });",
      'a string': "throw 'crash';",
      undefined: 'throw undefined;',
      'an object that throws':
        'throw { get message() { throw 1; }, get stack() { throw 2; }, toString() { throw 3; } };',
      'a rejection': "Promise.reject(new RangeError('crash'));",
      'a rejection with a string': "Promise.reject('crash');",
    };
    const withoutMessage = ['undefined', 'an object that throws'];
    // Before the message, Node shows a line of source: that of the throw, or after a flush another one.
    const withoutSource = (stderr: string) => stderr.replace(/^\n?\S+:\d+\n.*\n( *\^+\n)?/, '');
    const open = "const span = startSpan('open');";

    for (const [what, code] of Object.entries(thrown)) {
      it(`that is ${what} crashes the process as usual, and with flushOnCrash after its spans are sent`, async () => {
        // Not synchronously in the main module, whose errors are handled differently.
        const program = `begin(); ${open}\nsetTimeout(() => {\n  ${code}\n});`;
        const [untraced, traced, flushed] = await Promise.all([
          run(program, { environment: withoutTracing }),
          run(program),
          run(program, { environment: flushing }),
        ]);
        assert.equal(untraced.code, 1);
        assert.deepEqual(outcome(traced), outcome(untraced));
        assert.deepEqual(traced.names, []);
        assert.deepEqual(
          { ...outcome(flushed), stderr: withoutSource(flushed.stderr) },
          { ...outcome(untraced), stderr: withoutSource(untraced.stderr) },
        );
        const [{ name, status, events }] = flushed.spans;
        assert.deepEqual([name, status.code, flushed.spans.length], ['open', 2, 1]);
        assert.deepEqual(
          events.map((event) => event.name),
          ['exception'],
        );
        assert.match(status.message, withoutMessage.includes(what) ? /^$/ : /crash/);
      });
    }

    it('in the main module does the same, in both formats', async () => {
      for (const format of ['mjs', 'cjs'] as const) {
        const program = `begin(); ${open} throw new Error('crash');`;
        const [untraced, flushed] = await Promise.all([
          run(program, { environment: withoutTracing, format }),
          run(program, { environment: flushing, format }),
        ]);
        assert.deepEqual(
          { ...outcome(flushed), stderr: withoutSource(flushed.stderr) },
          { ...outcome(untraced), stderr: withoutSource(untraced.stderr) },
        );
        assert.deepEqual(flushed.names, ['open']);
      }
    });

    it('that has another listener is recorded on the span that was active, which stays open', async () => {
      for (const settings of ['', '{ flushOnCrash: true }']) {
        for (const method of ['on', 'prependOnceListener']) {
          const ended = await run(`
          begin(${settings});
          process.${method}('uncaughtException', ({ message }) => console.log('caught', message));
          const other = startSpan('other');
          ${open}
          span.run(() => setTimeout(() => {
            setTimeout(() => { other.end(); span.setAttribute('alive', true).end(); }, 50);
            throw new Error('not the end');
          }));
        `);
          assert.deepEqual(outcome(ended), { ...byItself, stdout: 'caught not the end\n' });
          assert.deepEqual(ended.names, ['other', 'open']);
          const [other, { status, events, attributes }] = ended.spans;
          assert.deepEqual([other.status.code, other.events], [0, []]);
          assert.deepEqual([status.code, status.message, events.length], [2, 'not the end', 1]);
          assert.equal(attributes.alive, true);
        }
      }
    });

    it('is recorded once on a span that has it already', async () => {
      const ended = await run(`
        begin({ flushOnCrash: true });
        ${open}
        const error = new Error('crash');
        trace.recordError(span, error);
        throw error;
      `);
      const [{ status, events }] = ended.spans;
      assert.deepEqual([status.message, events.length], ['crash', 1]);
    });

    it('ends open spans from the innermost to the outermost', async () => {
      const ended = await run(`
        begin({ flushOnCrash: true });
        const spans = [];
        for (const name of ['a', 'b', 'c', 'd']) spans.push(startSpan(name, { parent: spans.at(-1) }));
        spans.pop().end();
        startSpan('e', { parent: spans.at(-1) });
        throw new Error('crash');
      `);
      assert.deepEqual(ended.names, ['d', 'e', 'c', 'b', 'a']);
    });

    it('is neither replaced by another one nor hidden by an exit', async () => {
      const [second, exit] = await Promise.all(
        [
          "setTimeout(() => { throw new Error('second'); }, 20); setTimeout(() => Promise.reject(new Error('third')), 40);",
          'setTimeout(() => process.exit(0), 40);',
        ].map((code) =>
          run(`begin({ flushOnCrash: true }); ${code}\nthrow new Error('first');`, {
            options: { answer: () => ({ delayMillis: 200 }) },
          }),
        ),
      );
      for (const { code, stderr } of [second, exit]) {
        assert.equal(code, 1);
        assert.match(stderr, /Error: first\n {4}at /);
        assert.doesNotMatch(stderr, /second|third/);
      }
    });
  });

  describe('is handled by listeners', { concurrency: 2 }, () => {
    const counted = `
    const events = ['beforeExit', 'exit', 'SIGINT', 'SIGTERM', 'uncaughtException', 'uncaughtExceptionMonitor', 'removeListener'];
    const counts = () => events.map((event) => process.listenerCount(event));
    const none = counts().join();
    const added = () => counts().map((count, at) => count - none.split(',')[at]).join('');`;

    it('that depend on the settings, once, and are removed by shutdown', async () => {
      const ended = await run(`${counted}
      for (let cycle = 0; cycle < 100; cycle++) {
        begin({ flushOnCrash: true });
        if (cycle % 2) await turn();
        if (added() !== (cycle % 2 ? '1111111' : '1100111')) throw new Error(added());
        await shutdown();
        await turn();
        if (added() !== '0000000') throw new Error(added());
      }
      const settings = [{}, { flushOnExit: false }, { flushOnExit: false, flushOnCrash: true }, { exporterType: 'none' }];
      for (const each of settings) {
        begin(each);
        await turn();
        console.log(added());
        await shutdown();
      }
      begin();
      const stopping = shutdown();
      begin();
      await turn();
      console.log(added());
      await stopping;
      console.log(added());
      new trace.TracerProvider();
      await shutdown();
      await turn();
      console.log(added());
    `);
      const expected = ['1111011', '0000000', '0000111', '0000000', '1111011', '1111011', '0000000'];
      assert.deepEqual(outcome(ended), { ...byItself, stdout: `${expected.join('\n')}\n` });
    });

    it('but none with flushOnExit: false, so that spans are lost and a signal ends the process', async () => {
      const code = "begin({ flushOnExit: false }); startSpan('work').end();";
      const [ended, signalled] = await Promise.all([run(code), run(`${code} stay();`, { signals: ['SIGTERM'] })]);
      assert.deepEqual([outcome(ended), outcome(signalled)], [byItself, bySignal('SIGTERM')]);
      assert.deepEqual([...ended.names, ...signalled.names], []);
    });

    it('but none in a worker thread', async () => {
      const ended = await run(`${counted}
      const { isMainThread, Worker } = require('node:worker_threads');
      begin({ flushOnCrash: true });
      startSpan('work').end();
      await turn();
      console.log(isMainThread, added());
      if (isMainThread) new Worker(new URL(import.meta.url));
      else await shutdown();
    `);
      assert.deepEqual(outcome(ended), { ...byItself, stdout: 'true 1111111\nfalse 0000000\n' });
      assert.deepEqual(ended.names, ['work', 'work']);
    });
  });
});
