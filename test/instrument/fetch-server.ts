import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import type { TestContext } from 'node:test';

export type FetchHandler = (request: Request) => unknown;

/** What the server received for a request. */
export interface Answered {
  readonly request: Request;
  /** What the handler returned or threw. */
  readonly result: unknown;
  readonly error?: unknown;
}

export interface FetchServer {
  readonly url: string;
  /** In the order in which the handlers ended. */
  readonly answered: readonly Answered[];
}

/** Starts a `node:http` server for a fetch handler, like the adapters for Node. */
export async function startFetchServer(t: TestContext, handler: FetchHandler): Promise<FetchServer> {
  const answered: Answered[] = [];
  const server = createServer((incoming, outgoing) => {
    const aborting = new AbortController();
    outgoing.on('close', () => {
      if (!outgoing.writableFinished) aborting.abort();
    });
    const request = requestOf(incoming, aborting.signal);
    const fail = (error: unknown) => {
      answered.push({ request, result: undefined, error });
      outgoing.writeHead(500).end();
    };
    Promise.resolve()
      .then(() => handler(request))
      .then((result) => {
        answered.push({ request, result });
        return send(result, outgoing);
      })
      .catch(fail);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, answered };
}

function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request {
  const { method = 'GET', headers, url } = incoming;
  const hasBody = method !== 'GET' && method !== 'HEAD';
  return new Request(`http://${headers.host}${url}`, {
    method,
    headers: Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
    signal,
    ...(hasBody && { body: Readable.toWeb(incoming) as ReadableStream, duplex: 'half' }),
  });
}

async function send(result: unknown, outgoing: ServerResponse): Promise<void> {
  if (!(result instanceof Response)) throw new TypeError('no response');
  outgoing.writeHead(result.status, result.statusText, [...result.headers].flat());
  if (result.body === null) {
    outgoing.end();
    return;
  }
  outgoing.flushHeaders();
  const reader = result.body.getReader();
  outgoing.on('close', () => reader.cancel('the client has gone'));
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    outgoing.write(value);
  }
  outgoing.end();
}
