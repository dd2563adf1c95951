// A proxy between an application and a language model. It streams the model's answer and keeps the key secret.
import { instrumentLLMRequest, traceFetch, traceHandler } from '@realtime-ai/trace';

interface Env {
  LLM_URL: string;
  LLM_MODEL: string;
  LLM_KEY: string;
}

const ask = traceFetch();

// The first request initializes tracing from the `vars` in wrangler.jsonc.
export default traceHandler({
  async fetch(request: Request, { LLM_URL, LLM_MODEL, LLM_KEY }: Env): Promise<Response> {
    const content = await request.text();
    return instrumentLLMRequest('openai', LLM_MODEL, async () => {
      const answer = await ask(LLM_URL, {
        method: 'POST',
        headers: { authorization: `Bearer ${LLM_KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: LLM_MODEL, stream: true, messages: [{ role: 'user', content }] }),
      });
      return new Response(answer.body, { headers: { 'content-type': 'text/event-stream' } });
    });
  },
});
