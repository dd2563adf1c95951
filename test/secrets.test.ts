import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { type Config, resolveConfig } from '../src/config.ts';
import { BatchSpanProcessor } from '../src/export/batch.ts';
import { type FetchLike, OtlpHttpExporter, type OtlpHttpExporterOptions } from '../src/export/otlp/http.ts';
import { diagnosticLog } from './export/diagnostic-log.ts';
import { endedSpansInto } from './export/ended-spans.ts';
import { hurried } from './export/otlp/hurried.ts';
import { createAuthority } from './platform/authority.ts';
import { withVariables } from './variables.ts';

// No diagnostic may contain secrets, since logs have many readers.

const SECRET = 's3cret';
const PEM = `-----BEGIN PRIVATE KEY-----\n${SECRET}\n-----END PRIVATE KEY-----`;
const { cert } = createAuthority();

/** Bypasses the type of a value. */
const wrong = (config: object) => config as Config;

/** Returns everything that is printed about settings: an error, or the banner and the warnings. */
function said(config: Config, variables: Record<string, string> = {}): string {
  try {
    const { banner, warnings } = withVariables(variables, () => resolveConfig({ exporterType: 'otlp', ...config }));
    return [banner, ...warnings].join('\n');
  } catch (error) {
    return inspect(error);
  }
}

