// A Hono app on Workers, traced as a whole. A middleware names its routes.
import { spanOf, startSpan, traceHandler } from '@realtime-ai/trace';
import { Hono } from 'hono';
import { routePath } from 'hono/route';
import { stream } from 'hono/streaming';

const app = new Hono();
const routes = new WeakMap();

app.use(async (c, next) => {
  await next();
  routes.set(c.req.raw, routePath(c, -1));
});
app.get('/users/:id', (c) => {
  startSpan('work', { parent: spanOf(c.req.raw) }).end();
  return c.json({ id: c.req.param('id'), name: c.env.NAME, waits: typeof c.executionCtx.waitUntil });
});
app.get('/stream', (c) =>
  stream(c, async (out) => {
    for (let piece = 0; piece < 3; piece++) {
      await out.sleep(20);
      await out.write('piece;');
    }
  }),
);
app.get('/fail', () => {
  throw new RangeError('no such room');
});

export default traceHandler(app, { config: { quiet: true }, route: (request) => routes.get(request) });
