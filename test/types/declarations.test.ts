import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import ts from 'typescript';
import { buildIfMissing, ROOT } from '../packaging/distribution.ts';

// A package that depends only on this one.
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
const withTheirs = readFileSync(`${ROOT}test/types/opentelemetry.test-d.ts`, 'utf8');
const files = {
  'theirs.mts': withTheirs.replace('../../src/index.ts', '@realtime-ai/trace'),
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
  'events.mts': `import { traceHandler, traceNodeHandler } from '@realtime-ai/trace';
const answer: Promise<Response> = traceHandler((request) => new Response(request.url))(new Request('http://a/'));
traceHandler(async (request, env, ctx) => { ctx.waitUntil(answer); return new Response(request.url + env.KEY); });
traceHandler(() => new Response(), { ignore: ({ url }) => url === '/' })();
const worker = traceHandler({ async fetch(request, env) { return new Response(request.url + env.KEY); }, own: 1 });
worker.own.toFixed();
interface Exported { fetch?: (request: Request & { cf: object }, env: { KEY: string }) => Promise<Response>; queue?: (batch: { messages: string[] }) => Promise<void> }
const exported: Exported = traceHandler({ async fetch(request, env) { return new Response(env.KEY + request.cf); } });
exported.queue;
declare const app: { fetch: (request: Request, env?: object) => Response | Promise<Response>; get(path: string): void };
traceHandler(app).get('/');
class Room { constructor(readonly state: object) {} async fetch(request: Request) { return new Response(request.url); } }
new (traceHandler(Room))({}).fetch(new Request('http://a/'));
declare abstract class DurableObject<Env> { constructor(ctx: object, env: Env); protected env: Env }
class Lobby extends traceHandler(DurableObject)<{ KEY: string }> { key() { return this.env.KEY.length; } }
new Lobby({}, { KEY: '' }).key();
traceHandler(async (request: Request) => new Response(request.url))(new Request('http://a/'), { waitUntil() {} });
traceNodeHandler((req, res) => res.end(req.url));
// @ts-expect-error: not an event
traceHandler({ fetched() {} });
// @ts-expect-error: a handler is required
traceHandler(5);
// @ts-expect-error: a listener is required
traceNodeHandler(5);`,
  'listeners.mts': `import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import { traceNodeHandler } from '@realtime-ai/trace';
createServer(traceNodeHandler((req, res) => { res.end(req.url); }));
createServer({}, traceNodeHandler(async (req, res) => { res.end(req.url); }));
createHttps({}, traceNodeHandler((req, res) => { res.end(req.url); }, { ignore: ({ url }) => url === '/', route: ({ url }) => url }));
createServer(traceNodeHandler(() => {}));
createServer().on('request', traceNodeHandler((req, res) => { res.end(req.url); }));
createSecureServer({}, traceNodeHandler((req: Http2ServerRequest, res: Http2ServerResponse) => { res.end(req.url); }, { ignore: ({ authority }) => authority === '' }));
const five: Promise<number> = traceNodeHandler(async (_req, _res) => 5)({} as IncomingMessage, {} as ServerResponse);
five;
declare const koa: (req: IncomingMessage | Http2ServerRequest, res: ServerResponse | Http2ServerResponse) => Promise<void>;
createServer(traceNodeHandler(koa));
createSecureServer({}, traceNodeHandler(koa));
interface ExpressRequest extends IncomingMessage { body: unknown }
interface Express {
  (req: ExpressRequest | IncomingMessage, res: ServerResponse): unknown;
  (req: ExpressRequest, res: ServerResponse & { locals: object }, next: (error?: unknown) => void): void;
}
declare const express: Express;
createServer(traceNodeHandler(express, { route: ({ url }) => url }));
const middleware = traceNodeHandler((req: ExpressRequest, _res: ServerResponse, next: (error?: unknown) => void) => next(req.body));
middleware({} as ExpressRequest, {} as ServerResponse, () => {});
// @ts-expect-error: of HTTP/1 it is no listener
createServer(traceNodeHandler((req: Http2ServerRequest, res: Http2ServerResponse) => { res.end(req.url); }));`,
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
  [
    'OpenTelemetry, with exact optional properties',
    'theirs.mts',
    ['es2022', 'dom'],
    {
      ...nodenext,
      ...withNode,
      exactOptionalPropertyTypes: true,
    },
    'index.d.ts',
  ],
  ['a module with the newest library', 'es.mts', ['esnext', 'dom'], nodenext, 'index.d.ts'],
  ['a module with the syntax `using`', 'scoped.mts', ['es2022', 'esnext.disposable'], nodenext, 'index.d.ts'],
  ['an ES module on Node', 'es.mts', ['es2022'], { ...nodenext, ...withNode }, 'index.d.ts'],
  ['a CommonJS module on Node', 'common.cts', ['es2022'], { ...nodenext, ...withNode }, 'index.d.cts'],
  ['handlers written in place', 'events.mts', ['es2022', 'dom'], nodenext, 'index.d.ts'],
  ['handlers written in place, on Node', 'events.mts', ['es2022', 'dom'], { ...nodenext, ...withNode }, 'index.d.ts'],
  ['listeners of Node', 'listeners.mts', ['es2022'], { ...nodenext, ...withNode }, 'index.d.ts'],
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
    symlinkSync(`${ROOT}node_modules/@opentelemetry`, join(consumer, 'node_modules/@opentelemetry'));
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
      // The declarations for ES modules re-export those for CommonJS.
      const names = read.map(({ fileName }) => fileName.split('/').at(-1));
      assert.equal(names.includes('index.d.ts'), declarations === 'index.d.ts', names.join());
      assert.ok(names.includes('index.d.cts'), names.join());
    });
  }

  it('contain no mangled names, and no types that only these need', () => {
    const text = readFileSync(`${ROOT}dist/index.d.cts`, 'utf8');
    assert.match(text, /\bmaxQueueBytes\?: number/);
    assert.doesNotMatch(text, /^\s*((private|readonly) )*_[a-z]/m);
    assert.doesNotMatch(text, /\b(RecordingSpan|OpenSpans|StoredLink)\b/);
  });
});
