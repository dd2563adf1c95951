import { llmAttrs } from './attributes.ts';
import { type Instrument, type InstrumentOptions, instrument, type SpanCallback } from './instrument.ts';
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

type MaybeCallback = InstrumentOptions | SpanCallback<unknown> | undefined;

/** `llm.request`: a language model is asked. */
export const instrumentLLMRequest = ((
  provider: string,
  model: string,
  options?: MaybeCallback,
  callback?: SpanCallback<unknown>,
) => instrument('llm.request', llmAttrs(provider, model), options, callback)) as Instrument<
  [provider: string, model: string]
>;

/** `llm.response`: a language model answered with `size` bytes of, for instance, `text`. */
export const instrumentLLMResponse = ((
  provider: string,
  model: string,
  responseType: string,
  size: number,
  options?: MaybeCallback,
  callback?: SpanCallback<unknown>,
) =>
  instrument(
    'llm.response',
    {
      [AttrLLMProvider]: provider,
      [AttrLLMModel]: model,
      [AttrLLMResponseType]: responseType,
      [AttrResponseDataSize]: size,
    },
    options,
    callback,
  )) as Instrument<[provider: string, model: string, responseType: string, size: number]>;

/** `stt.request`: `audioSize` bytes of speech are to become text. */
export const instrumentSTTRequest = ((
  provider: string,
  audioSize: number,
  options?: MaybeCallback,
  callback?: SpanCallback<unknown>,
) =>
  instrument(
    'stt.request',
    { [AttrSTTProvider]: provider, [AttrAudioSize]: audioSize },
    options,
    callback,
  )) as Instrument<[provider: string, audioSize: number]>;

/** `stt.response`: speech has become `text`, of which the length in UTF-8 bytes is kept. */
export const instrumentSTTResponse = ((
  provider: string,
  text: string,
  options?: MaybeCallback,
  callback?: SpanCallback<unknown>,
) =>
  instrument(
    'stt.response',
    { [AttrSTTProvider]: provider, [AttrTextLength]: utf8Length(text) },
    options,
    callback,
  )) as Instrument<[provider: string, text: string]>;

/** `tts.request`: `text` is to become speech; its length in UTF-8 bytes is kept. */
export const instrumentTTSRequest = ((
  provider: string,
  voice: string,
  text: string,
  options?: MaybeCallback,
  callback?: SpanCallback<unknown>,
) =>
  instrument(
    'tts.request',
    {
      [AttrTTSProvider]: provider,
      [AttrTTSVoice]: voice,
      [AttrTextLength]: utf8Length(text),
    },
    options,
    callback,
  )) as Instrument<[provider: string, voice: string, text: string]>;

/** `tts.response`: text has become `audioSize` bytes of speech. */
export const instrumentTTSResponse = ((
  provider: string,
  audioSize: number,
  options?: MaybeCallback,
  callback?: SpanCallback<unknown>,
) =>
  instrument(
    'tts.response',
    { [AttrTTSProvider]: provider, [AttrAudioSize]: audioSize },
    options,
    callback,
  )) as Instrument<[provider: string, audioSize: number]>;
