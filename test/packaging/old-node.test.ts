import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { run } from '../docs/program.ts';
import { startCollector } from '../oracle/collector.ts';
import { startGrpcCollector } from '../oracle/grpc-collector.ts';
import { createAuthority } from '../platform/authority.ts';
import { buildIfMissing, ROOT } from './distribution.ts';

// Before 20.16, Node cannot load a built-in module synchronously, so the first request loads what it needs.
const preamble = `
  process.getBuiltinModule = undefined;
  const { forceFlush, initialize, shutdown, startSpan } = await import('@realtime-ai/trace');
`;

const folder = mkdtempSync(join(tmpdir(), 'old-node-'));
const authority = createAuthority();
const { cert: ca } = authority;
const client = authority.issue();
const file = join(folder, 'ca.pem');
writeFileSync(file, ca);

/** Returns what a program prints. */
async function printed(code: string, variables: Record<string, string> = {}): Promise<string> {
  const args = ['--input-type=module', '--eval', preamble + code];
  const { stdout, stderr } = await run(process.execPath, args, ROOT, variables);
  assert.equal(stderr, '');
  return stdout.trim();
}

describe('the package on Node before 20.16', () => {
  before(buildIfMissing);
  after(() => rmSync(folder, { recursive: true }));

  it('sends spans over TLS, compressed, with certificates in code', async (t) => {
    const collector = await startCollector({ tls: { ...authority.issue(), ca, requestCert: true } });
    t.after(() => collector.close());
    const config = { otlpEndpoint: collector.url, otlpTls: { ca, ...client }, otlpCompression: 'gzip' };
    await printed(`
      initialize({ exporterType: 'otlp', quiet: true, ...${JSON.stringify(config)} });
      startSpan('old').end();
      await shutdown();
    `);
    const [{ headers, spans }] = collector.requests;
    assert.deepEqual([headers['content-encoding'], spans[0].name], ['gzip', 'old']);
  });

  it('sends spans over gRPC', async (t) => {
    const collector = await startGrpcCollector({ tls: { ...authority.issue(), ca, requestCert: true } });
    t.after(() => collector.close());
    const config = { otlpEndpoint: collector.url, otlpProtocol: 'grpc', otlpTls: { ca, ...client } };
    await printed(`
      initialize({ exporterType: 'otlp', quiet: true, ...${JSON.stringify(config)} });
      startSpan('old').end();
      await shutdown();
    `);
    assert.equal(collector.spans()[0].name, 'old');
  });

  it('says what to do if variables name files', async () => {
    const code = `try { initialize({ exporterType: 'otlp' }); } catch ({ message }) { console.log(message); }`;
    assert.equal(
      await printed(code, {
        OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector',
        OTEL_EXPORTER_OTLP_CERTIFICATE: file,
      }),
      `OTEL_EXPORTER_OTLP_CERTIFICATE=${JSON.stringify(file)}: the file cannot be read: reading certificate files needs Node 20.16 or later: set the certificates in code with otlpTls`,
    );
  });

  it('reports an invalid key with the first request', async () => {
    const otlpTls = { cert: client.cert, key: authority.key };
    const said = await printed(`
      const onDiagnostic = ({ message }) => console.log(message);
      const otlpTls = ${JSON.stringify(otlpTls)};
      initialize({ exporterType: 'otlp', quiet: true, otlpEndpoint: 'https://127.0.0.1:1', otlpTls, onDiagnostic });
      startSpan('old').end();
      await forceFlush();
    `);
    assert.match(
      said,
      /^export_delayed: .*key values mismatch.*\nspans_unsent: 1 span; last attempt: .*key values mismatch/,
    );
  });
});
