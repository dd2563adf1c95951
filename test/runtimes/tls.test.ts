import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import type { TlsOptions } from 'node:tls';
import type { Config } from '../../src/config.ts';
import { type Collector, startCollector } from '../oracle/collector.ts';
import { createAuthority } from '../platform/authority.ts';
import { DENO_WITHOUT_FILES, missing, RUNTIMES, send } from './runtime.ts';

const authority = createAuthority();
const { cert: ca } = authority;
const server = authority.issue();
const client = authority.issue();
const mutual = { ...server, ca, requestCert: true };

const folder = mkdtempSync(join(tmpdir(), 'certificates-'));
after(() => rmSync(folder, { recursive: true }));
for (const [name, content] of Object.entries({ ca, ...client })) writeFileSync(join(folder, name), content);
const VARIABLES = {
  OTEL_EXPORTER_OTLP_CERTIFICATE: join(folder, 'ca'),
  OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: join(folder, 'cert'),
  OTEL_EXPORTER_OTLP_CLIENT_KEY: join(folder, 'key'),
};

for (const runtime of RUNTIMES) {
  describe(`${runtime.name}, over TLS,`, { concurrency: 2, skip: missing(runtime) }, () => {
    test('sends spans to a collector with the application’s own authority that requires a certificate', async (t) => {
      const { url, requests } = await started(t, mutual);
      const { stats, diagnostics } = await send(runtime, {
        otlpEndpoint: url,
        otlpTls: { ca, ...client },
        otlpHeaders: { authorization: 'Bearer a=b' },
        otlpCompression: 'gzip',
      });
      assert.deepEqual([stats?.acknowledged, stats?.ended, diagnostics], [2, 2, []]);
      const [{ headers, spans }] = requests;
      assert.deepEqual(
        spans.map(({ name }) => name),
        ['first', 'second'],
      );
      assert.deepEqual([headers.authorization, headers['content-encoding']], ['Bearer a=b', 'gzip']);
    });

    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      test(`reads the files that variables name, and uses ${version}`, async (t) => {
        const { url, requests } = await started(t, { ...mutual, minVersion: version, maxVersion: version });
        const { stats } = await send(runtime, { otlpEndpoint: url }, VARIABLES);
        assert.equal(stats?.acknowledged, 2);
        assert.equal(requests[0].headers['content-encoding'], undefined);
      });
    }

    const unreachable: [what: string, collector: TlsOptions, tls: Config['otlpTls']][] = [
      ['that nobody vouches for', server, undefined],
      ['that another authority vouches for', server, { ca: createAuthority().cert }],
      ['whose certificate is that of another', authority.issue({ hosts: ['elsewhere.example'] }), { ca }],
      ['whose certificate has expired', authority.issue({ notAfter: new Date(Date.now() - 60_000) }), { ca }],
      ['that asks for a certificate where there is none', mutual, { ca }],
    ];
    for (const [what, collector, otlpTls] of unreachable) {
      test(`sends nothing to a collector ${what}, and counts it as unreachable`, async (t) => {
        const { url, requests } = await started(t, collector);
        const { stats, diagnostics } = await send(runtime, { otlpEndpoint: url, otlpTls });
        assert.deepEqual([stats?.dropped, stats?.unknown], [{ unreachable: 2 }, 0], diagnostics.join());
        assert.equal(requests.length, 0);
        assert.match(
          diagnostics.join(),
          /^export_delayed: [^\n]*with a certificate that is trusted[^\n]*,shutdown: 2 spans/,
        );
      });
    }

    test('sends nothing if the server speaks plain HTTP, and counts it as unreachable', async (t) => {
      const { url, requests } = await started(t, undefined);
      const otlpEndpoint = url.replace('http:', 'https:');
      const { stats } = await send(runtime, { otlpEndpoint, otlpTls: { ca } });
      assert.equal(requests.length, 0);
      assert.deepEqual(stats?.dropped, { unreachable: 2 });
    });

    test('refuses invalid certificates', async () => {
      const otlpEndpoint = 'https://127.0.0.1:1';
      const refusalOf = async (otlpTls: Config['otlpTls']) => (await send(runtime, { otlpEndpoint, otlpTls })).refused;
      assert.equal(
        await refusalOf({ ca: ca.slice(0, 200) }),
        'TypeError: otlpTls.ca: certificate 1 of 1 cannot be read',
      );
      assert.equal(
        await refusalOf({ cert: client.cert, key: server.key }),
        'TypeError: otlpTls.key: the key does not belong to the certificate',
      );
      const { refused } = await send(runtime, { otlpEndpoint }, { OTEL_EXPORTER_OTLP_CERTIFICATE: '/none.pem' });
      assert.match(
        refused,
        /^Error: OTEL_EXPORTER_OTLP_CERTIFICATE="\/none\.pem": the file cannot be read: .*no such file/i,
      );
    });
  });
}

test('Deno reports the permission that reading the files needs', { skip: missing(DENO_WITHOUT_FILES) }, async () => {
  const { refused } = await send(DENO_WITHOUT_FILES, { otlpEndpoint: 'https://127.0.0.1:1' }, VARIABLES);
  assert.match(refused, /^Error: OTEL_EXPORTER_OTLP_CERTIFICATE="[^"]*": the file cannot be read: .*--allow-read/);
});

async function started(t: TestContext, tls: TlsOptions | undefined): Promise<Collector> {
  const collector = await startCollector({ tls });
  t.after(() => collector.close());
  return collector;
}
