import type { Scenario } from '../scenario.ts';

const SPANS = 1_000;
const MAX_PERCENT = 10;

export const idle: Scenario = {
  name: 'idle',
  what: 'the collector is down or busy, and the application is idle',
  share: 0.05,
  async run(stage, seconds) {
    const server = await stage.server();
    const producer = await stage.producer({ url: server.url });
    await producer.end(SPANS);
    await producer.settle();
    const spent: number[] = [];
    const during = async (pass: () => Promise<void>) => {
      await producer.end(SPANS);
      await producer.flush();
      const before = await producer.cpuMillis();
      await pass();
      spent.push(((await producer.cpuMillis()) - before) / (5 * seconds));
    };
    await server.close();
    await during(() => stage.wait(seconds / 2));
    await server.listen();
    await producer.settle();
    const { length: before } = (await server.report()).requestSpans;
    await server.turn({ kind: 'answer', status: 503 });
    await during(() => stage.wait(seconds / 2));
    const { length: after } = (await server.report()).requestSpans;
    // The first attempt is immediate. Later ones follow after pauses of at least 0.8 seconds.
    stage.require(after - before < 3 + seconds, `${after - before} attempts in ${seconds / 2} seconds`);
    for (const percent of spent) stage.require(percent < MAX_PERCENT, `${percent.toFixed(1)} % of a CPU while idle`);
    stage.notes.push(`CPU: ${spent.map((percent) => `${percent.toFixed(1)} %`).join(' and ')}`);
    await stage.conclude(server, producer);
  },
};
