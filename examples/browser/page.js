// Sends a request when the button is pressed. The work of the server belongs to the same trace.
import { initialize, traceFetch, withSpan } from '@realtime-ai/trace';

// Spans go to the page's own server, which forwards them. Pending spans are sent when the page is hidden or left.
initialize({ serviceName: 'voice-page', exporterType: 'otlp', otlpEndpoint: location.origin });
const fetch = traceFetch();

document.querySelector('button')?.addEventListener('click', () =>
  withSpan('talk', async () => {
    // In a page, a span is active up to the first `await`, so the request becomes its child.
    const response = await fetch('/answer', { method: 'POST', body: 'Good morning' });
    document.querySelector('output')?.replaceChildren(await response.text());
  }),
);
