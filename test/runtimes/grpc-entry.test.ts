import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { build } from 'esbuild';
import { run } from '../docs/program.ts';
import { startGrpcCollector } from '../oracle/grpc-collector.ts';
import { programsFolder, RUNTIMES } from './runtime.ts';

const PROGRAMS = {
  'an exporter of its own': `
    import { BatchSpanProcessor, TracerProvider } from '@realtime-ai/trace';
    import { OtlpGrpcExporter } from '@realtime-ai/trace/grpc';
    const processor = new BatchSpanProcessor(new OtlpGrpcExporter({ url: process.env.COLLECTOR }));
    new TracerProvider({ spanProcessors: [processor] }).getTracer('own').startSpan('first').end();
    processor.shutdown().then(({ exported }) => console.log(exported));`,
  initialize: `
    import { initialize, shutdown, startSpan } from '@realtime-ai/trace';
    initialize({ exporterType: 'otlp', otlpProtocol: 'grpc', otlpEndpoint: process.env.COLLECTOR, quiet: true });
    startSpan('first').end();
    shutdown().then(({ exported }) => console.log(exported));`,
};

describe('the gRPC entry point', { concurrency: 2 }, () => {
  for (const { name, command, args } of RUNTIMES) {
    for (const format of ['mjs', 'cjs']) {
      test(`on ${name} sends with an explicit exporter (${format})`, async (t) => {
        const collector = await startGrpcCollector();
        t.after(() => collector.close());
        const folder = programsFolder();
        const file = join(folder, `own-${name}.${format}`);
        const program = PROGRAMS['an exporter of its own'];
        writeFileSync(
          file,
          format === 'mjs' ? program : program.replace(/import (.*) from (.*);/g, 'const $1 = require($2);'),
        );
        const { code, stdout, stderr } = await run(command, [...args, file], folder, { COLLECTOR: collector.url });
        assert.deepEqual([code, stdout, stderr], [0, '1\n', '']);
        assert.equal(collector.spans()[0].name, 'first');
      });
    }
  }
});

describe('a single-file bundle', { concurrency: 2 }, () => {
  for (const { name, command, args } of RUNTIMES) {
    for (const [what, contents] of Object.entries(PROGRAMS)) {
      for (const format of ['esm', 'cjs'] as const) {
        test(`for ${name} sends over gRPC from ${what} (${format})`, async (t) => {
          const collector = await startGrpcCollector();
          t.after(() => collector.close());
          const folder = programsFolder();
          const file = `bundle-${name}-${what.replaceAll(' ', '-')}.${format === 'esm' ? 'mjs' : 'cjs'}`;
          await build({
            stdin: { contents, resolveDir: folder },
            bundle: true,
            minify: true,
            platform: 'node',
            conditions: name === 'Node' ? [] : [name.toLowerCase()],
            format,
            outfile: join(folder, file),
            logLevel: 'error',
          });
          const { code, stdout, stderr } = await run(command, [...args, join(folder, file)], folder, {
            COLLECTOR: collector.url,
          });
          assert.deepEqual([code, stdout, stderr], [0, '1\n', '']);
          assert.equal(collector.spans()[0].name, 'first');
        });
      }
    }
  }

  for (const condition of ['workerd', 'edge-light', 'browser']) {
    test(`contains no gRPC code with the condition ${condition}`, async () => {
      const { outputFiles } = await build({
        stdin: { contents: `export * from '@realtime-ai/trace';`, resolveDir: programsFolder() },
        bundle: true,
        conditions: [condition],
        // The defaults of other platforms would add further conditions.
        platform: 'neutral',
        format: 'esm',
        external: ['node:async_hooks'],
        splitting: true,
        outdir: join(programsFolder(), condition),
        write: false,
        logLevel: 'error',
      });
      const text = outputFiles.map((file) => file.text).join();
      assert.ok(text.includes('initialize'), 'there is a bundle');
      assert.doesNotMatch(text, /node:http2|grpc-status|TraceService/);
    });
  }
});
