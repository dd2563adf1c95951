import type { Agent, IncomingMessage, request } from 'node:http';
import type { BodyReader, FetchedResponse, FetchLike } from '../export/otlp/http.ts';
import { builtin } from './node-builtin.ts';

// One request at a time is the rule; more where several processors share an exporter, or one is waited for no longer.
const MAX_SOCKETS = 4;
// Common load balancers forget a connection after 60 seconds, some without a word.
const IDLE_MILLIS = 30_000;

// What a request needs, in the order in which it is loaded: 3 ms together, no part much above 1 (Node 20).
const PARTS = ['node:stream', 'node:crypto', 'node:net', 'node:dns', 'node:http'];
const SECURE_PARTS = [...PARTS, 'node:tls', 'node:https'];

interface Client {
  readonly request: typeof request;
  readonly agent: Agent;
}

type RequestInit = Parameters<FetchLike>[1];

/**
 * A `fetch` for requests to the server of `url`, over `node:http`. That of Node takes 20 to 40 ms of the event loop for
 * loading itself at its first call, and a third more CPU time for every span of a batch.
 *
 * Connections are kept; an idle one does not hold the process open, a request does. Redirects are not followed.
 */
export function createHttpFetch(url: string): FetchLike {
  const { protocol } = new URL(url);
  const isSecure = protocol === 'https:';
  let client: Client | undefined;
  // Before Node 20.16 the first request has to load everything.
  if (process.getBuiltinModule !== undefined) {
    inTurns((isSecure ? SECURE_PARTS : PARTS).map((part) => () => void process.getBuiltinModule(part)));
  }
  return async (url, init) => {
    if (client === undefined) {
      const { Agent, request } = isSecure ? await https() : await http();
      client ??= { request, agent: new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS, timeout: IDLE_MILLIS }) };
    }
    return send(client, url, init, true);
  };
}

function http(): Promise<typeof import('node:http')> | typeof import('node:http') {
  return builtin('node:http') ?? import('node:http');
}

function https(): Promise<typeof import('node:https')> | typeof import('node:https') {
  return builtin('node:https') ?? import('node:https');
}

/** Calls each of `steps` in a turn of the event loop of its own. The process ends a few turns later for it. */
function inTurns([step, ...steps]: readonly (() => void)[]): void {
  if (step === undefined) return;
  setImmediate(() => {
    step();
    inTurns(steps);
  });
}

function send(client: Client, url: string, init: RequestInit, mayRetry: boolean): Promise<FetchedResponse> {
  return new Promise((resolve, reject) => {
    const { method, headers, body, signal } = init;
    const { agent } = client;
    let answer: IncomingMessage | undefined;
    const request = client.request(url, {
      agent,
      method,
      headers: { ...headers, 'content-length': String(body.byteLength) },
    });
    const abort = () => (answer ?? request).destroy();
    request.on('response', (response) => {
      answer = response;
      // Whoever reads is told; that nobody reads must not end the process.
      response.on('error', () => {});
      resolve(fetchedResponse(response, signal));
    });
    // Stays after the answer has begun: a broken connection is an error of the request, too.
    request.on('error', (error: NodeJS.ErrnoException) => {
      if (answer !== undefined) return;
      if (signal.aborted) reject(signal.reason);
      else if (mayRetry && request.reusedSocket && isClosedByServer(error)) {
        destroyIdle(agent);
        resolve(send(client, url, init, false));
      } else reject(error);
    });
    request.on('close', () => signal.removeEventListener('abort', abort));
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
    request.end(body);
  });
}

/** A server may close a kept connection just when a request sets out on it, and has not looked at that then. */
function isClosedByServer({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ECONNRESET' || code === 'EPIPE';
}

/** Closes the connections that wait for a request: what goes for one of a server goes for all. */
function destroyIdle({ freeSockets }: Agent): void {
  for (const socket of Object.values(freeSockets).flat()) socket?.destroy();
}

function fetchedResponse(response: IncomingMessage, signal: AbortSignal): FetchedResponse {
  return {
    status: response.statusCode ?? 0,
    headers: {
      get(name) {
        const value = response.headers[name.toLowerCase()];
        return Array.isArray(value) ? value.join(', ') : (value ?? null);
      },
    },
    body: { getReader: () => bodyReader(response, signal) },
  };
}

function bodyReader(response: IncomingMessage, signal: AbortSignal): BodyReader {
  const chunks: AsyncIterator<Uint8Array, undefined> = response[Symbol.asyncIterator]();
  return {
    async read() {
      try {
        const { done = false, value } = await chunks.next();
        return { done, value };
      } catch (error) {
        throw signal.aborted ? signal.reason : error;
      }
    },
    async cancel() {
      response.destroy();
    },
  };
}
