import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { TlsOptions as ServerOptions } from 'node:tls';
import { BatchSpanProcessor } from '../../../src/export/batch.ts';
import { type FetchLike, OtlpHttpExporter } from '../../../src/export/otlp/http.ts';
import type { TlsOptions } from '../../../src/export/otlp/tls.ts';
import { codesOf } from '../../core/diagnostic-log.ts';
import { type Collector, startCollector } from '../../oracle/collector.ts';
import { createAuthority } from '../../platform/authority.ts';
import { diagnosticLog } from '../diagnostic-log.ts';
import { balanced, endedSpansInto } from '../ended-spans.ts';
import { hurried } from './hurried.ts';

const authority = createAuthority();
const { cert: ca } = authority;
const server = authority.issue();
const client = authority.issue();

describe('spans over TLS', () => {
  test('arrive at a collector with a certificate of the application’s own authority', async (t) => {
    const log = diagnosticLog(t);
    const collector = await started(t, server);
    const processor = processorFor(collector.endpoint, { ca });
    const ids = endedSpansInto(processor)(3);
    assert.deepEqual(await processor.shutdown(), { exported: 3, pending: 0, dropped: 0 });
    assert.deepEqual(
      collector.spans().map(({ spanId }) => spanId),
      ids,
    );
    assert.deepEqual(log, []);
  });

  test('arrive at a collector that requires a certificate', async (t) => {
    diagnosticLog(t);
    const collector = await started(t, { ...server, ca, requestCert: true });
    const processor = processorFor(collector.endpoint, { ca, ...client });
    endedSpansInto(processor)(1);
    assert.equal((await processor.shutdown()).exported, 1);
  });

  for (const [what, asks, tls] of [
    ['whose certificate is not trusted', {}, { ca: createAuthority().cert }],
    ['that asks for a certificate and gets none', { ca, requestCert: true }, { ca }],
  ] as [string, ServerOptions, TlsOptions][]) {
    test(`do not reach a collector ${what}: they are retried, and finally unreachable`, async (t) => {
      const log = diagnosticLog(t);
      const collector = await started(t, { ...server, ...asks });
      const processor = processorFor(collector.endpoint, tls);
      endedSpansInto(processor)(2);
      assert.deepEqual(await hurried(processor, 3), { exported: 0, pending: 2, dropped: 0 });
      assert.deepEqual(await processor.shutdown(), { exported: 0, pending: 0, dropped: 2 });
      assert.deepEqual(balanced(processor).dropped, { unreachable: 2 });
      assert.equal(collector.requests.length, 0);
      assert.deepEqual(codesOf(log), ['export_delayed', 'shutdown']);
      assert.match(log[0].message, /did not answer \(.*certificate.*\): .*with a certificate that is trusted/);
    });
  }
});

describe('unused certificates cause a TypeError', () => {
  test('with a URL without encryption', () => {
    assert.throws(() => new OtlpHttpExporter({ url: 'http://host', tls: { ca } }), {
      name: 'TypeError',
      message: 'tls: an https:// URL is required; http:// does not use certificates',
    });
  });

  test('with a user’s own fetch', () => {
    const fetch: FetchLike = () => assert.fail('nothing is sent');
    assert.throws(() => new OtlpHttpExporter({ url: 'https://host', fetch, tls: { ca } }), {
      name: 'TypeError',
      message: 'tls: a custom fetch makes its own connections; pass the certificates to it',
    });
  });

  test('if they are invalid', () => {
    assert.throws(() => new OtlpHttpExporter({ url: 'https://host', tls: { ca: 'ca.pem' } }), /^TypeError: tls\.ca: /);
  });
});

function processorFor(url: string, tls: TlsOptions): BatchSpanProcessor {
  return new BatchSpanProcessor(new OtlpHttpExporter({ url, tls }));
}

async function started(t: TestContext, tls: ServerOptions): Promise<Collector> {
  const collector = await startCollector({ tls });
  t.after(() => collector.close());
  return collector;
}
