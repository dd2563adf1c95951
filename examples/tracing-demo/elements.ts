import {
  addEvent,
  instrumentAudioProcessing,
  instrumentLLMRequest,
  instrumentLLMResponse,
  type PipelineMessage,
  type Span,
  setAttributes,
} from '@realtime-ai/trace';
import { streamAnswer } from './llm.ts';
import { log } from './log.ts';
import { createPacer } from './pacer.ts';
import { decodePcm, encodePcm, levelDbfs, splitFrames } from './pcm.ts';
import { createResampler } from './resample.ts';

/** One step of the pipeline. It gets the span in which it runs, and returns the message for the next step. */
export interface Element {
  name: string;
  process(message: PipelineMessage, span: Span): Promise<PipelineMessage>;
}

const FRAME_LENGTH = 320; // 20 ms at 16 kHz

/** Resamples speech from 48 kHz, the rate of microphones, to 16 kHz, the rate of speech models. */
export function resampleElement(): Element {
  const resample = createResampler();
  return {
    name: 'resample',
    async process(message, span) {
      const audio = audioOf(message);
      if (audio.sampleRate !== 48_000) {
        throw new RangeError(`cannot resample from ${audio.sampleRate} Hz, only from 48000 Hz`);
      }
      const size = audio.data.byteLength;
      const samples = instrumentAudioProcessing('resample', size, size / 3, () => resample(decodePcm(audio.data)));
      for (const [index, frame] of splitFrames(samples, FRAME_LENGTH).entries()) {
        addEvent(span, 'audio.frame', {
          'frame.index': index,
          'frame.size': frame.byteLength,
          'frame.level_dbfs': levelDbfs(frame),
        });
      }
      return { ...message, audioData: { ...audio, data: encodePcm(samples), sampleRate: 16_000 } };
    },
  };
}

/** Lets a model answer the speech. */
export function llmElement(): Element {
  return {
    name: 'llm',
    async process(message) {
      const { data, sampleRate } = audioOf(message);
      const answer = await instrumentLLMRequest('demo', 'echo-1', async (span) => {
        let text = '';
        for await (const token of streamAnswer(decodePcm(data), sampleRate)) {
          if (text === '') addEvent(span, 'llm.first_token');
          text += token;
        }
        return text;
      });
      instrumentLLMResponse('demo', 'echo-1', 'text', Buffer.byteLength(answer)).end();
      log(`llm: ${answer}`);
      // A real agent would speak the answer; this one plays the caller's own words back.
      return message;
    },
  };
}

/** Plays audio at the speed of speech, however fast it is produced. */
export function audioPacerElement(): Element {
  const pace = createPacer(20);
  return {
    name: 'audio-pacer',
    async process(message, span) {
      let played = 0;
      for await (const frame of pace(splitFrames(decodePcm(audioOf(message).data), FRAME_LENGTH))) {
        played += frame.byteLength; // here a real agent sends the frame to the caller
      }
      setAttributes(span, { 'audio.played_size': played });
      log(`audio-pacer: played ${played} bytes`);
      return message;
    },
  };
}

function audioOf(message: PipelineMessage) {
  const audio = message.audioData;
  if (!(audio?.data instanceof Uint8Array)) throw new TypeError('the message carries no audio');
  return { ...audio, data: audio.data };
}
