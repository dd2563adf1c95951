import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { before, describe, it } from 'node:test';
import { buildIfMissing, ROOT } from './distribution.ts';

// Both copies as an application gets them, by the package's name, and what the spans of both become.
const preamble = `
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import * as esm from '@realtime-ai/trace';
const cjs = createRequire(import.meta.url)('@realtime-ai/trace');

const ended = [];
const settings = {
  exporterType: 'otlp',
  quiet: true,
  spanProcessors: [{ onEnd: (span) => ended.push(span), forceFlush: async () => {}, shutdown: async () => {} }],
  fetch: async () => ({ status: 200, headers: { get: () => null }, body: null }),
};
const idOf = (span) => span.spanContext().spanId;
const nameOf = (id) => ended.find((span) => idOf(span) === id)?.name;
const parents = () => ended.map((span) => [span.name, nameOf(span.parentSpanContext?.spanId)]);
`;

/** Runs `code` with both copies, in a process of its own and without a loader that would map paths. */
function withBoth(code: string): void {
  const { status, stderr, stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', preamble + code], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
  });
  assert.equal(status, 0, stderr);
  assert.equal(stdout, '');
  assert.equal(stderr, '');
}

describe('an ES module copy and a CommonJS copy in one process', () => {
  before(buildIfMissing);

  it('are two, with the same names', () => {
    withBoth(`
      assert.notEqual(esm.initialize, cjs.initialize);
      assert.deepEqual(Object.keys(esm).sort(), Object.keys(cjs).sort());
    `);
  });

  for (const [one, other] of [
    ['esm', 'cjs'],
    ['cjs', 'esm'],
  ]) {
    const given = `const [one, other] = [${one}, ${other}];`;

    it(`share the tracer that ${one} sets up`, () => {
      withBoth(`${given}
        const tracer = other.getTracer('library');
        one.initialize(settings);
        assert.throws(() => other.initialize(settings), /already initialized/);
        one.startSpan('one').end();
        other.startSpan('other').end();
        tracer.startSpan('library').end();
        assert.equal(other.stats().ended, 3);
        assert.deepEqual(await other.forceFlush(), { exported: 3, pending: 0, dropped: 0 });
        other.startSpan('last').end();
        const results = await Promise.all([other.shutdown(), one.shutdown(), other.shutdown()]);
        assert.deepEqual(results, Array(3).fill({ exported: 1, pending: 0, dropped: 0 }));
        assert.equal(one.startSpan('after').isRecording(), false);
        one.initialize(settings);
        assert.equal(other.startSpan('again').isRecording(), true);
      `);
    });

    it(`share the active span that ${one} makes`, () => {
      withBoth(`${given}
        one.initialize(settings);
        await one.withSpan('outer', async (outer) => {
          assert.equal(other.spanFromContext(), outer);
          assert.equal(other.spanId(), idOf(outer));
          await other.withSpan('middle', async () => {
            await undefined;
            one.startSpan('inner').end();
          });
          other.startSpan('given', { parent: one.contextWithSpan(outer) }).end();
          other.startSpan('given, too', { parent: outer }).end();
        });
        assert.deepEqual(parents(), [
          ['inner', 'middle'], ['middle', 'outer'], ['given', 'outer'], ['given, too', 'outer'], ['outer', undefined],
        ]);
      `);
    });

    it(`share the context of a message that ${one} pushes`, () => {
      withBoth(`${given}
        one.initialize(settings);
        const message = { type: 3, sessionId: 's1' };
        one.instrumentPipelinePush('p', message).end();
        other.instrumentElementProcess('e', message).end();
        assert.equal(other.spanId(other.contextOfMessage(message)), idOf(ended[0]));
        assert.deepEqual(parents()[1], ['element.e.process', 'pipeline.p.push']);
      `);
    });

    it(`share what ${one} extracts, unsampled spans and the exporter none`, () => {
      withBoth(`${given}
        const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
        one.initialize(settings);
        other.withSpan('unsampled', { parent: one.extract({ traceparent }) }, (span) => {
          assert.equal(one.startSpan('child').isRecording(), false);
          assert.equal(one.traceId(), '0af7651916cd43dd8448eb211c80319c');
        });
        assert.deepEqual(ended, []);
        await one.shutdown();
        other.initialize({ exporterType: 'none' });
        one.withSpan('none', { parent: other.extract({ traceparent }) }, (span) => {
          assert.equal(other.spanId(), 'b7ad6b7169203331');
          assert.equal(other.startSpan('child').spanContext().traceId, one.traceId());
        });
      `);
    });

    it(`share the handler of diagnostics that ${one} is given`, () => {
      withBoth(`${given}
        const codes = [];
        one.initialize({ ...settings, onDiagnostic: ({ code }) => codes.push(code) });
        for (const copy of [one, other]) copy.startSpan('span', { attributes: { key: () => {} } }).end();
        assert.deepEqual(codes, ['attribute_refused']);
      `);
    });
  }
});
