// Answers by asking a language model.
import { serve } from '@hono/node-server';
import { initialize, instrumentLLMRequest, recordError, spanOf, traceFetch, traceHandler } from '@realtime-ai/trace';
import { Hono } from 'hono';
import { routePath } from 'hono/route';

const { LLM_URL = 'https://api.openai.com/v1/chat/completions', LLM_MODEL = 'gpt-4o-mini', LLM_KEY } = process.env;

initialize({ serviceName: 'hono-api' });
const ask = traceFetch();

const app = new Hono();
// Only Hono knows the route, and it answers errors before anybody else sees them. So tell the span about both.
app.use(async (c, next) => {
  await next();
  const route = routePath(c, -1);
  spanOf(c.req.raw)?.setAttribute('http.route', route).updateName(`${c.req.method} ${route}`);
});
app.onError((error, c) => {
  const span = spanOf(c.req.raw);
  if (span) recordError(span, error);
  return c.text('error', 500);
});

app.post('/answer', async (c) => {
  const content = await c.req.text();
  const answer = await instrumentLLMRequest('openai', LLM_MODEL, async () => {
    const response = await ask(LLM_URL, {
      method: 'POST',
      headers: { authorization: `Bearer ${LLM_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: LLM_MODEL, messages: [{ role: 'user', content }] }),
    });
    const { choices } = await response.json();
    return choices[0].message.content;
  });
  return c.text(answer);
});

const { fetch } = traceHandler(app);
serve({ fetch, port: Number(process.env.PORT ?? 3000) }, ({ port }) => console.log(`http://localhost:${port}`));
