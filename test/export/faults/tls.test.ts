import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Authorities } from './authorities.ts';
import type { CertificateName } from './certificates.ts';
import { Producer } from './producer.ts';
import { faultTests } from './subject.ts';

const { servers } = faultTests();
const authorities = new Authorities();
let producer: Producer;

before(() => {
  producer = new Producer(authorities.variables);
});
after(async () => {
  await producer.close();
  authorities.remove();
});

describe('over TLS', () => {
  test('spans arrive', async () => {
    const server = await servers.start({ certificate: 'right' });
    await producer.start({ url: server.url });
    await producer.end(5);
    assert.equal((await producer.settle()).acknowledged, 5);
    assert.equal((await server.report()).received, 5);
  });

  for (const certificate of ['wrong name', 'expired', 'self-signed'] satisfies CertificateName[]) {
    test(`no span and no header is sent to a server with a bad certificate (${certificate}), and none is lost`, async () => {
      const server = await servers.start({ certificate });
      await producer.start({ url: server.url });
      for (const pending of [5, 10]) {
        await producer.end(5);
        const stats = await producer.flush();
        assert.deepEqual([stats.pending, stats.unknown, stats.dropped], [pending, 0, {}]);
      }
      const { requestSpans, problems } = await server.report();
      assert.deepEqual([requestSpans, problems], [[], []]);
      await server.show('right');
      await producer.end(5);
      const { acknowledged, unknown, dropped } = await producer.settle();
      assert.deepEqual([acknowledged, unknown, dropped], [15, 0, {}]);
      const { received, total } = await server.report();
      assert.deepEqual([received, total], [15, 15]);
    });
  }

  test('a server that breaks the connection during a request loses no span', async () => {
    const server = await servers.start({ certificate: 'right' });
    await producer.start({ url: server.url });
    await producer.end(5);
    await producer.flush();
    for (const at of ['connection', 'half', 'request', 'head'] as const) {
      await server.turn({ kind: 'break', at });
      await producer.end(5);
      const { unknown, dropped } = await producer.flush();
      assert.deepEqual([unknown, dropped], [0, {}]);
    }
    await server.recover();
    assert.equal((await producer.settle()).acknowledged, 25);
    const { received, repeated } = await server.report();
    assert.deepEqual([received, repeated], [25, 0]);
  });

  test('nothing went wrong in the sending process', async () => {
    assert.deepEqual((await producer.measure()).problems, []);
  });
});
