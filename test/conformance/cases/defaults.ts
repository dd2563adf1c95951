import { defaultConfig, initialize, startSpan, withSpan } from '@realtime-ai/trace';
import { defineCase, shutDown } from '../case.ts';
import { expectEqual, expectTrue } from '../expectation.ts';

export default defineCase({
  title: '`initialize` without settings prints traces',
  spans: 0,
  // Variables that may not be read count as unset.
  variables: (endpoint, canBeRead): Record<string, string> =>
    canBeRead ? {} : { TRACE_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: 'unread' },
  async run() {
    initialize({ quiet: true });
    withSpan('printed', () => startSpan('printed below').end());
    await shutDown();
    return defaultConfig();
  },
  check({ facts, output }) {
    const { serviceName, exporterType, otlpEndpoint, samplingRate } = facts;
    expectEqual(
      [serviceName, exporterType, otlpEndpoint, samplingRate],
      ['realtime-ai', 'stdout', 'http://localhost:4318', 1],
      'the default settings',
    );
    // In pages, this is a console group, with style codes in front.
    const printed = /\btrace [0-9a-f]{32} {2}realtime-ai .* 2 spans\n +0.*\n *printed .*\n *└─ printed below /;
    expectTrue(printed.test(output), `no trace was printed, but: ${output}`);
  },
});
