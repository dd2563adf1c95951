// A server and a client that send each other text and bytes, on Bun and on Deno, both traced.
import {
  extractUpgrade,
  initialize,
  shutdown,
  startSpan,
  traceWebSocket,
  traceWebSocketHandlers,
  upgradeUrl,
  withSpan,
} from '@realtime-ai/trace';

const [, , otlpEndpoint] = process.argv;
initialize({ exporterType: 'otlp', otlpEndpoint, quiet: true });

function answer(socket, data) {
  startSpan('answer').end();
  socket.send(data);
}

const ended = Promise.withResolvers();
const server = globalThis.Bun ? onBun() : onDeno();

function onBun() {
  const handlers = {
    message: answer,
    close: () => ended.resolve(),
  };
  return Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request, self) => void self.upgrade(request, { data: { context: extractUpgrade(request) } }),
    websocket: traceWebSocketHandlers(handlers, { id: () => 'server', parent: ({ data }) => data.context }),
  });
}

function onDeno() {
  const { addr, shutdown: stop } = Deno.serve({ port: 0, hostname: '127.0.0.1', onListen() {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    traceWebSocket(socket, { id: 'server', parent: extractUpgrade(request) });
    socket.onmessage = ({ data }) => answer(socket, data);
    socket.addEventListener('close', () => ended.resolve());
    return response;
  });
  return { port: addr.port, stop };
}

await withSpan('call', async () => {
  const client = traceWebSocket(new WebSocket(upgradeUrl(`ws://127.0.0.1:${server.port}/`)), { id: 'client' });
  client.binaryType = 'arraybuffer';
  const next = () => new Promise((resolve) => client.addEventListener('message', resolve, { once: true }));
  await new Promise((resolve) => client.addEventListener('open', resolve, { once: true }));
  client.onmessage = () => startSpan('heard').end();
  for (const data of ['grüß dich', new Uint8Array(320)]) {
    const heard = next();
    client.send(data);
    await heard;
  }
  const closed = new Promise((resolve) => client.addEventListener('close', resolve));
  client.close(1000, 'done');
  await Promise.all([closed, ended.promise]);
});
await shutdown();
await server.stop?.();
