import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { initialize, type SpanProcessor, shutdown, traceFetch, traceNodeHandler } from '../../src/index.ts';

/** A running service as the W3C's trace context test harness expects it. */
export interface W3cService {
  /** Accepts POST requests, whose bodies list the calls to make. */
  readonly url: string;
  close(): Promise<void>;
}

/** A call to make. `arguments` are the body to send. */
interface Call {
  readonly url: string;
  readonly arguments: readonly Call[];
}

/**
 * Initializes tracing, and starts a server that makes every requested call, within the trace of the caller.
 *
 * @param port - Default: a free one.
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

// To run with the W3C's own harness: `npx tsx test/propagation/w3c-service.ts 5000`.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const ignored: SpanProcessor = { onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} };
  console.log((await startW3cService([ignored], Number(process.argv[2]))).url);
}
