import type { Scenario } from '../scenario.ts';

const SPANS_A_SECOND = 5_000;

export const slowCollector: Scenario = {
  name: 'slow collector',
  what: 'the collector takes up to two seconds to respond, at 5,000 spans/s',
  share: 0.1,
  async run(stage, seconds) {
    const server = await stage.server({ checkEvery: 5 });
    const producer = await stage.producer({ url: server.url });
    await stage.warm(producer, SPANS_A_SECOND, 1);
    for (let left = seconds - 1; left > 0; left--) {
      await server.turn({ kind: 'answer', delayMillis: stage.random.between(500, 2_000) });
      await stage.wait(1);
    }
    await stage.conclude(server, producer);
    const { peakConcurrency } = await server.report();
    stage.require(peakConcurrency === 1, `${peakConcurrency} requests at the same time`);
  },
};
