import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { BatchSpanProcessor } from '../../src/export/batch.ts';
import { OtlpHttpExporter } from '../../src/export/otlp/http.ts';
import { JsonEncoding } from '../../src/export/otlp/json-encoding.ts';
import { endedSpansInto } from '../export/ended-spans.ts';
import { describeCaptured } from './captured-request.ts';
import { startCollector } from './collector.ts';

const folder = mkdtempSync(join(tmpdir(), 'decode-'));
after(() => rmSync(folder, { recursive: true }));

/** The body of a request with two spans, as sent. */
async function captured(options: ConstructorParameters<typeof OtlpHttpExporter>[0] = {}): Promise<Uint8Array> {
  const collector = await startCollector();
  const processor = new BatchSpanProcessor(new OtlpHttpExporter({ url: collector.endpoint, ...options }));
  endedSpansInto(processor)(2);
  await processor.shutdown();
  await collector.close();
  return collector.requests[0].body;
}

/** Adds the five bytes that precede a gRPC message. */
function framed(message: Uint8Array, isCompressed = 0): Uint8Array {
  const head = Buffer.alloc(5);
  head[0] = isCompressed;
  head.writeUInt32BE(message.length, 1);
  return new Uint8Array(Buffer.concat([head, message]));
}

const formsOf = (text: string) => text.match(/^# .*$/gm);

describe('a captured request', () => {
  test('is shown as text, in any form', async () => {
    const [protobuf, compressed, json] = [
      await captured(),
      await captured({ compression: 'gzip' }),
      await captured({ encoding: new JsonEncoding() }),
    ];
    assert.deepEqual(formsOf(describeCaptured(protobuf)), ['# protobuf, 2 spans']);
    assert.deepEqual(formsOf(describeCaptured(compressed)), ['# gzip, protobuf, 2 spans']);
    assert.deepEqual(formsOf(describeCaptured(json)), ['# JSON, 2 spans']);
    const lines = new Uint8Array(Buffer.concat([json, Buffer.from('\n'), json, Buffer.from('\n')]));
    assert.deepEqual(formsOf(describeCaptured(lines)), ['# JSON, 2 spans', '# JSON, 2 spans']);
    const frames = new Uint8Array(Buffer.concat([framed(protobuf), framed(gzipSync(protobuf), 1)]));
    assert.deepEqual(formsOf(describeCaptured(frames)), [
      '# a message of gRPC, 2 spans',
      '# gzip, a message of gRPC, 2 spans',
    ]);
  });

  test('has ids in hex, times in full precision, and kinds and statuses by name', async () => {
    const [span] = JSON.parse(describeCaptured(await captured()).replace(/^#.*$/m, '')) as Record<string, unknown>[];
    assert.match(String(span.traceId), /^[0-9a-f]{32}$/);
    assert.match(String(span.startTimeUnixNano), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    assert.equal(span.kind, 'INTERNAL');
    assert.deepEqual(span.status, { code: 'UNSET', message: '' });
  });

  test('that is damaged throws an error that says where', async () => {
    const protobuf = await captured();
    assert.throws(() => describeCaptured(protobuf.subarray(0, -3)), /ExportTraceServiceRequest/);
    assert.throws(() => describeCaptured(new Uint8Array()), /nothing in it/);
    assert.throws(() => describeCaptured(new TextEncoder().encode('{"resourceSpans":')), /JSON/);
  });
});

describe('npm run decode', () => {
  test('prints the request in a file, and from standard input', async () => {
    const body = await captured();
    const path = join(folder, 'request.bin');
    writeFileSync(path, body);
    const run = (args: string[], input?: Uint8Array) =>
      execFileSync('npm', ['run', '--silent', 'decode', '--', ...args], { input, encoding: 'utf8' });
    assert.equal(run([path]), describeCaptured(body));
    assert.equal(run(['-'], body), describeCaptured(body));
  });

  test('reports what is wrong, and fails', () => {
    const path = join(folder, 'broken.bin');
    writeFileSync(path, 'no request');
    const { status, stderr } = spawnSync('npm', ['run', '--silent', 'decode', '--', path], { encoding: 'utf8' });
    assert.equal(status, 1);
    assert.match(stderr, /broken\.bin: /);
  });
});
