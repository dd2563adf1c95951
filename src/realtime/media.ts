import { helper } from './instrument.ts';

/** Starts an `audio.<operation>` span: an operation on audio. Sizes are in bytes. */
export const instrumentAudioProcessing = /* @__PURE__ */ helper<
  [operation: string, inputSize: number, outputSize: number]
>('audio.$0', ['audio.operation', 'audio.input_size', 'audio.output_size']);

/** Starts a `video.<operation>` span: an operation on video. Sizes are in bytes. */
export const instrumentVideoProcessing = /* @__PURE__ */ helper<
  [operation: string, inputSize: number, outputSize: number]
>('video.$0', ['video.operation', 'video.input_size', 'video.output_size']);
