import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { initialize, type SpanProcessor, shutdown, traceFetch, traceNodeHandler } from '../../src/index.ts';

/** A running service, as the validation service of the W3C's Distributed Tracing group wants to find one. */
export interface W3cService {
  /** Takes POST requests, whose bodies say whom to call. */
  readonly url: string;
  close(): Promise<void>;
}

/** One call that is asked for: `arguments` are the body to send. */
interface Call {
  readonly url: string;
  readonly arguments: readonly Call[];
}

/**
 * Sets up tracing, and starts a server that makes every call that is asked of it, within the trace of whoever asks.
 *
 * @param port - Default: one that is free.
 */
export async function startW3cService(spanProcessors: SpanProcessor[], port = 0): Promise<W3cService> {
  initialize({ serviceName: 'w3c-service', exporterType: 'none', spanProcessors });
  const fetch = traceFetch();
  const server = createServer(
    traceNodeHandler(async (request: IncomingMessage, response: ServerResponse) => {
      try {
        for (const { url, arguments: body } of JSON.parse(await text(request)) as Call[]) {
          const headers = { 'content-type': 'application/json' };
          await (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).text();
        }
      } catch (error) {
        response.statusCode = 500;
        response.write(String(error));
      }
      response.end();
    }),
  );
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/test`,
    async close() {
      server.close();
      server.closeAllConnections();
      await shutdown();
    },
  };
}

// By hand, for the W3C's own harness: `npx tsx test/propagation/w3c-service.ts 5000`.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const ignored: SpanProcessor = { onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} };
  console.log((await startW3cService([ignored], Number(process.argv[2]))).url);
}
