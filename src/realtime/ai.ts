import { LLM } from './attributes.ts';
import { helper } from './instrument.ts';

/** Starts an `llm.request` span: a request to a language model. */
export const instrumentLLMRequest = /* @__PURE__ */ helper<[provider: string, model: string]>('llm.request', LLM);

/** Starts an `llm.response` span: an answer of a language model, with `size` bytes of, for instance, `text`. */
export const instrumentLLMResponse = /* @__PURE__ */ helper<
  [provider: string, model: string, responseType: string, size: number]
>('llm.response', ['llm.provider', 'llm.model', 'llm.response_type', 'response.data_size']);

/**
 * Starts an `stt.request` span: a request to turn `audioSize` bytes of speech into text. While you stream the speech, its
 * size is `undefined`.
 */
export const instrumentSTTRequest = /* @__PURE__ */ helper<[provider: string, audioSize: number | undefined]>(
  'stt.request',
  ['stt.provider', 'audio.size'],
);

/** Starts an `stt.response` span: speech has become `text`. Records its length in UTF-8 bytes, not the text itself. */
export const instrumentSTTResponse = /* @__PURE__ */ helper<[provider: string, text: string]>('stt.response', [
  'stt.provider',
  'text.length',
]);

/** Starts a `tts.request` span: a request to speak `text`. Records its length in UTF-8 bytes, not the text itself. */
export const instrumentTTSRequest = /* @__PURE__ */ helper<[provider: string, voice: string, text: string]>(
  'tts.request',
  ['tts.provider', 'tts.voice', 'text.length'],
);

/** Starts a `tts.response` span: `audioSize` bytes of speech made from text; `undefined` while it is streamed. */
export const instrumentTTSResponse = /* @__PURE__ */ helper<[provider: string, audioSize: number | undefined]>(
  'tts.response',
  ['tts.provider', 'audio.size'],
);
