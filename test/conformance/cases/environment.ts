import { initialize, startSpan } from '@realtime-ai/trace';
import { defineCase, shutDown } from '../case.ts';
import { expectEqual } from '../expectation.ts';

export default defineCase({
  title: '`initialize` with environment variables',
  needs: ['environment'],
  spans: 1,
  variables: (endpoint) => ({
    TRACE_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=a%20b',
    OTEL_SERVICE_NAME: 'conformance',
    OTEL_RESOURCE_ATTRIBUTES: 'team=voice',
    ENVIRONMENT: 'test',
    // The equivalent of `quiet` in code.
    OTEL_LOG_LEVEL: 'warn',
  }),
  async run() {
    initialize();
    startSpan('configured').end();
    await shutDown();
  },
  check({ requests: [{ headers }], spans: [{ resource }] }) {
    expectEqual(
      ['service.name', 'deployment.environment.name', 'team'].map((key) => resource.attributes[key]),
      ['conformance', 'test', 'voice'],
      'the resource',
    );
    expectEqual(headers['x-tenant'], 'a b', 'the header');
  },
});
