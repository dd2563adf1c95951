import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { TlsOptions } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import {
  type DecodedRequest,
  type DecodedSpan,
  decodeJsonRequest,
  decodeRequest,
  encodeJsonResponse,
  encodeResponse,
  flatten,
  type PartialSuccess,
} from './otlp.ts';

/** How a test's collector behaves. */
export interface CollectorOptions {
  /** Default: a free one. Set it to come back after {@link Collector.close}. */
  port?: number;
  /** The path that accepts requests. Default: `/v1/traces`. */
  path?: string;
  /** Its certificate and requirements for TLS. Default: plain HTTP. */
  tls?: TlsOptions;
  /** What pages may send, by origin. Default: pages cannot read answers, and preflights are refused. */
  cors?: CrossOrigin;
  /**
   * Returns the answer to a request. Called when the request is received, even if it cannot be decoded. Missing parts,
   * or `undefined`, are answered as a collector would: 200 and an empty response, or the status that fits the problem.
   * May return a promise, to hold a request for as long as the test wants.
   */
  answer?: (request: CollectorRequest) => CollectorAnswer | undefined | Promise<CollectorAnswer | undefined>;
}

/** The equivalent of the OpenTelemetry Collector's `cors` setting. */
export interface CrossOrigin {
  /** `*` allows all. */
  readonly allowedOrigins: readonly string[];
  /** Headers besides those that need no permission, in lower case. */
  readonly allowedHeaders: readonly string[];
  /** The delay before the answer to a preflight. */
  readonly delayMillis?: number;
}

/** The differences between an answer and the usual one. */
export interface CollectorAnswer {
  status?: number;
  headers?: Record<string, string>;
  body?: Uint8Array | string;
  /** Encoded as the body, in the format of the request. */
  partialSuccess?: PartialSuccess;
  /** The delay before the answer. */
  delayMillis?: number;
  /**
   * What goes wrong on the connection: `'reset'` closes it without an answer, `'cut'` before the end of the body,
   * `'silence'` never answers.
   */
  fault?: 'reset' | 'cut' | 'silence';
}

/** A request as it arrived. */
export interface CollectorRequest {
  /** 0 for the first one to arrive. */
  readonly index: number;
  /** 0 for requests on the connection that was opened first. */
  readonly connection: number;
  readonly method: string;
  /** The path including the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The body as sent. */
  readonly body: Uint8Array;
  /** The uncompressed body. */
  readonly content: Uint8Array;
  /** Absent if there is a {@link problem}. */
  readonly message: DecodedRequest | undefined;
  /** Empty if there is a {@link problem}. */
  readonly spans: readonly DecodedSpan[];
  /** Why a collector would refuse the request. */
  readonly problem: string | undefined;
  /** The status of the answer, once decided; `undefined` if there is none. */
  readonly status: number | undefined;
  /** `'aborted'` if the connection closed before the answer was complete, whoever closed it. */
  readonly state: 'open' | 'answered' | 'aborted';
}

