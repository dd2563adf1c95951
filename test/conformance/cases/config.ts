import { defaultConfig, initialize as initializeAgain, startSpan } from '@realtime-ai/trace';
import { defineCase, shutDown } from '../case.ts';
import { expectEqual, expectThrows } from '../expectation.ts';

export default defineCase({
  title: '`initialize` with settings in code',
  spans: 1,
  async run({ initialize }) {
    expectThrows(() => initialize({ samplingRate: 2 }), 'samplingRate: 2 is not a number from 0 to 1');
    initialize({
      serviceName: 'conformance',
      serviceVersion: '2.3.4',
      environment: 'test',
      resourceAttributes: { 'cloud.region': 'europe-west4', shards: 3 },
      otlpHeaders: { authorization: 'Bearer a=b' },
      samplingRate: 1,
    });
    expectThrows(() => initializeAgain(), 'already initialized');
    startSpan('configured').end();
    await shutDown();
    return defaultConfig().serviceName;
  },
  check({ facts, requests: [{ headers }], spans: [{ resource }] }) {
    expectEqual(facts, 'realtime-ai', 'the default is as it was');
    const { attributes } = resource;
    expectEqual(
      ['service.name', 'service.version', 'deployment.environment.name', 'cloud.region', 'shards'].map(
        (key) => attributes[key],
      ),
      ['conformance', '2.3.4', 'test', 'europe-west4', 3n],
      'the resource',
    );
    expectEqual(headers.authorization, 'Bearer a=b', 'the header');
  },
});
