// Speech from text: plays a tone for each word, since there is no real voice in it.
import { instrumentTTSRequest, recordError, traceHandler } from '@realtime-ai/trace';

const RATE = 16_000;

export default {
  fetch: traceHandler(async (request: Request) => {
    const text = await request.text();
    return instrumentTTSRequest('tone', 'A4', text, async (span) => {
      const words = text.split(/\s+/).filter(Boolean);
      if (words.length === 0) {
        recordError(span, new Error('there is nothing to say'));
        return new Response('there is nothing to say\n', { status: 400 });
      }
      const pcm = new Uint8Array(Int16Array.from(words.flatMap(tone)).buffer);
      span.setAttribute('response.data_size', pcm.length);
      return new Response(pcm, { headers: { 'content-type': `audio/l16; rate=${RATE}` } });
    });
  }),
};

/** Returns a quarter of a second of sound, the last part of which is silent. */
function tone(): number[] {
  return Array.from({ length: RATE / 4 }, (_, at) =>
    at < RATE / 5 ? 8_000 * Math.sin((2 * Math.PI * 440 * at) / RATE) : 0,
  );
}