describe('diagnostics contain no secret about', () => {
  const inCode: [what: string, config: Config][] = [
    ['headers that are a text', wrong({ otlpHeaders: `authorization=${SECRET}` })],
    ['headers that are a list', wrong({ otlpHeaders: [`authorization: ${SECRET}`] })],
    ['a header whose value cannot be sent', { otlpHeaders: { authorization: `${SECRET}\n` } }],
    ['a header whose value is no text', wrong({ otlpHeaders: { authorization: [SECRET] } })],
    ['a header whose name holds its value', { otlpHeaders: { [`authorization: ${SECRET}`]: '' } }],
    ['headers over plain HTTP', { otlpEndpoint: 'http://host', otlpHeaders: { authorization: SECRET } }],
    ['a key that is all of the certificates', wrong({ otlpTls: PEM })],
    ['certificates that are a list', wrong({ otlpTls: [PEM] })],
    ['a certificate that is none', { otlpTls: { ca: SECRET }, otlpEndpoint: 'https://host' }],
    ['a key without a certificate', { otlpTls: { key: PEM }, otlpEndpoint: 'https://host' }],
    ['a key that is none', { otlpTls: { cert, key: SECRET }, otlpEndpoint: 'https://host' }],
    ['a key that cannot be read', { otlpTls: { cert, key: PEM }, otlpEndpoint: 'https://host' }],
    ['a key of another type', wrong({ otlpTls: { cert, key: { pem: PEM } } })],
    ['a key for a member that there is not', wrong({ otlpTls: { cert, key: PEM, passphrase: SECRET } })],
    ['an endpoint that is a list', wrong({ otlpEndpoint: [`https://user:${SECRET}@host`] })],
    ['an endpoint that is a URL', wrong({ otlpEndpoint: new URL(`https://user:${SECRET}@host`) })],
  ];
  for (const [what, config] of inCode) {
    it(what, () => assert.doesNotMatch(said(config), new RegExp(SECRET)));
  }

  for (const url of [
    `http://user:${SECRET}@host`,
    `https://${SECRET}@host`,
    `user:${SECRET}@host:4318`,
    `http://user:${SECRET}@host:4317`,
    `ftp://user:${SECRET}@host`,
    `http://user:pa/${SECRET}@host`,
    `http://user:pa?${SECRET}@host`,
    `http://user:pa#${SECRET}@host`,
    `http://user:@${SECRET}@host`,
    `http://us er:${SECRET}@host`,
    `https://host/otlp?token=${SECRET}`,
    `https://host/otlp?token=a@${SECRET}`,
    `https://host/otlp#${SECRET}`,
    `http://host:4317?token=${SECRET}`,
    `http://host:4317/?token=${SECRET}`,
    `http://host:port?token=${SECRET}`,
    `host name?token=${SECRET}`,
    `ftp://host?token=${SECRET}`,
  ]) {
    it(`the endpoint ${url}`, () => {
      const headers = { authorization: 'a header, so that there is a warning' };
      assert.doesNotMatch(said({ otlpEndpoint: url, otlpHeaders: headers }), new RegExp(SECRET));
      for (const name of ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']) {
        const variables = { [name]: url, OTEL_EXPORTER_OTLP_CERTIFICATE: '/ca.pem' };
        assert.doesNotMatch(said({ otlpHeaders: headers }, variables), new RegExp(SECRET));
        assert.doesNotMatch(said({ exporterType: 'stdout' }, variables), new RegExp(SECRET));
      }
      assert.doesNotMatch(refusalOf({ url }), new RegExp(SECRET));
    });
  }

  for (const [name, value] of [
    ['HEADERS', SECRET],
    ['HEADERS', `authorization=${SECRET}%`],
    ['HEADERS', `authorization: Bearer ${SECRET}==`],
    ['HEADERS', `Bearer ${SECRET}=`],
    ['HEADERS', `authorization=${SECRET}%0A`],
    ['HEADERS', `authorization=${SECRET}`],
    ['CLIENT_KEY', PEM],
    ['CLIENT_KEY', PEM.replaceAll('\n', '\\n')],
    ['CERTIFICATE', PEM],
  ]) {
    it(`the variable ${name}=${JSON.stringify(value)}`, () => {
      for (const variable of [`OTEL_EXPORTER_OTLP_${name}`, `OTEL_EXPORTER_OTLP_TRACES_${name}`]) {
        for (const otlpEndpoint of ['https://host', 'http://host']) {
          assert.doesNotMatch(said({ otlpEndpoint }, { [variable]: value }), new RegExp(SECRET));
        }
      }
    });
  }

  it('the options of an exporter', () => {
    for (const options of [
      { tls: SECRET },
      { url: 'https://host', tls: { ca: SECRET } },
      { url: 'https://host', tls: { cert, key: PEM } },
      { headers: { authorization: `${SECRET}\n` } },
      { headers: { [`authorization: ${SECRET}`]: '' } },
    ] as unknown as OtlpHttpExporterOptions[]) {
      assert.doesNotMatch(refusalOf(options), new RegExp(SECRET));
    }
  });

  const url = `https://host.invalid?token=${SECRET}`;
  const failing =
    (error: Error): FetchLike =>
    () =>
      Promise.reject(error);
  const runs: [what: string, fetch: FetchLike][] = [
    // Deno and Bun name the whole URL in errors, as their parser has normalized it.
    [
      'a request that fails on Deno',
      failing(
        new TypeError('fetch failed', {
          cause: new Error(`error sending request for url (https://host.invalid/?token=${SECRET}): client error`),
        }),
      ),
    ],
    ['a request that fails on Bun', failing(new TypeError(`failed: fetching "https://host.invalid/?token=${SECRET}"`))],
    ['a request that is refused', async () => ({ status: 401, headers: new Headers(), body: null })],
  ];
  for (const [what, fetch] of runs) {
    it(what, async (t) => {
      const log = diagnosticLog(t);
      const headers = { authorization: SECRET };
      const processor = new BatchSpanProcessor(new OtlpHttpExporter({ url, headers, fetch }));
      endedSpansInto(processor)(1);
      await hurried(processor, 2);
      await processor.shutdown({ timeoutMillis: 1 });
      assert.ok(log.length > 0);
      for (const { message } of log) {
        assert.match(message, /https:\/\/host\.invalid/);
        assert.doesNotMatch(message, new RegExp(SECRET));
      }
    });
  }
});

it('a URL is shown without secrets', () => {
  assert.match(
    said({ otlpEndpoint: `https://host/@me/otlp?token=${SECRET}` }),
    /to https:\/\/host\/@me\/otlp\/v1\/traces$/,
  );
  assert.match(said({ otlpEndpoint: 'http://collector:4318?a=b@c' }), /to http:\/\/collector:4318\/v1\/traces$/);
  assert.match(said({ otlpEndpoint: 'collector:port?a=b' }), /^.*otlpEndpoint: "collector:port" is neither a URL/);
});

/** Returns why an exporter cannot be created; '' if it can. */
function refusalOf(options: OtlpHttpExporterOptions): string {
  try {
    new OtlpHttpExporter(options);
    return '';
  } catch (error) {
    return inspect(error);
  }
}
