import { Authorities } from '../../test/export/faults/authorities.ts';
import type { Scenario } from '../scenario.ts';

const SPANS_A_SECOND = 2_000;

export const secure: Scenario = {
  name: 'secure',
  what: 'TLS; the certificate expires and is renewed, at 2,000 spans/s',
  share: 0.1,
  async run(stage, seconds) {
    const authorities = new Authorities();
    try {
      const server = await stage.server({ certificate: 'right', checkEvery: 10 });
      const producer = await stage.producer({ url: server.url }, authorities.variables);
      await stage.warm(producer, SPANS_A_SECOND, 0.4 * seconds);
      for (const certificate of ['expired', 'right'] as const) {
        await server.show(certificate);
        await server.close();
        await server.listen();
        await stage.wait(0.3 * seconds);
      }
      await stage.conclude(server, producer, { dropped: ['queue_full'], again: true });
    } finally {
      authorities.remove();
    }
  },
};
