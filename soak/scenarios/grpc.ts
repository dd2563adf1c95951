import type { Scenario } from '../scenario.ts';

const SPANS_A_SECOND = 3_000;
const ROUND_SECONDS = 4;
const TIMEOUT_MILLIS = 1_000;

export const grpc: Scenario = {
  name: 'grpc',
  what: 'gRPC; the server restarts and pauses for longer than the request timeout, at 3,000 spans/s',
  share: 0.15,
  async run(stage, seconds) {
    const server = await stage.grpcServer();
    const exporter = { timeoutMillis: TIMEOUT_MILLIS };
    const producer = await stage.producer({ url: server.url, isGrpc: true, exporter });
    await stage.warm(producer, SPANS_A_SECOND, 1);
    for (let left = seconds - 1; left > 0; left -= ROUND_SECONDS) {
      await server.close();
      await stage.wait(0.5);
      await server.listen();
      await stage.wait(1);
      server.freeze();
      await stage.wait(1.5);
      server.thaw();
      await stage.wait(1);
    }
    // The paused server may have read a request that has already timed out.
    await stage.conclude(server, producer, { unknown: true, again: true });
    const { connections } = await server.report();
    stage.require(connections > 1, `only ${connections} connections`);
  },
};
