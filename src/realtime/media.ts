import { helper } from './instrument.ts';

/** `audio.<operation>`: an operation on audio; sizes in bytes. */
export const instrumentAudioProcessing = /* @__PURE__ */ helper<
  [operation: string, inputSize: number, outputSize: number]
>('audio.$0', ['audio.operation', 'audio.input_size', 'audio.output_size']);

/** `video.<operation>`: an operation on video; sizes in bytes. */
export const instrumentVideoProcessing = /* @__PURE__ */ helper<
  [operation: string, inputSize: number, outputSize: number]
>('video.$0', ['video.operation', 'video.input_size', 'video.output_size']);
