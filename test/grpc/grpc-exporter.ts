import type { TestContext } from 'node:test';
import { BatchSpanProcessor } from '../../src/export/batch.ts';
import type { BatchSpanProcessorOptions } from '../../src/export/batch-options.ts';
import { OtlpGrpcExporter, type OtlpGrpcExporterOptions } from '../../src/grpc/exporter.ts';
import { type EndSpans, endedSpansInto } from '../export/ended-spans.ts';
import { type Behaviour, type FrameServer, startFrameServer } from './frame-server.ts';

/** A processor with an exporter over gRPC, and what ends spans that go to it. */
export interface Exporting {
  readonly processor: BatchSpanProcessor;
  readonly end: EndSpans;
}

/** Starts one that ends with its test. */
export function exporting(
  t: TestContext,
  options: OtlpGrpcExporterOptions,
  batch?: BatchSpanProcessorOptions,
): Exporting {
  const processor = new BatchSpanProcessor(new OtlpGrpcExporter(options), batch);
  t.after(() => processor.shutdown({ timeoutMillis: 1 }));
  return { processor, end: endedSpansInto(processor) };
}

/** Starts a server that ends with its test. */
export async function serving(
  t: TestContext,
  behave?: Behaviour | ((connection: number) => Behaviour),
  options?: Parameters<typeof startFrameServer>[1],
): Promise<FrameServer> {
  const server = await startFrameServer(behave, options);
  t.after(() => server.close());
  return server;
}
