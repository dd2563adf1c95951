import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { diagnosticLog } from '../export/diagnostic-log.ts';
import { createAuthority, type Identity } from '../platform/authority.ts';
import { Application } from './application.ts';
import { skipWithout } from './backend.ts';
import { type Collector, type CollectorSettings, startCollector } from './collector.ts';
import { PROTOCOLS } from './protocol.ts';

const skip = skipWithout('collector');

describe('a Collector that requires a certificate', { skip }, () => {
  const authority = createAuthority();
  const server = authority.issue();
  const client = authority.issue();
  const ca = authority.cert;

  for (const protocol of PROTOCOLS) {
    for (const version of ['1.2', '1.3']) {
      test(`over ${protocol}: accepts spans with a certificate of its authority, with TLS ${version}`, async (t) => {
        const log = diagnosticLog(t);
        const collector = await started(t, mutual({ min_version: version, max_version: version }));
        const application = new Application(protocol, collector, { tls: { ca, ...client }, compression: 'gzip' });
        application.end(1_000);
        const { missing, repeated } = await application.account();
        assert.deepEqual([missing, repeated, log], [0, 0, []]);
      });
    }

    test(`over ${protocol}: refuses clients with no or an unknown certificate, and they know that nothing was sent`, async (t) => {
      const collector = await started(t, mutual());
      for (const tls of [{ ca }, { ca, ...createAuthority().issue() }, { ...client }]) {
        const log = diagnosticLog(t);
        const application = new Application(protocol, collector, { tls });
        application.end(10);
        await application.processor.shutdown({ timeoutMillis: 3_000 });
        const { dropped } = application.processor.stats();
        assert.deepEqual(dropped, { unreachable: 10 }, log.map(({ message }) => message).join());
      }
      assert.deepEqual(collector.spans(), []);
    });
  }

  function mutual(more: object = {}): (folder: string) => CollectorSettings {
    return (folder) => {
      const tls = { ...filesOf(folder, server), client_ca_file: join(folder, 'ca.pem'), ...more };
      writeFileSync(tls.client_ca_file, ca);
      return { grpc: { tls }, http: { tls } };
    };
  }

  function filesOf(folder: string, { cert, key }: Identity) {
    const files = { cert_file: join(folder, 'cert.pem'), key_file: join(folder, 'key.pem') };
    writeFileSync(files.cert_file, cert);
    writeFileSync(files.key_file, key);
    return files;
  }
});

describe('a Collector that requires a token', { skip }, () => {
  const asking = (token: string, scheme = 'Bearer'): CollectorSettings => {
    const auth = { authenticator: 'bearertokenauth' };
    return { grpc: { auth }, http: { auth }, extensions: { bearertokenauth: { scheme, token } } };
  };

  for (const protocol of PROTOCOLS) {
    test(`over ${protocol}: gets the current token from a function`, async (t) => {
      const log = diagnosticLog(t);
      const collector = await started(t, asking('first-token'));
      let token = 'first-token';
      const headers = async () => ({ authorization: `Bearer ${token}` });
      const application = new Application(protocol, collector, { headers });
      application.end(100);
      await application.settle();
      token = 'second-token';
      await collector.end();
      await collector.start(asking(token));
      application.end(100);
      const { missing, repeated } = await application.account();
      assert.deepEqual([missing, repeated, log], [0, 0, []]);
    });

    test(`over ${protocol}: accepts Basic credentials`, async (t) => {
      const log = diagnosticLog(t);
      const credentials = Buffer.from('user:password').toString('base64');
      const collector = await started(t, asking(credentials, 'Basic'));
      const application = new Application(protocol, collector, { headers: { authorization: `Basic ${credentials}` } });
      application.end(100);
      const { missing, repeated } = await application.account();
      assert.deepEqual([missing, repeated, log], [0, 0, []]);
    });

    test(`over ${protocol}: refuses a wrong token, and the diagnostic does not show it`, async (t) => {
      const log = diagnosticLog(t);
      const collector = await started(t, asking('right-token'));
      const application = new Application(protocol, collector, { headers: { authorization: 'Bearer wrong-token' } });
      application.end(10);
      const { stats } = await application.account();
      assert.deepEqual(stats.dropped, { refused: 10 });
      const said = log.map(({ code, message }) => `${code}: ${message}`).join('\n');
      assert.match(said, /401|UNAUTHENTICATED/, said);
      assert.doesNotMatch(said, /wrong-token/);
    });
  }
});

describe('a Collector that accepts only small requests', { skip }, () => {
  const MEBIBYTE = 1024 * 1024;
  const small = { grpc: { max_recv_msg_size_mib: 1 }, http: { max_request_body_size: MEBIBYTE } };

  for (const protocol of PROTOCOLS) {
    for (const compression of ['none', 'gzip'] as const) {
      test(`over ${protocol}${compression === 'gzip' ? ', compressed' : ''}: receives a backlog in parts, each span once`, async (t) => {
        const log = diagnosticLog(t);
        const collector = await started(t, small);
        const application = new Application(protocol, collector, { compression });
        // A batch of 512 is below the Collector's limit, and all of them together are above it.
        application.end(6_000, { text: 'x'.repeat(1_000) });
        const { stats, missing, repeated } = await application.account();
        assert.deepEqual([stats.acknowledged, missing, repeated, log], [6_000, 0, 0, []]);
      });
    }

    test(`over ${protocol}: does not receive a batch that is too large, and the diagnostic says what to do`, async (t) => {
      const log = diagnosticLog(t);
      const collector = await started(t, small);
      const application = new Application(protocol, collector);
      application.end(512, { text: 'x'.repeat(3_000) });
      await application.settle();
      application.end(10);
      const { stats } = await application.account();
      const { too_large: lost, ...others } = stats.dropped;
      // The remaining spans were in another batch.
      assert.ok(lost !== undefined && lost > 200, JSON.stringify(stats));
      assert.deepEqual([others, stats.acknowledged], [{}, stats.ended - lost]);
      assert.match(log.map(({ message }) => message).join(), /maxExportBatchSize/);
    });
  }
});

