// A Worker that echoes the messages of a WebSocket, and sends its spans when the socket is closed.
import { extractUpgrade, forceFlush, initialize, startSpan, traceWebSocket } from '@realtime-ai/trace';

let isInitialized = false;

export default {
  async fetch(request, { endpoint }, context) {
    if (!isInitialized) initialize({ exporterType: 'otlp', otlpEndpoint: endpoint, quiet: true });
    isInitialized = true;
    const { 0: client, 1: server } = new WebSocketPair();
    traceWebSocket(server, { id: 'server', parent: extractUpgrade(request) });
    server.accept();
    server.addEventListener('message', ({ data }) => {
      startSpan('answer').end();
      server.send(data);
    });
    const closed = new Promise((resolve) => {
      server.addEventListener('close', () => {
        server.close(1000, 'done');
        resolve();
      });
    });
    context.waitUntil(closed.then(() => forceFlush()));
    return new Response(null, { status: 101, webSocket: client });
  },
};
