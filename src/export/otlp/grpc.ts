import { loadGrpc } from '#platform';
import { messageOf } from '../../core/exception.ts';
import type { BatchingExporter, ExportOutcome, SpanBatch } from '../exporter.ts';
import type { OtlpHttpExporterOptions } from './http.ts';
import { ProtobufEncoding } from './protobuf-encoding.ts';

/** The default endpoint of OTLP over gRPC. */
export const GRPC_ENDPOINT = 'http://localhost:4317';
/** The most bytes in one request. gRPC servers commonly refuse more than 4 MiB. */
export const GRPC_REQUEST_BYTES = 3 * 1024 * 1024;

// The pause before the exporter is loaded again after a failure.
const RETRY_MILLIS = 1_000;

/** The module that contains the gRPC exporter. */
export interface GrpcModule {
  readonly OtlpGrpcExporter: new (options: OtlpHttpExporterOptions) => BatchingExporter;
}

/** A gRPC exporter that loads its implementation with the first request. It accepts spans before that, too. */
export class OnDemandGrpcExporter implements BatchingExporter {
  readonly url: string | undefined;
  readonly componentType = 'otlp_grpc_exporter';
  readonly maxRequestBytes = GRPC_REQUEST_BYTES;
  readonly isUntraced = true;
  private readonly _options: OtlpHttpExporterOptions;
  private readonly _load: () => Promise<GrpcModule>;
  private _loaded: Promise<BatchingExporter> | undefined = undefined;
  /** Creates batches: an encoding of its own until the exporter is loaded. */
  private _source: Pick<BatchingExporter, 'createBatch'> = new ProtobufEncoding();

  constructor(options: OtlpHttpExporterOptions, load = loadGrpc) {
    this.url = options.url;
    this._options = options;
    this._load = load;
  }

  createBatch(): SpanBatch {
    return this._source.createBatch();
  }

  async send(batches: readonly SpanBatch[], signal: AbortSignal): Promise<ExportOutcome> {
    this._loaded ??= this._load().then(({ OtlpGrpcExporter }) => {
      const exporter = new OtlpGrpcExporter(this._options);
      this._source = exporter;
      return exporter;
    });
    let exporter: BatchingExporter;
    try {
      exporter = await this._loaded;
    } catch (error) {
      // The file may be back later, for example after a deployment.
      this._loaded = undefined;
      const why = `the gRPC exporter could not be loaded (${messageOf(error)})`;
      const dropped = batches.reduce((sum, { spanCount }) => sum + spanCount, 0);
      return { dropped, reason: 'unreachable', why, retryMillis: RETRY_MILLIS };
    }
    return exporter.send(batches, signal);
  }

  async shutdown(): Promise<void> {
    const exporter = await this._loaded?.catch(() => undefined);
    await exporter?.shutdown?.();
  }
}
