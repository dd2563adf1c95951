import { llmAttrs } from './attributes.ts';
import { helper } from './instrument.ts';
import { utf8Length } from './message.ts';
import {
  AttrAudioSize,
  AttrLLMModel,
  AttrLLMProvider,
  AttrLLMResponseType,
  AttrResponseDataSize,
  AttrSTTProvider,
  AttrTextLength,
  AttrTTSProvider,
  AttrTTSVoice,
} from './names.ts';

/** `llm.request`: a language model is asked. */
export const instrumentLLMRequest = /* @__PURE__ */ helper('llm.request', llmAttrs);

/** `llm.response`: a language model answered with `size` bytes of, for instance, `text`. */
export const instrumentLLMResponse = /* @__PURE__ */ helper(
  'llm.response',
  (provider: string, model: string, responseType: string, size: number) => ({
    [AttrLLMProvider]: provider,
    [AttrLLMModel]: model,
    [AttrLLMResponseType]: responseType,
    [AttrResponseDataSize]: size,
  }),
);

/** `stt.request`: `audioSize` bytes of speech are to become text. */
export const instrumentSTTRequest = /* @__PURE__ */ helper('stt.request', (provider: string, audioSize: number) => ({
  [AttrSTTProvider]: provider,
  [AttrAudioSize]: audioSize,
}));

/** `stt.response`: speech has become `text`, of which the length in UTF-8 bytes is kept. */
export const instrumentSTTResponse = /* @__PURE__ */ helper('stt.response', (provider: string, text: string) => ({
  [AttrSTTProvider]: provider,
  [AttrTextLength]: utf8Length(text),
}));

/** `tts.request`: `text` is to become speech; its length in UTF-8 bytes is kept. */
export const instrumentTTSRequest = /* @__PURE__ */ helper(
  'tts.request',
  (provider: string, voice: string, text: string) => ({
    [AttrTTSProvider]: provider,
    [AttrTTSVoice]: voice,
    [AttrTextLength]: utf8Length(text),
  }),
);

/** `tts.response`: text has become `audioSize` bytes of speech. */
export const instrumentTTSResponse = /* @__PURE__ */ helper('tts.response', (provider: string, audioSize: number) => ({
  [AttrTTSProvider]: provider,
  [AttrAudioSize]: audioSize,
}));
