import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { before, describe, it } from 'node:test';
import { buildIfMissing, ROOT } from './distribution.ts';

/** Runs a module that resolves the package like a bundler for pages. */
function inPage(code: string, variables: Record<string, string> = {}) {
  const args = ['--conditions=browser', '--input-type=module', '--eval', code];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, ...variables },
  });
  assert.equal(status, 0, stderr);
  return { stdout, stderr };
}

const esm = "import { initialize, shutdown, startSpan, defaultConfig } from '@realtime-ai/trace';";
const cjs = `import { createRequire } from 'node:module';
  const { initialize, shutdown, startSpan, defaultConfig } =
    createRequire(import.meta.url)('@realtime-ai/trace');`;

describe('the package in pages', () => {
  before(buildIfMissing);

  for (const [copy, importing] of Object.entries({ esm, cjs })) {
    it(`reads no environment variables (${copy})`, () => {
      const { stdout, stderr } = inPage(
        `${importing} initialize({ exporterType: 'otlp' }); if (defaultConfig().exporterType !== 'stdout') throw 1;`,
        { TRACE_EXPORTER: 'zipkin', OTEL_SERVICE_NAME: 'named', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://other' },
      );
      assert.equal(stdout, '[trace] realtime-ai: exporting spans to http://localhost:4318/v1/traces\n');
      assert.equal(stderr, '');
    });

    it(`prints spans that ended before the printer was loaded (${copy})`, () => {
      const { stdout } = inPage(
        `${importing} initialize({ quiet: true }); startSpan('first').end(); await shutdown(); startSpan('last').end();`,
      );
      // Node's console indents the content of a group.
      assert.match(stdout, /^trace [0-9a-f]{32} {2}realtime-ai {2}.* {2}1 span\n {2}first {2}[^\n]*\n$/);
    });
  }

  it('refuses settings that it does not support', () => {
    const { stdout } = inPage(`${esm}
      for (const config of [
        { samplingRate: 2 },
        { otlpEndpoint: 'localhost:4317', exporterType: 'otlp' },
        { otlpProtocol: 'grpc' },
        { otlpTls: { ca: 's3cret' } },
        { otlpHeaders: 's3cret' },
      ]) {
        try { initialize(config); } catch (error) { console.log(error.message); }
      }`);
    assert.deepEqual(stdout.trim().split('\n'), [
      'samplingRate: 2 is not a number from 0 to 1',
      'otlpEndpoint: "localhost:4317" is for OTLP over gRPC, which this runtime does not support; use OTLP over HTTP, port 4318',
      'otlpProtocol: pages send only http/protobuf, to port 4318; for JSON, pass spanProcessors with a JsonEncoding',
      'otlpTls: this runtime has no TLS settings',
      'otlpHeaders: the given string is not an object or a function',
    ]);
  });
});
