import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { buildIfMissing, ROOT } from './distribution.ts';

const folder = mkdtempSync(join(tmpdir(), 'copies-'));

// The copies that an application and its dependencies may load by the package's name, the one that bundlers include,
// and what becomes of everyone's spans.
const preamble = `
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import * as esm from '${pathToFileURL(folder)}/app/index.mjs';
import * as otherEsm from '${pathToFileURL(folder)}/dependency/index.mjs';
import * as bundled from '${pathToFileURL(folder)}/app/node_modules/@realtime-ai/trace/dist/index.js';
const cjs = createRequire('${folder}/app/index.mjs')('@realtime-ai/trace');
const otherCjs = createRequire('${folder}/dependency/index.mjs')('@realtime-ai/trace');

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

/** Runs `code` with all copies, in a separate process without a loader that would map paths. */
function withCopies(code: string): void {
  const { status, stderr, stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', preamble + code], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
  });
  assert.equal(status, 0, stderr);
  assert.equal(stdout, '');
  assert.equal(stderr, '');
}

/** Installs the built package. */
function install(name: string): void {
  const installed = join(folder, name, 'node_modules/@realtime-ai/trace');
  cpSync(join(ROOT, 'dist'), join(installed, 'dist'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(installed, 'package.json'));
  writeFileSync(join(folder, name, 'index.mjs'), "export * from '@realtime-ai/trace';\n");
}

describe('copies of the package in one process', () => {
  before(async () => {
    await buildIfMissing();
    install('app');
    install('dependency');
  });
  after(() => rmSync(folder, { recursive: true }));

  it('are one for each installation and bundle, however they are loaded, with the same names', () => {
    withCopies(`
      const copies = [esm, cjs, otherEsm, otherCjs, bundled];
      assert.equal(new Set(copies.map(({ initialize }) => initialize)).size, 3);
      for (const name of Object.keys(cjs)) assert.equal(esm[name], cjs[name], name);
      for (const copy of copies) assert.deepEqual(Object.keys(copy).sort(), Object.keys(esm).sort());
    `);
  });

  for (const [one, other] of [
    ['esm', 'otherEsm'],
    ['otherCjs', 'esm'],
    ['esm', 'bundled'],
    ['bundled', 'cjs'],
  ]) {
    const given = `const [one, other] = [${one}, ${other}];`;

    it(`${other} has the tracer that ${one} initializes`, () => {
      withCopies(`${given}
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
        const again = other.startSpan('again');
        assert.equal(again.isRecording(), true);
        again.end();
        await one.shutdown();
      `);
    });

    it(`${other} has the active span of ${one}`, () => {
      withCopies(`${given}
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

    it(`${other} has the context of a message that ${one} pushes`, () => {
      withCopies(`${given}
        one.initialize(settings);
        const message = { type: 3, sessionId: 's1' };
        one.instrumentPipelinePush('p', message).end();
        other.instrumentElementProcess('e', message).end();
        assert.equal(other.spanId(other.contextOfMessage(message)), idOf(ended[0]));
        assert.deepEqual(parents()[1], ['element.e.process', 'pipeline.p.push']);
      `);
    });

    it(`${other} has what ${one} extracts, unsampled spans and the exporter none`, () => {
      withCopies(`${given}
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

    it(`${other} has the diagnostic handler of ${one}`, () => {
      withCopies(`${given}
        const codes = [];
        one.initialize({ ...settings, onDiagnostic: ({ code }) => codes.push(code) });
        for (const copy of [one, other]) copy.startSpan('span', { attributes: { key: () => {} } }).end();
        assert.deepEqual(codes, ['attribute_refused']);
      `);
    });

    it(`${other} exports the spans of ${one}`, () => {
      withCopies(`${given}
        const processor = new other.BatchSpanProcessor(new other.OtlpHttpExporter({ fetch: settings.fetch }));
        const provider = new one.TracerProvider({ spanProcessors: [processor] });
        provider.getTracer('t').startSpan('s', { attributes: { a: 1 }, links: [one.startSpan('l')] }).addEvent('e').end();
        assert.deepEqual(await provider.forceFlush(), { exported: 1, pending: 0, dropped: 0 });
      `);
    });
  }
});
