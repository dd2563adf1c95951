// Asks its server when the button is pressed, in one trace with what that does.
import { initialize, traceFetch, withSpan } from '@realtime-ai/trace';

// Spans go to the page's own server, which hands them on. They leave at the latest when the page is hidden or left.
initialize({ serviceName: 'voice-page', exporterType: 'otlp', otlpEndpoint: location.origin });
const fetch = traceFetch();

document.querySelector('button')?.addEventListener('click', () =>
  withSpan('talk', async () => {
    // A span is active in a page up to the first `await`: time enough for the request to be its child.
    const response = await fetch('/answer', { method: 'POST', body: 'Good morning' });
    document.querySelector('output')?.replaceChildren(await response.text());
  }),
);
