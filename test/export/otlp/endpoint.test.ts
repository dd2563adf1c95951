import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type EndpointOptions, isPlaintext, tracesEndpoint } from '../../../src/export/otlp/endpoint.ts';

const urlOf = (value: string, options: EndpointOptions = {}) => tracesEndpoint('otlpEndpoint', value, options);

describe('an endpoint', () => {
  it('gets the path of traces, once', () => {
    const urls: [given: string, url: string][] = [
      ['http://localhost:4318', 'http://localhost:4318/v1/traces'],
      ['http://localhost:4318/', 'http://localhost:4318/v1/traces'],
      ['http://localhost:4318//', 'http://localhost:4318/v1/traces'],
      ['http://localhost:4318/v1/traces', 'http://localhost:4318/v1/traces'],
      ['http://localhost:4318/v1/traces/', 'http://localhost:4318/v1/traces'],
      ['https://host/otlp', 'https://host/otlp/v1/traces'],
      ['https://host/otlp/', 'https://host/otlp/v1/traces'],
      ['https://host/otlp/v1/traces', 'https://host/otlp/v1/traces'],
      ['https://host/otlp/v1/traces//', 'https://host/otlp/v1/traces'],
      ['https://host/v1/traces/otlp', 'https://host/v1/traces/otlp/v1/traces'],
      ['https://host/otlp?key=a%20b', 'https://host/otlp/v1/traces?key=a%20b'],
      ['HTTPS://Host', 'https://host/v1/traces'],
    ];
    for (const [given, url] of urls) assert.equal(urlOf(given), url);
  });

  it('that is complete is used as it is', () => {
    const isComplete = true;
    for (const url of ['https://host/path', 'https://host/path/', 'http://host:4318/v1/traces', 'https://host/?a=b']) {
      assert.equal(urlOf(url, { isComplete }), url);
    }
    assert.equal(urlOf('http://host:4318', { isComplete }), 'http://host:4318/');
    assert.equal(urlOf('host:4318/path', { isComplete }), 'http://host:4318/path');
  });

  it('may be a bare host and port, which means plaintext', () => {
    assert.equal(urlOf('localhost:4318'), 'http://localhost:4318/v1/traces');
    assert.equal(urlOf('collector:4318/otlp'), 'http://collector:4318/otlp/v1/traces');
    assert.equal(urlOf('collector'), 'http://collector/v1/traces');
    assert.equal(urlOf('10.0.0.1:4318'), 'http://10.0.0.1:4318/v1/traces');
    assert.equal(urlOf('[::1]:4318'), 'http://[::1]:4318/v1/traces');
    assert.equal(urlOf('http://[2001:db8::1]:4318'), 'http://[2001:db8::1]:4318/v1/traces');
  });

  it('that is bare means TLS on port 443, or if plaintext is ruled out', () => {
    assert.equal(urlOf('collector:443'), 'https://collector/v1/traces');
    assert.equal(urlOf('collector:443/otlp'), 'https://collector/otlp/v1/traces');
    assert.equal(urlOf('[::1]:443'), 'https://[::1]/v1/traces');
    assert.equal(urlOf('collector:4430'), 'http://collector:4430/v1/traces');
    assert.equal(urlOf('collector:4318/a:443'), 'http://collector:4318/a:443/v1/traces');
    assert.equal(urlOf('collector:4318', { insecure: false }), 'https://collector:4318/v1/traces');
    assert.equal(urlOf('http://collector:4318', { insecure: false }), 'http://collector:4318/v1/traces');
  });

  it('on port 4317 without a path means gRPC, and the error names the alternative', () => {
    for (const value of ['localhost:4317', 'http://localhost:4317', 'https://host:4317/', '[::1]:4317']) {
      for (const isComplete of [false, true]) {
        assert.throws(() => urlOf(value, { isComplete }), {
          name: 'Error',
          message: `otlpEndpoint: ${JSON.stringify(value)} is for OTLP over gRPC, which this runtime does not support; use OTLP over HTTP, port 4318`,
        });
      }
      assert.match(urlOf(value, { isHttp: true }), /:4317\/v1\/traces$/);
    }
    assert.equal(urlOf('http://localhost:4317/v1/traces'), 'http://localhost:4317/v1/traces');
  });

  it('must not contain credentials, and they are not shown', () => {
    for (const value of ['https://user:s3cret@host', 'http://s3cret@host:4317', 'user:s3cret@host:4318']) {
      assert.throws(
        () => urlOf(value),
        (error: Error) => {
          assert.match(error.message, /^otlpEndpoint: credentials in a URL .*OTEL_EXPORTER_OTLP_HEADERS/);
          assert.doesNotMatch(error.message, /s3cret/);
          return error instanceof TypeError;
        },
      );
    }
  });

  it('that is invalid is shown, without a possible password', () => {
    const none = [
      '',
      ' ',
      'http://',
      'ftp://host',
      'host:port',
      'host:99999',
      '::1:4318',
      'http://a b',
      'grpc://h:4317',
      '/path',
      'http:///path',
    ];
    for (const value of none) {
      assert.throws(() => urlOf(value), {
        name: 'TypeError',
        message: `otlpEndpoint: ${JSON.stringify(value)} is neither a URL like http://host:4318 nor host:port`,
      });
    }
    assert.throws(
      () => urlOf('ftp://user:s3cret@host'),
      (error: Error) => !error.message.includes('s3cret') && error.message.includes('host'),
    );
  });

  it('says whether requests are sent unencrypted to another host', () => {
    for (const value of [
      'http://host:4318',
      'host:4318',
      '10.0.0.1:4318',
      'http://localhost.example',
      '127.example:1',
    ]) {
      assert.equal(isPlaintext(urlOf(value)), true, value);
    }
    for (const value of [
      'https://host',
      'host:443',
      'localhost:4318',
      'http://127.0.0.1:4318',
      '127.1.2.3',
      '[::1]:4318',
    ]) {
      assert.equal(isPlaintext(urlOf(value)), false, value);
    }
  });
});
