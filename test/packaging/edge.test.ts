import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { before, describe, it } from 'node:test';
import { run } from '../docs/program.ts';
import { startCollector } from '../oracle/collector.ts';
import { buildIfMissing, ROOT } from './distribution.ts';

// Vercel's runtime has neither compression nor files nor TLS settings.
const preamble = `
  delete globalThis.CompressionStream;
  const { initialize, shutdown, startSpan, stats } = await import('@realtime-ai/trace');
`;
const args = (code: string) => ['--conditions=edge-light', '--input-type=module', '--eval', preamble + code];

/** The errors of `initialize` for settings that this runtime does not support. */
function refusal(config: object, variables: Record<string, string> = {}): string {
  const code = `try { initialize(${JSON.stringify(config)}); } catch ({ message }) { console.log(message); }`;
  const { stdout, stderr } = spawnSync(process.execPath, args(code), {
    cwd: ROOT,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, ...variables },
  });
  assert.equal(stderr, '');
  return stdout.trim();
}

describe('the package on edge runtimes', () => {
  before(buildIfMissing);

  it('sends spans uncompressed if it cannot compress, and reports that once', async () => {
    const collector = await startCollector();
    const code = `
      const codes = [];
      const onDiagnostic = ({ code }) => codes.push(code);
      initialize({ exporterType: 'otlp', otlpCompression: 'gzip', quiet: true, onDiagnostic });
      for (const name of ['first', 'second']) {
        startSpan(name).end();
        await (name === 'first' ? (await import('@realtime-ai/trace')).forceFlush() : shutdown());
      }
      console.log(codes.join());`;
    const { stdout, stderr } = await run(process.execPath, args(code), ROOT, {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    });
    await collector.close();
    assert.deepEqual([stdout, stderr], ['compression_unavailable\n', '']);
    assert.deepEqual(
      collector.requests.map(({ headers, spans }) => [headers['content-encoding'], spans[0].name]),
      [
        [undefined, 'first'],
        [undefined, 'second'],
      ],
    );
  });

  it('refuses certificates, in code and in files', () => {
    assert.equal(refusal({ otlpTls: { ca: 's3cret' } }), 'otlpTls: this runtime has no TLS settings');
    assert.equal(
      refusal(
        { exporterType: 'otlp', otlpEndpoint: 'https://collector' },
        { OTEL_EXPORTER_OTLP_CERTIFICATE: '/ca.pem' },
      ),
      'OTEL_EXPORTER_OTLP_CERTIFICATE="/ca.pem": the file cannot be read: this runtime cannot read files',
    );
  });
});
