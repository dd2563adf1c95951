import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import ts from 'typescript';
import { buildIfMissing, ROOT } from '../packaging/distribution.ts';

// A package that depends on this one and on nothing else.
const consumer = mkdtempSync(join(tmpdir(), 'consumer-'));
const installed = join(consumer, 'node_modules/@realtime-ai/trace');

const usage = `
export async function main(): Promise<string> {
  const config: trace.Config = { exporterType: 'otlp', samplingRate: 0.5, batch: { maxQueueSize: 1 } };
  const tracer: trace.Tracer = trace.initialize(config);
  const span: trace.Span = tracer.startSpan('span', { kind: trace.SpanKind.CLIENT, attributes: { list: [1, 2] } });
  span.setAttribute('bytes', new Uint8Array(1)).addEvent('event', [1, 2]).end(new Date());
  span[Symbol.dispose]();
  const answer = await trace.instrumentLLMRequest('gemini', 'flash', { parent: span }, async () => 'text');
  for await (const part of trace.withSpan('stream', async function* () { yield 1; })) part.toFixed();
  const message: trace.PipelineMessage = { type: trace.MessageType.Audio, sessionId: 's' };
  trace.instrumentElementProcess('element', message, { chain: true }).end();
  const processor: trace.SpanProcessor = new trace.BatchSpanProcessor(new trace.OtlpHttpExporter({ url: 'http://c' }));
  new trace.TracerProvider({ spanProcessors: [processor], sampler: new trace.AlwaysOnSampler() });
  const grpc: trace.BatchingExporter = new OtlpGrpcExporter({ url: 'c', headers: { 'a-bin': new Uint8Array(1) } });
  const options: OtlpGrpcExporterOptions = { headers: async () => ({ a: 'b' }), tls: { ca: '' }, compression: 'gzip' };
  new trace.BatchSpanProcessor(new OtlpGrpcExporter(options), { maxExportBatchSize: 1 }).onEnd;
  grpc.createBatch().spanCount.toFixed();
  const { exported }: trace.FlushResult = await trace.shutdown({ timeoutMillis: 1 });
  return answer.slice(exported);
}
// @ts-expect-error: the types are there, and are not any
trace.startSpan(1);
// @ts-expect-error: nor are these
new OtlpGrpcExporter({ url: 1 });
`;
const grpc = `import { OtlpGrpcExporter, type OtlpGrpcExporterOptions } from '@realtime-ai/trace/grpc';`;
const files = {
  'es.mts': `import * as trace from '@realtime-ai/trace';${grpc}${usage}`,
  'common.cts': `import trace = require('@realtime-ai/trace');${grpc}${usage}`,
  'bundled.ts': `import * as trace from '@realtime-ai/trace';${grpc}${usage}`,
  'scoped.mts': `import { startSpan } from '@realtime-ai/trace'; { using span = startSpan('span'); span.end(); }`,
  'exact.mts': `import * as trace from '@realtime-ai/trace';
declare const maybe: { text?: string; span: trace.Span | undefined; socket: EventTarget & { send(data: string): void } };
trace.initialize({ serviceVersion: maybe.span && 'v', otlpHeaders: undefined, fetch: undefined, batch: { maxQueueSize: undefined } });
trace.withSpan('span', { parent: maybe.span, attributes: undefined }, () => {});
trace.instrumentLLMRequest('p', 'm', { parent: maybe.span, kind: trace.SpanKind.CLIENT }).end();
const request: { url: string | undefined; headers: Record<string, string | string[] | undefined> } = { url: '', headers: {} };
trace.extractUpgrade(request);`,
  'fetching.mts': `import { initialize } from '@realtime-ai/trace'; initialize({ exporterType: 'otlp', fetch });`,
};

const nodenext: ts.CompilerOptions = { module: ts.ModuleKind.NodeNext };
const bundler: ts.CompilerOptions = {
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
};
const withNode: ts.CompilerOptions = { types: ['node'], typeRoots: [`${ROOT}node_modules/@types`] };

type Case = [what: string, file: keyof typeof files, lib: string[], options: ts.CompilerOptions, declarations: string];

const cases: Case[] = [
  ['an ES module, nodenext', 'es.mts', ['es2022'], nodenext, 'index.d.ts'],
  ['a CommonJS module, nodenext', 'common.cts', ['es2022'], nodenext, 'index.d.cts'],
  ['a module for a bundler', 'bundled.ts', ['es2022'], bundler, 'index.d.ts'],
  ['a page', 'bundled.ts', ['es2022', 'dom', 'dom.iterable'], bundler, 'index.d.ts'],
  ['a worker', 'bundled.ts', ['es2022', 'webworker'], bundler, 'index.d.ts'],
  ['a page that brings its own fetch', 'fetching.mts', ['es2022', 'dom'], nodenext, 'index.d.ts'],
  [
    'a module with exact optional properties',
    'exact.mts',
    ['es2022', 'dom'],
    { ...nodenext, exactOptionalPropertyTypes: true },
    'index.d.ts',
  ],
  ['a module with the newest library', 'es.mts', ['esnext', 'dom'], nodenext, 'index.d.ts'],
  ['a module with the syntax `using`', 'scoped.mts', ['es2022', 'esnext.disposable'], nodenext, 'index.d.ts'],
  ['an ES module on Node', 'es.mts', ['es2022'], { ...nodenext, ...withNode }, 'index.d.ts'],
  ['a CommonJS module on Node', 'common.cts', ['es2022'], { ...nodenext, ...withNode }, 'index.d.cts'],
  [
    'a module on Node that brings its own fetch',
    'fetching.mts',
    ['es2022'],
    { ...nodenext, ...withNode },
    'index.d.ts',
  ],
];

describe('the declarations, all of them checked,', () => {
  before(async () => {
    await buildIfMissing();
    cpSync(`${ROOT}package.json`, join(installed, 'package.json'));
    cpSync(`${ROOT}dist`, join(installed, 'dist'), { recursive: true });
    for (const [name, content] of Object.entries(files)) writeFileSync(join(consumer, name), content);
  });
  after(() => rmSync(consumer, { recursive: true }));

  for (const [what, file, lib, options, declarations] of cases) {
    it(`have no error for ${what}, lib ${lib.join(', ')}`, () => {
      const program = ts.createProgram([join(consumer, file)], {
        strict: true,
        target: ts.ScriptTarget.ES2022,
        lib: lib.map((name) => `lib.${name}.d.ts`),
        types: [],
        skipLibCheck: false,
        noEmit: true,
        ...options,
      });
      const problems = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
        return `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
      });
      assert.deepEqual(problems, []);
      const read = program.getSourceFiles().filter(({ fileName }) => fileName.includes('@realtime-ai/trace'));
      // Those of ES modules take everything from those of CommonJS.
      const names = read.map(({ fileName }) => fileName.split('/').at(-1));
      assert.equal(names.includes('index.d.ts'), declarations === 'index.d.ts', names.join());
      assert.ok(names.includes('index.d.cts'), names.join());
    });
  }

  it('name nothing that has another name in what is built, nor what only that would need', () => {
    const text = readFileSync(`${ROOT}dist/index.d.cts`, 'utf8');
    assert.match(text, /\bmaxQueueBytes\?: number/);
    assert.doesNotMatch(text, /^\s*((private|readonly) )*_[a-z]/m);
    assert.doesNotMatch(text, /\b(RecordingSpan|OpenSpans|StoredLink)\b/);
  });
});
