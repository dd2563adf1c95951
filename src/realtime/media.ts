import { helper } from './instrument.ts';
import {
  AttrAudioInputSize,
  AttrAudioOperation,
  AttrAudioOutputSize,
  AttrVideoInputSize,
  AttrVideoOperation,
  AttrVideoOutputSize,
} from './names.ts';

/** `audio.<operation>`: an operation on audio; sizes in bytes. */
export const instrumentAudioProcessing = /* @__PURE__ */ helper(
  (operation: string, inputSize: number, outputSize: number) => ({
    name: `audio.${operation}`,
    attributes: {
      [AttrAudioOperation]: operation,
      [AttrAudioInputSize]: inputSize,
      [AttrAudioOutputSize]: outputSize,
    },
  }),
);

/** `video.<operation>`: an operation on video; sizes in bytes. */
export const instrumentVideoProcessing = /* @__PURE__ */ helper(
  (operation: string, inputSize: number, outputSize: number) => ({
    name: `video.${operation}`,
    attributes: {
      [AttrVideoOperation]: operation,
      [AttrVideoInputSize]: inputSize,
      [AttrVideoOutputSize]: outputSize,
    },
  }),
);
