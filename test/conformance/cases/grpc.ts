import { BATCHED_SPANS, checkBatches, sendBatches } from '../batches.ts';
import { defineCase } from '../case.ts';

export default defineCase({
  title: 'Batches over gRPC',
  needs: ['HTTP/2'],
  spans: BATCHED_SPANS,
  run: (surroundings) =>
    sendBatches(surroundings, {
      otlpEndpoint: surroundings.grpcEndpoint,
      otlpProtocol: 'grpc',
      otlpCompression: 'gzip',
      otlpHeaders: { authorization: 'Bearer a=b' },
    }),
  check: (aftermath) => checkBatches(aftermath, { authorization: 'Bearer a=b' }),
});
