import type { Scenario } from '../scenario.ts';

const SPANS_A_SECOND = 5_000;
const AWAY_SECONDS = 0.3;

export const restarts: Scenario = {
  name: 'restarts',
  what: 'the collector restarts every two seconds, at 5,000 spans/s',
  share: 0.2,
  async run(stage, seconds) {
    const server = await stage.server({ checkEvery: 20 });
    const producer = await stage.producer({ url: server.url });
    await stage.warm(producer, SPANS_A_SECOND, 2);
    for (let left = seconds - 2; left > 0; left -= 2) {
      await server.close();
      await stage.wait(AWAY_SECONDS);
      await server.listen();
      await stage.wait(2 - AWAY_SECONDS);
    }
    const { ended } = await stage.conclude(server, producer, { again: true });
    stage.require(ended > (seconds * SPANS_A_SECOND) / 2, `only ${ended} spans, less than half of the load`);
    const { peakConcurrency } = await server.report();
    stage.require(peakConcurrency === 1, `${peakConcurrency} requests at the same time`);
  },
};
