import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { diagnosticLog } from '../export/diagnostic-log.ts';
import { Application } from './application.ts';
import { skipWithout } from './backend.ts';
import { type Collector, startCollector } from './collector.ts';
import { PROTOCOLS } from './protocol.ts';

const skip = skipWithout('collector');
const SPANS_A_TICK = 20;

describe('50,000 spans as fast as they end', { skip }, () => {
  for (const protocol of PROTOCOLS) {
    test(`over ${protocol}: each arrives exactly once`, async (t) => {
      const log = diagnosticLog(t);
      const application = new Application(protocol, await started(t));
      for (let round = 0; round < 50; round++) {
        application.end(1_000);
        // Let the event loop turn, as in an application.
        await new Promise((resolve) => setImmediate(resolve));
      }
      const { stats, missing, repeated } = await application.account();
      assert.deepEqual([stats.acknowledged, missing, repeated, log], [50_000, 0, 0, []]);
    });
  }
});

describe('a Collector that is stopped under load', { skip }, () => {
  for (const protocol of PROTOCOLS) {
    test(`over ${protocol}: for less than the request timeout, loses no span and sends none twice`, async (t) => {
      const log = diagnosticLog(t);
      const collector = await started(t);
      const application = new Application(protocol, collector, {}, { maxExportBatchSize: 100 });
      application.load(SPANS_A_TICK);
      await application.until(({ acknowledged }) => acknowledged > 500);
      collector.signal('SIGSTOP');
      await application.until(({ pending }) => pending > 1_500);
      collector.signal('SIGCONT');
      await application.until(({ pending }) => pending < 1_000);
      await application.idle();
      const { stats, missing, repeated } = await application.account();
      assert.deepEqual([stats.acknowledged, missing, repeated, log], [stats.ended, 0, 0, []]);
    });

    test(`over ${protocol}: for longer, loses no span`, async (t) => {
      const log = diagnosticLog(t);
      const collector = await started(t);
      const application = new Application(protocol, collector, { timeoutMillis: 300 }, { maxExportBatchSize: 100 });
      application.load(SPANS_A_TICK);
      await application.until(({ acknowledged }) => acknowledged > 500);
      collector.signal('SIGSTOP');
      await application.until(() => log.some(({ code }) => code === 'export_delayed'));
      const { pending: held } = application.processor.stats();
      await application.until(({ pending }) => pending > held + 500);
      collector.signal('SIGCONT');
      await application.until(({ pending }) => pending < 1_000);
      await application.idle();
      const { stats, missing } = await application.account();
      assert.deepEqual([missing, stats.dropped], [0, {}], JSON.stringify(stats));
    });
  }
});

describe('a Collector that restarts under load', { skip }, () => {
  for (const protocol of PROTOCOLS) {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      test(`over ${protocol}: loses no span when ended by ${signal}`, async (t) => {
        diagnosticLog(t);
        const collector = await started(t);
        const application = new Application(protocol, collector, {}, { maxExportBatchSize: 100 });
        application.load(SPANS_A_TICK);
        for (const goal of [500, 2_000]) {
          await application.until(({ acknowledged }) => acknowledged > goal);
          await collector.end(signal);
          await application.until(({ pending }) => pending > 500);
          await collector.start();
        }
        await application.until(({ pending }) => pending < 500);
        await application.idle();
        const { stats, missing } = await application.account();
        assert.deepEqual([missing, stats.dropped], [0, {}], JSON.stringify(stats));
      });
    }
  }
});

async function started(t: TestContext): Promise<Collector> {
  const collector = await startCollector();
  t.after(() => collector.remove());
  return collector;
}
