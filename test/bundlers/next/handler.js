import { initialize, shutdown, stats, traceId, withSpan } from '@realtime-ai/trace';

/** Settings come from the environment. */
export async function handle(name) {
  initialize({ serviceName: name, quiet: true });
  const holdsAcrossAwait = await withSpan(name, async () => {
    await undefined;
    return traceId() !== '';
  });
  await shutdown();
  return Response.json({ ...stats(), holdsAcrossAwait });
}
