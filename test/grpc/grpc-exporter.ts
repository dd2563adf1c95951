import type { TestContext } from 'node:test';
import { BatchSpanProcessor } from '../../src/export/batch.ts';
import type { BatchSpanProcessorOptions } from '../../src/export/batch-options.ts';
import { OtlpGrpcExporter, type OtlpGrpcExporterOptions } from '../../src/grpc/exporter.ts';
import { type EndSpans, endedSpansInto } from '../export/ended-spans.ts';
import { type Behaviour, type FrameServer, startFrameServer } from './frame-server.ts';

/** A processor with a gRPC exporter, and a function that ends spans that go to it. */
export interface Exporting {
  readonly processor: BatchSpanProcessor;
  readonly end: EndSpans;
}

/** Creates one that is shut down after its test. */
export function exporting(
  t: TestContext,
  options: OtlpGrpcExporterOptions,
  batch?: BatchSpanProcessorOptions,
): Exporting {
  const processor = new BatchSpanProcessor(new OtlpGrpcExporter(options), batch);
  t.after(() => processor.shutdown({ timeoutMillis: 1 }));
  return { processor, end: endedSpansInto(processor) };
}

/** Starts a server that is closed after its test. */
export async function serving(
  t: TestContext,
  behave?: Behaviour | ((connection: number) => Behaviour),
  options?: Parameters<typeof startFrameServer>[1],
): Promise<FrameServer> {
  const server = await startFrameServer(behave, options);
  t.after(() => server.close());
  return server;
}
