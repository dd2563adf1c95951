import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import type { TlsOptions } from '../../src/export/otlp/tls.ts';
import { checkedTls } from '../../src/platform/node-tls.ts';
import { checkedTls as checkedByWeb } from '../../src/platform/web-tls.ts';
import { createAuthority } from './authority.ts';

const authority = createAuthority();
const { cert, key } = authority.issue();
const checked = (tls: unknown) => checkedTls(tls as TlsOptions, 'tls', 'https://host');
const bytes = (text: string) => new TextEncoder().encode(text);
const lines = (text: string) => text.trim().split('\n');

describe('certificates', () => {
  it('may be strings or bytes, alone or several, with other text around them', () => {
    const { cert: second } = createAuthority();
    for (const ca of [
      authority.cert + second,
      `subject=CN\n${authority.cert}issuer=CN\n${second}`,
      bytes(`\ufeff${authority.cert}${second}`),
      [authority.cert, second],
      [bytes(authority.cert), Buffer.from(second)],
      `${key}${authority.cert}${key}${second}`,
      (authority.cert + second).replaceAll('\n', '\r\n'),
    ]) {
      const texts = checked({ ca }).ca?.map((text) =>
        lines(text.replaceAll('\r', '')).filter((line) => !/=CN/.test(line)),
      );
      assert.deepEqual(texts, [lines(authority.cert), lines(second)]);
    }
  });

  it('of the client require their key, in any form', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const sec1 = createPrivateKey(key).export({ type: 'sec1', format: 'pem' }) as string;
    for (const form of [key, bytes(key), sec1, cert + key, key.replaceAll('\n', '\r\n')]) {
      const found = checked({ cert: cert + authority.cert, key: form });
      assert.deepEqual(lines(found.cert as string), lines(cert + authority.cert));
      assert.match(found.key as string, /^-----BEGIN (EC )?PRIVATE KEY-----/);
    }
    assert.throws(() => checked({ cert, key: rsa.export({ type: 'pkcs1', format: 'pem' }) }), /does not belong/);
  });

  it('that are not set are omitted', () => {
    assert.deepEqual(checked({}), {});
    assert.deepEqual(checked({ ca: undefined, cert: undefined, key: undefined }), {});
  });
});

describe('invalid settings throw an error that names them', () => {
  const encrypted = createPrivateKey(key).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 's3cret',
  });
  const cases: [what: string, tls: unknown, message: RegExp | string][] = [
    ['no object', '-----BEGIN', 'tls: an object with ca, cert and key is required'],
    ['a list', [], 'tls: an object with ca, cert and key is required'],
    ['an unknown member', { passphrase: 'x' }, 'tls.passphrase: unknown option; known options are ca, cert, key'],
    ['a path', { ca: '/etc/ca.pem' }, 'tls.ca: it contains no -----BEGIN CERTIFICATE-----'],
    ['an empty text', { ca: '' }, 'tls.ca: it contains no -----BEGIN CERTIFICATE-----'],
    ['an empty list', { ca: [] }, 'tls.ca: a certificate is required'],
    ['an empty one among others', { ca: [authority.cert, ''] }, /^tls\.ca: it contains no/],
    ['a key for a certificate', { ca: key }, 'tls.ca: it contains no -----BEGIN CERTIFICATE-----'],
    ['DER', { ca: Buffer.from(lines(cert).slice(1, -1).join(''), 'base64') }, /^tls\.ca: it contains no/],
    ['a number', { ca: 5 }, 'tls.ca: PEM is required, as a string or a Uint8Array'],
    ['null', { cert: null, key }, 'tls.cert: PEM is required, as a string or a Uint8Array'],
    ['one that breaks off', { ca: authority.cert.slice(0, 200) }, 'tls.ca: certificate 1 of 1 cannot be read'],
    [
      'a second one that is broken',
      { ca: `${authority.cert}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n` },
      'tls.ca: certificate 2 of 2 cannot be read',
    ],
    ['a certificate without a key', { cert }, 'tls.cert: the key that belongs to it is missing'],
    ['a key without a certificate', { key }, 'tls.key: the certificate that belongs to it is missing'],
    ['no key', { cert, key: cert }, 'tls.key: it contains no -----BEGIN PRIVATE KEY-----'],
    ['a broken key', { cert, key: key.replace(/\n.{20}/, '\n') }, 'tls.key: the key cannot be read'],
    ['an encrypted key', { cert, key: encrypted }, 'tls.key: an unencrypted key is required'],
    ['another’s key', { cert, key: authority.key }, 'tls.key: the key does not belong to the certificate'],
  ];
  for (const [what, tls, message] of cases) {
    it(what, () => {
      assert.throws(() => checked(tls), { name: 'TypeError', message });
    });
  }

  it('by the given name', () => {
    const names = { ca: 'OTEL_A="/a.pem"' };
    assert.throws(
      () => checkedTls({ ca: '', key }, 'tls', 'https://host', names),
      /^TypeError: OTEL_A="\/a\.pem": it contains/,
    );
    assert.throws(() => checkedTls({ key }, 'tls', 'https://host', names), /^TypeError: tls\.key: /);
  });

  it('if nothing would use them', () => {
    const use = (user: string | object) => checkedTls({ ca: authority.cert }, 'tls', user);
    assert.throws(() => use('http://host'), /^TypeError: tls: an https:\/\/ URL is required/);
    assert.throws(() => use(() => {}), /^TypeError: tls: a custom fetch makes its own connections/);
    assert.doesNotThrow(() => use('HTTPS://host'));
  });
});

it('a runtime without TLS settings refuses all of them', () => {
  assert.throws(() => checkedByWeb({}, 'tls'), {
    name: 'TypeError',
    message: 'tls: this runtime has no TLS settings',
  });
});
