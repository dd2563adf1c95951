import { LLM } from './attributes.ts';
import { helper } from './instrument.ts';

/** `llm.request`: a language model is asked. */
export const instrumentLLMRequest = /* @__PURE__ */ helper<[provider: string, model: string]>('llm.request', LLM);

/** `llm.response`: a language model answered with `size` bytes of, for instance, `text`. */
export const instrumentLLMResponse = /* @__PURE__ */ helper<
  [provider: string, model: string, responseType: string, size: number]
>('llm.response', ['llm.provider', 'llm.model', 'llm.response_type', 'response.data_size']);

/** `stt.request`: `audioSize` bytes of speech are to become text. */
export const instrumentSTTRequest = /* @__PURE__ */ helper<[provider: string, audioSize: number]>('stt.request', [
  'stt.provider',
  'audio.size',
]);

/** `stt.response`: speech has become `text`, of which the length in UTF-8 bytes is kept. */
export const instrumentSTTResponse = /* @__PURE__ */ helper<[provider: string, text: string]>('stt.response', [
  'stt.provider',
  'text.length',
]);

/** `tts.request`: `text` is to become speech; its length in UTF-8 bytes is kept. */
export const instrumentTTSRequest = /* @__PURE__ */ helper<[provider: string, voice: string, text: string]>(
  'tts.request',
  ['tts.provider', 'tts.voice', 'text.length'],
);

/** `tts.response`: text has become `audioSize` bytes of speech. */
export const instrumentTTSResponse = /* @__PURE__ */ helper<[provider: string, audioSize: number]>('tts.response', [
  'tts.provider',
  'audio.size',
]);