describe('a Collector that runs short of memory', { skip }, () => {
  const short = { processors: { memory_limiter: { check_interval: '10ms', limit_mib: 1 } } };

  for (const protocol of PROTOCOLS) {
    test(`over ${protocol}: receives what it refused once it has more memory`, async (t) => {
      diagnosticLog(t);
      const collector = await started(t, short);
      const application = new Application(protocol, collector);
      // The Collector checks its memory only now and then.
      await application.until(() => collector.log().includes('Refusing data'));
      application.end(1_000);
      await application.processor.forceFlush();
      assert.deepEqual([application.processor.stats().pending, collector.spans()], [1_000, []]);
      await collector.end();
      await collector.start({});
      const { stats, missing, repeated } = await application.account();
      assert.deepEqual([stats.acknowledged, missing, repeated], [1_000, 0, 0]);
    });
  }
});

describe('a Collector that closes connections', { skip }, () => {
  // For gRPC it announces this with GOAWAY. For HTTP it closes idle connections.
  const ages = { max_connection_age: '150ms', max_connection_age_grace: '2s' };
  const ending = {
    grpc: { keepalive: { server_parameters: ages } },
    http: { keepalive: { idle_timeout: '20ms' } },
  };

  for (const protocol of PROTOCOLS) {
    test(`over ${protocol}: receives each span once`, async (t) => {
      const log = diagnosticLog(t);
      const application = new Application(protocol, await started(t, ending), {}, { scheduledDelayMillis: 20 });
      application.load(5);
      await application.until(({ acknowledged }) => acknowledged > 1_000);
      await application.idle();
      const { stats, missing, repeated } = await application.account();
      assert.deepEqual([stats.acknowledged, missing, repeated, log], [stats.ended, 0, 0, []]);
    });
  }
});

describe('a Collector that reads small pieces, one request at a time', { skip }, () => {
  for (const protocol of PROTOCOLS.filter((name) => name === 'gRPC')) {
    test(`over ${protocol}: receives large requests`, async (t) => {
      const log = diagnosticLog(t);
      const collector = await started(t, { grpc: { read_buffer_size: 512, max_concurrent_streams: 1 } });
      const application = new Application(protocol, collector);
      application.end(20_000, { text: 'x'.repeat(500) });
      const { stats, missing, repeated } = await application.account();
      assert.deepEqual([stats.acknowledged, missing, repeated, log], [20_000, 0, 0, []]);
    });
  }
});

describe('a Collector that accepts only gzip', { skip }, () => {
  for (const protocol of PROTOCOLS.filter((name) => name !== 'gRPC')) {
    test(`over ${protocol}: accepts compressed requests, and reports that it refuses others`, async (t) => {
      const log = diagnosticLog(t);
      const collector = await started(t, { http: { compression_algorithms: ['gzip'] } });
      const compressing = new Application(protocol, collector, { compression: 'gzip' });
      compressing.end(100);
      const { missing, repeated } = await compressing.account();
      assert.deepEqual([missing, repeated, log], [0, 0, []]);
      const plain = new Application(protocol, collector);
      plain.end(10);
      await plain.settle();
      assert.deepEqual(plain.processor.stats().dropped, { refused: 10 });
      assert.match(log[0].message, /unsupported Content-Encoding/);
    });
  }
});

describe('a Collector for pages', { skip }, () => {
  const ORIGIN = 'https://app.example';
  const SENT = 'authorization,content-encoding,content-type';

  for (const protocol of PROTOCOLS.filter((name) => name !== 'gRPC')) {
    test(`over ${protocol}: accepts spans of a page that sends a token and compresses`, async (t) => {
      const log = diagnosticLog(t);
      const cors = { allowed_origins: [ORIGIN], allowed_headers: SENT.split(',') };
      const collector = await started(t, { http: { cors } });
      // The preflight request that a browser sends first.
      const preflight = await fetch(`http://${collector.httpAddress}/v1/traces`, {
        method: 'OPTIONS',
        headers: {
          origin: ORIGIN,
          'access-control-request-method': 'POST',
          'access-control-request-headers': SENT,
        },
      });
      const allowed = ['origin', 'methods', 'headers'].map((what) =>
        preflight.headers.get(`access-control-allow-${what}`),
      );
      assert.deepEqual(allowed, [ORIGIN, 'POST', SENT]);
      const headers = { origin: ORIGIN, authorization: 'Bearer token' };
      const application = new Application(protocol, collector, { compression: 'gzip', headers });
      application.end(100);
      const { missing, repeated } = await application.account();
      assert.deepEqual([missing, repeated, log], [0, 0, []]);
    });
  }
});

async function started(t: TestContext, settings: Parameters<typeof startCollector>[0]): Promise<Collector> {
  const collector = await startCollector(settings);
  t.after(() => collector.remove());
  return collector;
}
