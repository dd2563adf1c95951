import { type Instrument, type InstrumentOptions, instrument, type SpanCallback } from './instrument.ts';
import {
  AttrAudioInputSize,
  AttrAudioOperation,
  AttrAudioOutputSize,
  AttrVideoInputSize,
  AttrVideoOperation,
  AttrVideoOutputSize,
} from './names.ts';

type MaybeCallback = InstrumentOptions | SpanCallback<unknown> | undefined;

/** `audio.<operation>`: an operation on audio; sizes in bytes. */
export const instrumentAudioProcessing = ((
  operation: string,
  inputSize: number,
  outputSize: number,
  options?: MaybeCallback,
  callback?: SpanCallback<unknown>,
) =>
  instrument(
    `audio.${operation}`,
    {
      [AttrAudioOperation]: operation,
      [AttrAudioInputSize]: inputSize,
      [AttrAudioOutputSize]: outputSize,
    },
    options,
    callback,
  )) as Instrument<[operation: string, inputSize: number, outputSize: number]>;

/** `video.<operation>`: an operation on video; sizes in bytes. */
export const instrumentVideoProcessing = ((
  operation: string,
  inputSize: number,
  outputSize: number,
  options?: MaybeCallback,
  callback?: SpanCallback<unknown>,
) =>
  instrument(
    `video.${operation}`,
    {
      [AttrVideoOperation]: operation,
      [AttrVideoInputSize]: inputSize,
      [AttrVideoOutputSize]: outputSize,
    },
    options,
    callback,
  )) as Instrument<[operation: string, inputSize: number, outputSize: number]>;
