import type { BatchingExporter, ExportOutcome, SpanBatch, TlsOptions } from '@realtime-ai/trace';
import { checkedTls, GRPC_ENDPOINT, GRPC_REQUEST_BYTES, numberOptions, OtlpExporter, tracesEndpoint } from '#main';
import { type GrpcHeaders, textHeaders } from './metadata.ts';
import { createTransport } from './transport.ts';

/** Settings of an {@link OtlpGrpcExporter}. */
export interface OtlpGrpcExporterOptions {
  /**
   * The address of the server: `http://host:port`, `https://host:port`, or `host:port`, which means `https://` for port
   * 443 and `http://` for all others. Default: `http://localhost:4317`.
   */
  url?: string;
  /**
   * Metadata of every request, or a function that returns it, called before each request, for example for tokens that
   * expire. A function that fails or exceeds `timeoutMillis` delays the request. A value whose name ends in `-bin` is
   * bytes, or a string to be encoded as UTF-8. Default: none.
   */
  headers?: GrpcHeaders | (() => GrpcHeaders | Promise<GrpcHeaders>);
  /** How long a request may take, in milliseconds. The server is told, too. Default: 10,000. */
  timeoutMillis?: number;
  /** Certificates and key for an `https://` URL. Default: what the runtime trusts, and no client certificate. */
  tls?: TlsOptions;
  /** The compression of requests. Default: `none`. */
  compression?: 'gzip' | 'none';
}

/**
 * Sends spans as OTLP over gRPC, on Node, Bun and Deno. Use it with a `BatchSpanProcessor`, which keeps spans that a
 * server cannot take now, or that get no answer, and sends them again. Requests have at most 3 MiB unless
 * `maxRequestBytes` says otherwise, since gRPC servers usually accept 4.
 *
 * Specification: OpenTelemetry Protocol, "OTLP/gRPC"; "gRPC over HTTP2".
 */
export class OtlpGrpcExporter implements BatchingExporter {
  /** Where requests go. */
  readonly url: string;
  readonly componentType = 'otlp_grpc_exporter';
  readonly maxRequestBytes = GRPC_REQUEST_BYTES;
  private readonly _exporter: OtlpExporter;

  /** @throws TypeError or RangeError naming the option, its value and what is allowed. */
  constructor(options: OtlpGrpcExporterOptions = {}) {
    const { url = GRPC_ENDPOINT, headers = {}, tls, compression } = options;
    const { timeoutMillis } = numberOptions({ timeoutMillis: 10_000 }, { timeoutMillis: options.timeoutMillis }, '', 1);
    const { origin, pathname, search } = new URL(tracesEndpoint('url', url, { isHttp: true, isComplete: true }));
    if (pathname + search !== '/') {
      throw new TypeError('url: gRPC has no paths; leave the path out, or use OTLP over HTTP');
    }
    const certificates = tls && checkedTls(tls, 'tls', origin);
    const transport = createTransport(origin, timeoutMillis, certificates);
    const asked = typeof headers === 'function' ? async () => textHeaders(await headers()) : textHeaders(headers);
    this.url = origin;
    this._exporter = new OtlpExporter(
      origin,
      { headers: asked, timeoutMillis, compression },
      transport,
      transport.close,
    );
  }

  createBatch(): SpanBatch {
    return this._exporter.createBatch();
  }

  send(batches: readonly SpanBatch[], signal: AbortSignal): Promise<ExportOutcome> {
    return this._exporter.send(batches as Parameters<OtlpExporter['send']>[0], signal);
  }

  /** Releases memory and the connection. */
  shutdown(): void {
    this._exporter.shutdown();
  }
}
