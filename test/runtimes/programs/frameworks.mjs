// A server of the named framework, traced with one line and initialized from environment variables. On SIGTERM, it
// flushes and ends on its own. The second argument is the folder in which the frameworks are installed.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { initialize, spanId, traceNodeHandler, withSpan } from '@realtime-ai/trace';

const [name, modules] = process.argv.slice(2);
const require = createRequire(modules);

/** Runs after I/O, so that only async context can find the span. */
async function work() {
  await new Promise((resolve) => setTimeout(resolve, 1));
  withSpan('work', () => {});
  return { active: spanId() };
}

function fail() {
  throw new RangeError('no such room');
}

function pieces() {
  return Readable.from(
    (async function* () {
      for (let count = 0; count < 3; count++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        yield 'piece;';
      }
    })(),
  );
}

const servers = {
  express() {
    const express = require('express');
    const app = express();
    const users = express.Router();
    users.get('/:id', async (_req, res) => res.json(await work()));
    users.post('/', express.json(), (req, res) => res.json(req.body));
    app.use('/users', users);
    app.get('/fail', fail);
    app.get('/stream', (_req, res) => pieces().pipe(res));
    return createServer(traceNodeHandler(app)).listen(0, '127.0.0.1');
  },

  koa() {
    const Koa = require('koa');
    const app = new Koa();
    app.silent = true;
    app.use(async (ctx) => {
      if (ctx.path === '/fail') fail();
      else if (ctx.path === '/stream') ctx.body = pieces();
      else if (ctx.method === 'POST') ctx.body = ctx.req;
      else if (ctx.path.startsWith('/users/')) ctx.body = await work();
    });
    return createServer(traceNodeHandler(app.callback())).listen(0, '127.0.0.1');
  },

  async fastify() {
    const fastify = require('fastify');
    const app = fastify({ serverFactory: (handler) => createServer(traceNodeHandler(handler)) });
    app.get('/users/:id', work);
    app.post('/users', async (request) => request.body);
    app.get('/fail', async () => fail());
    app.get('/stream', (_request, reply) => reply.send(pieces()));
    await app.listen({ port: 0, host: '127.0.0.1' });
    return app.server;
  },
};

initialize({ quiet: true });
const server = await servers[name]();
if (!server.listening) await new Promise((resolve) => server.once('listening', resolve));
console.log(`ready ${server.address().port}`);
