import type { TlsOptions } from 'node:tls';
import {
  type Deadline,
  Metadata,
  Server,
  ServerCredentials,
  type ServerOptions,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import {
  type DecodedRequest,
  type DecodedSpan,
  decodeRequest,
  encodeResponse,
  flatten,
  type PartialSuccess,
} from './otlp.ts';

/** How a test's collector behaves. */
export interface GrpcCollectorOptions {
  /** Default: a free one. Set it to come back after {@link GrpcCollector.close}. */
  port?: number;
  /** What it shows and asks for over TLS. Default: it speaks plain text. */
  tls?: Pick<TlsOptions, 'ca' | 'cert' | 'key' | 'requestCert'>;
  /** Settings of `@grpc/grpc-js`: `grpc.max_receive_message_length`, … */
  options?: ServerOptions;
  /** Is handed the content of every request, and the client's address, in place of all that is recorded and decoded. */
  take?: (content: Uint8Array, peer: string) => void;
  /** The answer to a request, called once it is received. What is left out, or `undefined` for all of it, is success. */
  answer?: (request: GrpcRequest) => GrpcAnswer | undefined | Promise<GrpcAnswer | undefined>;
}

/** An answer that differs from the usual one. */
export interface GrpcAnswer {
  /** A status by its number; `OK` is 0. */
  code?: number;
  details?: string;
  trailers?: Readonly<Record<string, string | Buffer>>;
  partialSuccess?: PartialSuccess;
}

/** A request as it arrived. */
export interface GrpcRequest {
  /** 0 for the first to arrive. */
  readonly index: number;
  /** What `@grpc/grpc-js` makes of the headers: of text strings, of `-bin` buffers. */
  readonly metadata: Record<string, string | Buffer>;
  /** When the client gives up. */
  readonly deadline: Deadline;
  /** The port of the client's connection. */
  readonly peer: string;
  /** Uncompressed. */
  readonly content: Uint8Array;
  readonly message: DecodedRequest;
  readonly spans: readonly DecodedSpan[];
  /** Whether the client has gone before there was an answer. */
  isCancelled: boolean;
}

/** A collector that runs in the test's process. */
export interface GrpcCollector {
  /** `http://127.0.0.1:<port>`, or the same with `https:`. */
  readonly url: string;
  readonly port: number;
  /** In order of arrival. */
  readonly requests: readonly GrpcRequest[];
  /** The spans of all requests that were answered with success, in order of arrival. */
  spans(): DecodedSpan[];
  /** Stops listening and ends every connection. */
  close(): void;
}

const asIs = (bytes: Buffer): Buffer => bytes;
const SERVICE: ServiceDefinition = {
  export: {
    path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
    requestStream: false,
    responseStream: false,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  },
};

/** Starts a collector of OTLP over gRPC on the loopback interface: `@grpc/grpc-js`, with the decoder of this folder. */
export async function startGrpcCollector({
  port = 0,
  tls,
  options,
  take,
  answer,
}: GrpcCollectorOptions = {}): Promise<GrpcCollector> {
  const requests: GrpcRequest[] = [];
  const accepted: DecodedSpan[] = [];
  const server = new Server(options);
  const implementation: UntypedServiceImplementation = {
    async export(call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) {
      const content = new Uint8Array(call.request);
      if (take !== undefined) {
        take(content, call.getPeer());
        callback(null, Buffer.alloc(0));
        return;
      }
      const message = decodeRequest(content);
      const request: GrpcRequest = {
        index: requests.length,
        metadata: call.metadata.getMap() as GrpcRequest['metadata'],
        deadline: call.getDeadline(),
        peer: call.getPeer(),
        content,
        message,
        spans: flatten(message),
        isCancelled: false,
      };
      call.on('cancelled', () => {
        request.isCancelled = true;
      });
      requests.push(request);
      const { code = status.OK, details = '', trailers = {}, partialSuccess } = (await answer?.(request)) ?? {};
      const metadata = new Metadata();
      for (const [name, value] of Object.entries(trailers)) metadata.set(name, value);
      if (code === status.OK) accepted.push(...request.spans);
      if (code === status.OK) callback(null, Buffer.from(encodeResponse(partialSuccess)), metadata);
      else callback({ code, details, metadata });
    },
  };
  server.addService(SERVICE, implementation);
  const { cert, key, ca, requestCert = false } = tls ?? {};
  const credentials = tls
    ? ServerCredentials.createSsl(
        ca ? Buffer.from(ca as string) : null,
        [{ cert_chain: Buffer.from(cert as string), private_key: Buffer.from(key as string) }],
        requestCert,
      )
    : ServerCredentials.createInsecure();
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, found) => (error ? reject(error) : resolve(found)));
  });
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${bound}`,
    port: bound,
    requests,
    spans: () => accepted,
    close: () => server.forceShutdown(),
  };
}
