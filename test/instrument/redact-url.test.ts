import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { recordableUrl, redactQuery, redactUrl } from '../../src/instrument/redact-url.ts';

describe('a recorded URL', () => {
  it('keeps everything that is not secret unchanged', () => {
    const url = 'https://api.example:8443/v1/chat%20x?model=gpt&stream=true&keyboard=de&a=b=c&&flag';
    assert.equal(redactUrl(url), url);
  });

  it('has neither user nor password', () => {
    assert.equal(redactUrl('https://me:pa:ss@host/p?q=1'), 'https://REDACTED:REDACTED@host/p?q=1');
    assert.equal(redactUrl('wss://me@host'), 'wss://REDACTED:REDACTED@host');
    assert.equal(redactUrl('https://a@b@host/@x'), 'https://REDACTED:REDACTED@host/@x');
    assert.equal(redactUrl('https://host/a@b'), 'https://host/a@b');
  });

  it('has no values of parameters whose names suggest a secret', () => {
    for (const name of [
      'key',
      'api_key',
      'apikey',
      'api-key',
      'xi-api-key',
      'access_token',
      'id_token',
      'private_key',
      'authkey',
      'passphrase',
      'bearer',
      'assertion',
      'SAMLResponse',
      'ticket',
      'hmac',
      'connect.sid',
      'pin',
      'token',
      'client_secret',
      'password',
      'authorization',
      'code',
      'sig',
      'Signature',
      'AWSAccessKeyId',
      'X-Amz-Signature',
      'X-Amz-Credential',
      'X-Amz-Security-Token',
      'X-Goog-Signature',
      'session_id',
      'jwt',
      'api%5Fkey',
    ]) {
      assert.equal(redactUrl(`https://host/p?a=1&${name}=s3cret&b=2`), `https://host/p?a=1&${name}=REDACTED&b=2`);
    }
  });

  it('has none of them after a semicolon', () => {
    assert.equal(redactUrl('https://host/p?a=1;token=s3cret;b=2&c'), 'https://host/p?a=1;token=REDACTED;b=2&c');
  });

  it('has no fragment, which may contain tokens', () => {
    assert.equal(redactUrl('https://host/p?a=1#access_token=s3cret'), 'https://host/p?a=1');
    assert.equal(redactUrl('https://host/p#access_token=s3cret'), 'https://host/p');
  });

  it('is truncated if it is long, and still hides secrets', () => {
    const shown = redactUrl(`https://me:s3cret@host/p?token=s3cret&a=${'x'.repeat(1_000_000)}&token=s3cret`);
    assert.ok(shown.length <= 4_200, `${shown.length} characters`);
    assert.doesNotMatch(shown, /s3cret/);
    assert.match(shown, /^https:\/\/REDACTED:REDACTED@host\/p\?token=REDACTED/);
  });

  it('never shows a secret, whatever surrounds it', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        const url = `https://host/${encodeURIComponent(before)}?${before.replaceAll('#', '')}&token=s3cret&${after}`;
        assert.doesNotMatch(redactUrl(url), /s3cret/);
      }),
    );
  });

  it('is the result of the user’s own function, or omitted if that throws', () => {
    assert.equal(
      recordableUrl('https://host/users/7', (url) => url.replace(/\d+/, ':id')),
      'https://host/users/:id',
    );
    assert.equal(
      recordableUrl('https://host', () => {
        throw new Error('no');
      }),
      undefined,
    );
  });

  it('reads malformed escapes literally', () => {
    assert.equal(redactQuery('%zz=1&%E0%A4=2&token%=x'), '%zz=1&%E0%A4=2&token%=REDACTED');
  });
});
