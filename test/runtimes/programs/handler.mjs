// A Worker that uses everything that a handler may use, and a Durable Object. Tracing is initialized from the bindings.
import { DurableObject, WorkerEntrypoint } from 'cloudflare:workers';
import { spanId, spanOf, startSpan, traceFetch, traceHandler, withSpan } from '@realtime-ai/trace';

const options = {
  config: { quiet: true },
  timeoutMillis: 1_000,
  carrierOf: (message) => message.body.trace,
  ignore: ({ url }) => url.endsWith('/ignored'),
};
const fetchTraced = traceFetch(fetch);
const sleep = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

/** Returns a stream of this many chunks, one every 100 ms. */
function pieces(count) {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      await sleep(100);
      withSpan('piece', () => {});
      controller.enqueue(encoder.encode('piece;'));
      if (--count === 0) controller.close();
    },
  });
}

async function count({ ROOM, ENTRY }) {
  return Response.json([await ROOM.get(ROOM.idFromName('room')).count(), await ENTRY.add(1, 2)]);
}

const BYTES = new Uint8Array(200_000).fill(65);

/** Returns a stream of known length that this program writes to. */
function fixed() {
  const { readable, writable } = new FixedLengthStream(BYTES.length);
  const writer = writable.getWriter();
  writer.write(BYTES).then(() => writer.close());
  return readable;
}

/** Returns the response after cloning it. */
function cloned(response, ctx) {
  ctx.waitUntil(response.clone().arrayBuffer());
  return response;
}

/** Every kind of Workers-specific stream, each with `BYTES` in it. */
const bodies = {
  '/body/fixed': () => new Response(fixed()),
  '/body/piped': async (_request, { UPSTREAM }) => {
    const { body } = await fetch(UPSTREAM);
    const { readable, writable } = new FixedLengthStream(300_000);
    body.pipeTo(writable);
    return new Response(readable);
  },
  '/body/through': () => new Response(new Response(BYTES).body.pipeThrough(new FixedLengthStream(BYTES.length))),
  '/body/identity': () => new Response(new Response(BYTES).body.pipeThrough(new IdentityTransformStream())),
  '/body/cloned': (_request, _env, ctx) => cloned(new Response(BYTES), ctx),
  '/body/cloned-fixed': (_request, _env, ctx) => cloned(new Response(fixed()), ctx),
  '/body/cloned-proxy': async (_request, { UPSTREAM }, ctx) => cloned(await fetch(UPSTREAM), ctx),
  '/body/tee': (_request, _env, ctx) => {
    const [one, other] = new Response(BYTES).body.tee();
    ctx.waitUntil(new Response(other).arrayBuffer());
    return new Response(one);
  },
  '/body/blob': () => new Response(new Blob([BYTES]).stream()),
  '/body/cached': async () => {
    await caches.default.put('http://cached/', new Response(BYTES, { headers: { 'cache-control': 'max-age=60' } }));
    return caches.default.match('http://cached/');
  },
};

const paths = {
  '/background': (request, _env, ctx) => {
    ctx.waitUntil(withSpan('background', { parent: spanOf(request) }, () => sleep(200)));
    return new Response('at once');
  },
  ...bodies,
  '/hello': async (request) => {
    await sleep(1);
    withSpan('work', { parent: spanOf(request) }, () => {});
    return Response.json({ active: spanId(), found: spanOf(request).spanContext().spanId });
  },
  '/ignored': () => new Response('well'),
  '/stream': () => new Response(pieces(5)),
  '/broken': () =>
    new Response(
      new ReadableStream({
        async pull(controller) {
          await sleep(10);
          controller.error(new RangeError('the model has gone'));
        },
      }),
    ),
  '/large': () => new Response('x'.repeat(200_000)),
  '/teapot': () =>
    new Response('short', {
      status: 418,
      statusText: 'Teapot',
      headers: [
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
      ],
    }),
  '/throw': () => {
    throw new RangeError('no such room');
  },
  '/reject': async () => {
    await sleep(1);
    throw new RangeError('no such room');
  },
  '/used': async () => {
    const response = new Response('used');
    await response.text();
    return response;
  },
  '/nothing': () => undefined,
  '/never': () => new Promise(() => {}),
  '/slow': async () => {
    await sleep(500);
    return new Response('slow');
  },
  '/proxy': (_request, { UPSTREAM }) => fetchTraced(UPSTREAM),
  '/compressed': (_request, { UPSTREAM }) => fetch(`${UPSTREAM}compressed`),
  '/redirect': () => Response.redirect('http://elsewhere/'),
};

export default traceHandler(
  {
    fetch(request, env, ctx) {
      const { pathname } = new URL(request.url);
      if (pathname === '/count') return count(env);
      if (pathname === '/lobby') return env.LOBBY.get(env.LOBBY.idFromName('lobby')).fetch(request);
      if (pathname === '/entry') return env.ENTRY.fetch(request);
      if (pathname.startsWith('/room')) return env.ROOM.get(env.ROOM.idFromName('room')).fetch(request);
      return paths[pathname](request, env, ctx);
    },
    async scheduled() {
      await sleep(1);
      startSpan('job').end();
    },
    queue({ messages }) {
      for (const message of messages) {
        if (message.body.fail) throw new RangeError('no such job');
        message.ack();
      }
    },
  },
  options,
);

export const Room = traceHandler(
  class Room extends DurableObject {
    #messages = 0;

    // Called through a stub.
    count() {
      return this.#messages;
    }

    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === '/room/alarm') {
        await this.ctx.storage.setAlarm(Date.now());
        return new Response('set');
      }
      const { 0: client, 1: server } = new WebSocketPair();
      this.ctx.acceptWebSocket(server);
      return new Response(null, { status: 101, webSocket: client });
    }

    alarm() {
      startSpan('ring').end();
    }

    async webSocketMessage(socket, message) {
      this.#messages++;
      await sleep(1);
      withSpan('answer', () => socket.send(message));
    }

    webSocketClose(socket, code, reason) {
      socket.close(code, reason);
    }
  },
  options,
);

/** A class whose base class is traced. */
export class Lobby extends traceHandler(DurableObject, options) {
  async fetch() {
    await sleep(1);
    return Response.json({ name: this.env.NAME, isOwn: this instanceof DurableObject });
  }
}

export const Entry = traceHandler(
  class Entry extends WorkerEntrypoint {
    async fetch() {
      return new Response(this.env.NAME);
    }

    add(one, other) {
      return one + other;
    }
  },
  options,
);
