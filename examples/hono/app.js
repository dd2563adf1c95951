// Answers by asking a language model.
import { serve } from '@hono/node-server';
import { initialize, instrumentLLMRequest, traceFetch, traceHandler } from '@realtime-ai/trace';
import { Hono } from 'hono';

const { LLM_URL = 'https://api.openai.com/v1/chat/completions', LLM_MODEL = 'gpt-4o-mini', LLM_KEY } = process.env;

initialize({ serviceName: 'hono-api' });
const ask = traceFetch();

const app = new Hono();
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
