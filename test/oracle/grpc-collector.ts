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
  /** Its certificate and requirements for TLS. Default: plain text. */
  tls?: Pick<TlsOptions, 'ca' | 'cert' | 'key' | 'requestCert'>;
  /** Settings of `@grpc/grpc-js`: `grpc.max_receive_message_length`, … */
  options?: ServerOptions;
  /** Receives the content of every request and the client's address, instead of recording and decoding them. */
  take?: (content: Uint8Array, peer: string) => void;
  /** Returns the answer to a request, when it is received. Missing parts, or `undefined`, mean success. */
  answer?: (request: GrpcRequest) => GrpcAnswer | undefined | Promise<GrpcAnswer | undefined>;
}

/** The differences between an answer and the usual one. */
export interface GrpcAnswer {
  /** A status code; `OK` is 0. */
  code?: number;
  details?: string;
  trailers?: Readonly<Record<string, string | Buffer>>;
  partialSuccess?: PartialSuccess;
}

/** A request as it arrived. */
export interface GrpcRequest {
  /** 0 for the first one to arrive. */
  readonly index: number;
  /** The headers as `@grpc/grpc-js` provides them: strings, and buffers for names that end in `-bin`. */
  readonly metadata: Record<string, string | Buffer>;
  /** The client's deadline. */
  readonly deadline: Deadline;
  /** The client's port. */
  readonly peer: string;
  /** The uncompressed content. */
  readonly content: Uint8Array;
  readonly message: DecodedRequest;
  readonly spans: readonly DecodedSpan[];
  /** Whether the client cancelled before there was an answer. */
  isCancelled: boolean;
}

/** A collector that runs in the test's process. */
export interface GrpcCollector {
  /** `http://127.0.0.1:<port>`, or the same with `https:`. */
  readonly url: string;
  readonly port: number;
  /** All requests in order of arrival. */
  readonly requests: readonly GrpcRequest[];
  /** The spans of all successful requests, in order of arrival. */
  spans(): DecodedSpan[];
  /** Stops listening and closes every connection. */
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

/** Starts an OTLP/gRPC collector on loopback: `@grpc/grpc-js` with the decoder of this folder. */
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
