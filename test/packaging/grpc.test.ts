import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { run } from '../docs/program.ts';
import { startGrpcCollector } from '../oracle/grpc-collector.ts';
import { buildIfMissing, ROOT } from './distribution.ts';

// Projects with the package installed as it is published.
const folder = mkdtempSync(join(tmpdir(), 'grpc-'));
const IMPORTS = {
  mjs: `import { BatchSpanProcessor, initialize, shutdown, startSpan, stats, TracerProvider } from '@realtime-ai/trace';
    import { OtlpGrpcExporter } from '@realtime-ai/trace/grpc';`,
  cjs: `const { BatchSpanProcessor, initialize, shutdown, startSpan, stats, TracerProvider } = require('@realtime-ai/trace');
    const { OtlpGrpcExporter } = require('@realtime-ai/trace/grpc');`,
};
const PROGRAMS = {
  'an exporter of its own': `
    const processor = new BatchSpanProcessor(new OtlpGrpcExporter({ url: process.env.COLLECTOR, compression: 'gzip' }));
    const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('own', '1');
    tracer.startSpan('first', { attributes: { list: [1, 2] } }).end();
    processor.forceFlush().then(({ exported }) => console.log(exported));`,
  initialize: `
    initialize({ exporterType: 'otlp', otlpProtocol: 'grpc', otlpEndpoint: process.env.COLLECTOR, quiet: true });
    startSpan('first', { attributes: { list: [1, 2] } }).end();
    shutdown().then(() => console.log(stats().acknowledged));`,
};

/** Creates a project without these files of the package. */
function project(name: string, ...missing: string[]): string {
  const path = join(folder, name);
  const installed = join(path, 'node_modules/@realtime-ai/trace');
  cpSync(`${ROOT}package.json`, join(installed, 'package.json'));
  cpSync(`${ROOT}dist`, join(installed, 'dist'), { recursive: true });
  for (const file of missing) rmSync(join(installed, 'dist', file));
  return path;
}

/** Runs a program that sends one span and then prints `1`. */
async function assertSends(t: TestContext, file: string): Promise<void> {
  const collector = await startGrpcCollector();
  t.after(() => collector.close());
  const { code, stdout, stderr } = await run(process.execPath, [file], folder, { COLLECTOR: collector.url });
  assert.deepEqual([code, stdout, stderr], [0, '1\n', '']);
  const [{ name, attributes }] = collector.spans();
  assert.deepEqual([name, attributes], ['first', { list: [1n, 2n] }]);
}

describe('the gRPC entry point', () => {
  before(buildIfMissing);
  after(() => rmSync(folder, { recursive: true }));

  for (const format of ['mjs', 'cjs'] as const) {
    for (const [what, program] of Object.entries(PROGRAMS)) {
      it(`sends from ${what} on Node, and shares the core (${format})`, async (t) => {
        // Remove the files that only bundlers use. A program that needed them would have two copies of the core.
        const file = join(project(`${format} ${what}`, 'core.js', 'index.js', 'index.cjs'), `program.${format}`);
        writeFileSync(file, IMPORTS[format] + program);
        await assertSends(t, file);
      });
    }
  }

  for (const condition of ['workerd', 'edge-light', 'browser']) {
    it(`is absent under the condition ${condition}, and the error says why`, () => {
      const code = `
        const errors = [await import('@realtime-ai/trace/grpc').catch(({ code }) => code)];
        const { initialize } = await import('@realtime-ai/trace');
        for (const config of [{ otlpProtocol: 'grpc' }, { otlpEndpoint: 'localhost:4317' }]) {
          try { initialize({ exporterType: 'otlp', ...config }); } catch ({ message }) { errors.push(message); }
        }
        console.log(JSON.stringify(errors));`;
      const args = [`--conditions=${condition}`, '--input-type=module', '--eval', code];
      const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
      assert.equal(stderr, '');
      const [absent, byProtocol, byPort] = JSON.parse(stdout) as string[];
      assert.equal(absent, 'ERR_PACKAGE_PATH_NOT_EXPORTED');
      assert.match(byProtocol, /^otlpProtocol: .* port 4318/);
      assert.match(byPort, /^otlpEndpoint: "localhost:4317" is for OTLP over gRPC, .* use OTLP over HTTP, port 4318/);
    });
  }
});

describe('a process with a gRPC connection', () => {
  before(buildIfMissing);

  /** Returns the spans that have arrived when a program has ended on its own. */
  async function ended(t: TestContext, code: string, answer?: () => Promise<undefined>) {
    const collector = await startGrpcCollector({ answer });
    t.after(() => collector.close());
    const args = ['--input-type=module', '--eval', IMPORTS.mjs + code];
    const { code: status, stderr } = await run(process.execPath, args, ROOT, { COLLECTOR: collector.url });
    assert.deepEqual([status, stderr], [0, '']);
    return collector;
  }
  const OWN = `
    const processor = new BatchSpanProcessor(new OtlpGrpcExporter({ url: process.env.COLLECTOR }), { maxExportBatchSize: 2 });
    const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('own');
    const end = () => tracer.startSpan('span').end();`;

  it('ends on its own when there is nothing to do', async (t) => {
    const { requests } = await ended(t, `${OWN} end(); await processor.forceFlush();`);
    assert.equal(requests.length, 1);
  });

  it('ends when requests in flight are answered', async (t) => {
    const { requests } = await ended(t, `${OWN} end(); end();`, async () => undefined);
    assert.equal(requests.length, 1);
  });

  it('sends pending spans at its end', async (t) => {
    const code = `
      initialize({ exporterType: 'otlp', otlpProtocol: 'grpc', otlpEndpoint: process.env.COLLECTOR, quiet: true });
      startSpan('first').end();`;
    const { requests } = await ended(t, code);
    assert.equal(requests.length, 1);
  });
});