/** A collector that runs in the test's process. */
export interface Collector {
  /** The base URL: `http://127.0.0.1:<port>`, or the same with `https:`. */
  readonly url: string;
  /** The URL that accepts traces. */
  readonly endpoint: string;
  readonly port: number;
  /** All requests in order of arrival, without preflights. */
  readonly requests: readonly CollectorRequest[];
  /** The headers of preflight requests, in order of arrival. */
  readonly preflights: readonly IncomingHttpHeaders[];
  /** The number of connections opened so far. */
  readonly connections: number;
  /** The highest number of unanswered requests at one time. */
  readonly peakConcurrency: number;
  /**
   * The spans of all requests answered with 2xx, in order of arrival, including repetitions. A request counts once its
   * answer is decided, even if the client never receives that answer.
   */
  spans(): DecodedSpan[];
  /** Resolves to the requests once there are `count` of them. Rejects if the collector is closed before. */
  received(count: number): Promise<readonly CollectorRequest[]>;
  /** Stops listening and closes every connection, whether answered or not. A second call does nothing. */
  close(): Promise<void>;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A refusal with the status that a collector would use. */
class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Starts a collector on the loopback interface. */
export async function startCollector(options: CollectorOptions = {}): Promise<Collector> {
  const { path = '/v1/traces', tls, cors, answer } = options;
  const requests: Mutable<CollectorRequest>[] = [];
  const preflights: IncomingHttpHeaders[] = [];
  const connectionNumbers = new Map<Socket, number>();
  const waiting = new Set<{ count: number; resolve: () => void; reject: (reason: Error) => void }>();
  const open = new Set<CollectorRequest>();
  const closing = new AbortController();
  let closed: Promise<void> | undefined;
  let connections = 0;
  let peakConcurrency = 0;

  const listener = (incoming: IncomingMessage, response: ServerResponse) => {
    // An error here comes from the test's own answer function. It shows as a closed connection and on the console.
    handle(incoming, response).catch((error: unknown) => {
      if (closing.signal.aborted) return;
      console.error('the test collector failed', error);
      response.destroy();
    });
  };
  const server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    connectionNumbers.set(socket, connections++);
    socket.on('close', () => connectionNumbers.delete(socket));
  });

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const connection = connectionNumbers.get(incoming.socket) ?? -1;
    allowOrigin(incoming.headers, response, cors);
    if (incoming.method === 'OPTIONS') {
      preflights.push(incoming.headers);
      if (cors?.delayMillis) await delay(cors.delayMillis, undefined, { signal: closing.signal });
      response.writeHead(204).end();
      return;
    }
    const body = await readBody(incoming);
    if (body === undefined) return;
    const request = recorded(incoming, body, connection);
    const usualStatus = read(request);
    open.add(request);
    peakConcurrency = Math.max(peakConcurrency, open.size);
    const settle = () => {
      open.delete(request);
      request.state = response.writableFinished ? 'answered' : 'aborted';
    };
    response.on('close', settle);
    // The client may have disconnected after its last byte, before there was a listener.
    if (response.destroyed) settle();
    for (const waiter of waiting) {
      if (requests.length < waiter.count) continue;
      waiting.delete(waiter);
      waiter.resolve();
    }
    await respond(request, usualStatus, response);
  }

  function recorded(incoming: IncomingMessage, body: Uint8Array, connection: number): Mutable<CollectorRequest> {
    const request: Mutable<CollectorRequest> = {
      index: requests.length,
      connection,
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      headers: incoming.headers,
      body,
      content: body,
      message: undefined,
      spans: [],
      problem: undefined,
      status: undefined,
      state: 'open',
    };
    requests.push(request);
    return request;
  }

  /** Decodes the body. Returns the status that a collector would answer. */
  function read(request: Mutable<CollectorRequest>): number {
    try {
      if (request.path !== path) throw new Refusal(404, `traces are taken at ${path}, not at ${request.path}`);
      if (request.method !== 'POST') throw new Refusal(405, `${request.method} instead of POST`);
      request.content = uncompressed(request);
      request.message = decoded(request);
      request.spans = flatten(request.message);
      return 200;
    } catch (error) {
      request.message = undefined;
      request.problem = error instanceof Error ? error.message : String(error);
      return error instanceof Refusal ? error.status : 400;
    }
  }

  async function respond(
    request: Mutable<CollectorRequest>,
    usualStatus: number,
    response: ServerResponse,
  ): Promise<void> {
    const { status = usualStatus, headers, body, partialSuccess, delayMillis, fault } = (await answer?.(request)) ?? {};
    if (fault !== 'reset' && fault !== 'silence') request.status = status;
    if (delayMillis !== undefined) await delay(delayMillis, undefined, { signal: closing.signal });
    if (fault === 'silence' || response.destroyed) return;
    // Before the answer, because the client may send its next request as soon as it has received the last byte.
    open.delete(request);
    if (fault === 'reset') {
      response.socket?.resetAndDestroy();
      return;
    }
    const usual = usualContent(request, status, partialSuccess);
    const bytes = Buffer.from(body ?? usual.body);
    response.writeHead(status, {
      'content-type': usual.type,
      // Announce one byte more than is sent, so that the end of the connection is recognized as premature.
      'content-length': fault === 'cut' ? bytes.length + 1 : bytes.length,
      ...headers,
    });
    if (fault === 'cut') {
      response.flushHeaders();
      response.write(bytes);
      response.socket?.end();
    } else {
      response.end(bytes);
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;

  return {
    url,
    endpoint: url + path,
    port,
    requests,
    preflights,
    get connections() {
      return connections;
    },
    get peakConcurrency() {
      return peakConcurrency;
    },
    spans() {
      return requests.filter(isAccepted).flatMap((request) => request.spans);
    },
    async received(count) {
      if (requests.length < count) {
        if (closing.signal.aborted) throw new Error('the collector is closed');
        await new Promise<void>((resolve, reject) => waiting.add({ count, resolve, reject }));
      }
      return requests;
    },
    close() {
      if (closed !== undefined) return closed;
      closing.abort();
      for (const { reject } of waiting) reject(new Error('the collector was closed'));
      closed = new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      return closed;
    },
  };
}

/** Sets the CORS headers for the origin of a request. Browsers enforce them. */
function allowOrigin(
  { origin = '' }: IncomingHttpHeaders,
  response: ServerResponse,
  { allowedOrigins, allowedHeaders }: CrossOrigin = { allowedOrigins: [], allowedHeaders: [] },
): void {
  const allowed = allowedOrigins.find((each) => each === '*' || each === origin);
  if (allowed === undefined) return;
  response.setHeader('access-control-allow-origin', allowed);
  response.setHeader('access-control-allow-headers', allowedHeaders.join());
  response.setHeader('access-control-allow-methods', 'POST');
}

/** Throws for an accepted request that could not be read, because its spans would silently be missing. */
function isAccepted({ index, status, problem }: CollectorRequest): boolean {
  if (status === undefined || status < 200 || status > 299) return false;
  if (problem !== undefined) throw new Error(`request ${index} was answered with ${status}, but: ${problem}`);
  return true;
}

/** Returns the whole body, or `undefined` if the client disconnects before its end. */
async function readBody(incoming: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of incoming) chunks.push(chunk);
  } catch {
    return undefined;
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function uncompressed({ headers, body }: CollectorRequest): Uint8Array {
  switch (headers['content-encoding']) {
    case undefined:
    case 'identity':
      return body;
    case 'gzip':
      return new Uint8Array(gunzipSync(body));
    default:
      throw new Refusal(415, `content encoding ${headers['content-encoding']}`);
  }
}

function decoded(request: CollectorRequest): DecodedRequest {
  if (isJson(request)) return decodeJsonRequest(request.content);
  if (mediaType(request) === 'application/x-protobuf') return decodeRequest(request.content);
  throw new Refusal(415, `content type ${request.headers['content-type']}`);
}

function usualContent(request: CollectorRequest, status: number, partialSuccess?: PartialSuccess) {
  if (status > 299) return { type: 'text/plain', body: request.problem ?? '' };
  if (isJson(request)) return { type: 'application/json', body: encodeJsonResponse(partialSuccess) };
  return { type: 'application/x-protobuf', body: encodeResponse(partialSuccess) };
}

function isJson(request: CollectorRequest): boolean {
  return mediaType(request) === 'application/json';
}

function mediaType({ headers }: CollectorRequest): string | undefined {
  return headers['content-type']?.split(';')[0].trim().toLowerCase();
}
