import { startSpan } from '@realtime-ai/trace';
import { defineCase, shutDown } from '../case.ts';
import { expectThrows } from '../expectation.ts';

export default defineCase({
  title: 'Port 4317 selects gRPC, or an error suggests 4318',
  spans: 1,
  async run({ initialize, has }) {
    if (has('HTTP/2')) {
      initialize({ otlpEndpoint: 'localhost:4317' });
      await shutDown();
    } else {
      expectThrows(() => initialize({ otlpEndpoint: 'localhost:4317' }), 'use OTLP over HTTP, port 4318');
      expectThrows(() => initialize({ otlpProtocol: 'grpc' }), 'port 4318');
    }
    initialize();
    startSpan('over HTTP').end();
    await shutDown();
  },
  check() {},
});
