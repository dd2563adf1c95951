// Answers by asking a language model.
import { createServer } from 'node:http';
import { initialize, instrumentLLMRequest, traceFetch, traceNodeHandler } from '@realtime-ai/trace';
import express from 'express';

const { LLM_URL = 'https://api.openai.com/v1/chat/completions', LLM_MODEL = 'gpt-4o-mini', LLM_KEY } = process.env;

initialize({ serviceName: 'express-api' });
const ask = traceFetch();

const app = express();
app.post('/answer', express.text(), async (req, res) => {
  const answer = await instrumentLLMRequest('openai', LLM_MODEL, async () => {
    const response = await ask(LLM_URL, {
      method: 'POST',
      headers: { authorization: `Bearer ${LLM_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: LLM_MODEL, messages: [{ role: 'user', content: req.body }] }),
    });
    const { choices } = await response.json();
    return choices[0].message.content;
  });
  res.type('text').send(answer);
});

const server = createServer(traceNodeHandler(app));
server.listen(process.env.PORT ?? 3000, () => console.log(`http://localhost:${server.address().port}`));
