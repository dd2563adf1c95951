// A traced server for Bun or Deno, initialized from environment variables. On SIGTERM, it flushes and ends on its own.
import { spanId, spanOf, traceHandler, withSpan } from '@realtime-ai/trace';

const sleep = (millis) => new Promise((resolve) => setTimeout(resolve, millis));
const isBun = 'Bun' in globalThis;

const paths = {
  '/hello': async (request) => {
    await sleep(1);
    withSpan('work', () => {});
    return Response.json({ active: spanId(), found: spanOf(request)?.spanContext().spanId });
  },
  '/stream': () => {
    let count = 5;
    return new Response(
      new ReadableStream({
        async pull(controller) {
          await sleep(20);
          withSpan('piece', () => {});
          controller.enqueue(new TextEncoder().encode('piece;'));
          if (--count === 0) controller.close();
        },
      }),
    );
  },
  '/endless': () =>
    new Response(
      new ReadableStream({
        async pull(controller) {
          await sleep(20);
          controller.enqueue(new TextEncoder().encode('piece;'));
        },
      }),
    ),
  '/text': () => new Response('text'),
  '/large': () => new Response('x'.repeat(200_000)),
  '/json': () =>
    Response.json(
      { a: 1 },
      {
        status: 201,
        headers: [
          ['set-cookie', 'a=1'],
          ['set-cookie', 'b=2'],
        ],
      },
    ),
  '/throw': () => {
    throw new RangeError('no such room');
  },
  '/socket': (request, server) => {
    if (isBun) return server.upgrade(request) ? undefined : new Response('no', { status: 400 });
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => socket.send(data);
    return response;
  },
};

const handler = traceHandler((request, server) => paths[new URL(request.url).pathname](request, server), {
  config: { quiet: true },
});
const onError = () => new Response('failed', { status: 500 });
const options = { port: 0, hostname: '127.0.0.1' };
if (isBun) {
  const websocket = { message: (socket, message) => void socket.send(message) };
  const server = Bun.serve({ ...options, fetch: handler, error: onError, websocket });
  console.log(`ready ${server.port}`);
} else {
  Deno.serve({ ...options, onError, onListen: ({ port }) => console.log(`ready ${port}`) }, handler);
}
