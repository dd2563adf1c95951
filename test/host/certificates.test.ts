import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type Config, type ResolvedConfig, resolveConfig } from '../../src/config.ts';
import { forceFlush, initialize, shutdown, startSpan, stats } from '../../src/index.ts';
import { startCollector } from '../oracle/collector.ts';
import { createAuthority } from '../platform/authority.ts';
import { withVariables } from '../variables.ts';

const folder = mkdtempSync(join(tmpdir(), 'certificates-'));
after(() => rmSync(folder, { recursive: true }));

/** Writes a new file and returns its path. */
function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const authority = createAuthority();
const other = createAuthority();
const client = authority.issue();
const paths = {
  ca: file('ca.pem', authority.cert),
  otherCa: file('other-ca.pem', other.cert),
  cert: file('client.pem', client.cert),
  key: file('client.key', client.key),
  otherKey: file('other.key', other.key),
  none: file('none.pem', 'no certificate'),
  empty: file('empty.pem', ''),
  missing: join(folder, 'missing.pem'),
};
const CA = 'OTEL_EXPORTER_OTLP_CERTIFICATE';
const CERT = 'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE';
const KEY = 'OTEL_EXPORTER_OTLP_CLIENT_KEY';
const ofTraces = (name: string) => name.replace('OTLP_', 'OTLP_TRACES_');

const resolved = (variables: Record<string, string>, config: Config = {}): ResolvedConfig =>
  withVariables(variables, () => resolveConfig({ exporterType: 'otlp', otlpEndpoint: 'https://host', ...config }));
const tlsOf = (variables: Record<string, string>, config: Config = {}) => resolved(variables, config).otlp.tls;

describe('the variables for certificates', () => {
  it('name files, which are read', () => {
    assert.equal(tlsOf({}), undefined);
    assert.deepEqual(tlsOf({ [CA]: paths.ca }), { ca: [authority.cert] });
    assert.deepEqual(tlsOf({ [CA]: paths.ca, [CERT]: paths.cert, [KEY]: paths.key }), {
      ca: [authority.cert],
      cert: client.cert,
      key: client.key.trimEnd(),
    });
  });

  it('are each read first for traces, then for all signals', () => {
    const tls = tlsOf({
      [CA]: paths.missing,
      [ofTraces(CA)]: paths.ca,
      [CERT]: paths.cert,
      [ofTraces(CERT)]: '',
      [KEY]: paths.missing,
      [ofTraces(KEY)]: paths.key,
    });
    assert.deepEqual(tls, { ca: [authority.cert], cert: client.cert, key: client.key.trimEnd() });
  });

  it('are ignored with certificates in code, or if spans are not sent by OTLP', () => {
    const variables = { [CA]: paths.missing, [KEY]: paths.missing };
    assert.deepEqual(tlsOf(variables, { otlpTls: { ca: other.cert } }), { ca: [other.cert] });
    assert.deepEqual(tlsOf(variables, { otlpTls: {} }), {});
    assert.equal(tlsOf(variables, { exporterType: 'stdout' }), undefined);
  });

  it('cause a warning if they have no effect, since they may be meant for other signals', () => {
    const variables = { [CA]: paths.missing, [ofTraces(KEY)]: paths.key };
    const plain = resolved(variables, { otlpEndpoint: 'http://localhost:4318/?token=s3cret' });
    assert.equal(plain.otlp.tls, undefined);
    assert.deepEqual(plain.warnings, [
      `${CA}, ${ofTraces(KEY)}: http://localhost:4318/v1/traces does not use certificates`,
    ]);
    const fetch = async () => ({ status: 200, headers: new Headers(), body: null });
    const own = resolved(variables, { fetch });
    assert.equal(own.otlp.tls, undefined);
    assert.deepEqual(own.warnings, [`${CA}, ${ofTraces(KEY)}: a custom fetch does not use certificates`]);
  });

  const wrong: [what: string, variables: Record<string, string>, message: RegExp | string][] = [
    [
      'a file that is not there',
      { [CA]: paths.missing },
      /^OTEL_EXPORTER_OTLP_CERTIFICATE="PATH": the file cannot be read: ENOENT/,
    ],
    ['a folder', { [CA]: folder }, /^OTEL_EXPORTER_OTLP_CERTIFICATE="PATH": the file cannot be read: EISDIR/],
    ['a file without a certificate', { [CA]: paths.none }, `${CA}="PATH": it contains no -----BEGIN CERTIFICATE-----`],
    [
      'an empty file',
      { [ofTraces(CA)]: paths.empty },
      `${ofTraces(CA)}="PATH": it contains no -----BEGIN CERTIFICATE-----`,
    ],
    [
      'a key alone',
      { [ofTraces(KEY)]: paths.key },
      `${ofTraces(KEY)}="PATH": the certificate that belongs to it is missing`,
    ],
    ['a certificate alone', { [CERT]: paths.cert }, `${CERT}="PATH": the key that belongs to it is missing`],
    [
      'another key',
      { [KEY]: paths.otherKey, [CERT]: paths.cert },
      `${KEY}="PATH": the key does not belong to the certificate`,
    ],
    ['what belongs in the file', { [KEY]: client.key }, `${KEY}: must be the path of a file, not its content`],
  ];
  for (const [what, variables, message] of wrong) {
    it(`that name ${what} throw an error with variable and path`, () => {
      const [path] = Object.values(variables);
      assert.throws(
        () => resolved(variables),
        (error: Error) => {
          const shown = error.message.replace(JSON.stringify(path), '"PATH"');
          assert.ok(typeof message === 'string' ? shown === message : message.test(shown), shown);
          return error instanceof Error;
        },
      );
    });
  }
});

describe('certificates in code', () => {
  it('are checked with every exporter, with the setting’s name', () => {
    for (const exporterType of ['stdout', 'none', 'otlp'] as const) {
      assert.throws(
        () => resolved({}, { exporterType, otlpTls: { ca: 'none' } }),
        /^TypeError: otlpTls\.ca: it contains no/,
      );
    }
  });

  it('that would not be used throw an error if spans are sent by OTLP', () => {
    const config: Config = { otlpTls: { ca: authority.cert }, otlpEndpoint: 'http://host' };
    assert.throws(() => resolved({}, config), /^TypeError: otlpTls: an https:\/\/ URL is required/);
    assert.doesNotThrow(() => resolved({}, { ...config, exporterType: 'stdout' }));
    const fetch = async () => ({ status: 200, headers: new Headers(), body: null });
    assert.throws(() => resolved({}, { ...config, fetch }), /^TypeError: otlpTls: a custom fetch/);
  });
});

it('spans arrive at a collector that requires a certificate, with variables alone', async (t) => {
  const collector = await startCollector({ tls: { ...authority.issue(), ca: authority.cert, requestCert: true } });
  t.after(() => collector.close());
  const variables = {
    TRACE_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    [CA]: paths.ca,
    [CERT]: paths.cert,
    [KEY]: paths.key,
  };
  withVariables(variables, () => initialize({ quiet: true }));
  startSpan('over TLS').end();
  assert.deepEqual(await forceFlush(), { exported: 1, pending: 0, dropped: 0 });
  assert.equal(stats()?.acknowledged, 1);
  await shutdown();
  const [{ headers, spans }] = collector.requests;
  assert.deepEqual([headers['content-encoding'], spans[0].name], ['gzip', 'over TLS']);
});
