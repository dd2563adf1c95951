// A typical program: it sends spans to a collector if there is a URL, and otherwise prints them.
import { initialize, instrumentLLMRequest, shutdown, stats, traceId, withSpan } from '@realtime-ai/trace';

globalThis.main = async (url) => {
  initialize({ quiet: true, serviceName: 'bundle', ...(url && { exporterType: 'otlp', otlpEndpoint: url }) });
  const holdsAcrossAwait = await withSpan('turn', async (turn) => {
    instrumentLLMRequest('openai', 'gpt', { parent: turn }).end();
    await undefined;
    return traceId() !== '';
  });
  await shutdown();
  return { ...stats(), holdsAcrossAwait };
};
