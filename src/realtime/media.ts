import { helper, spanNames } from './instrument.ts';
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
  /* @__PURE__ */ spanNames('audio.', ''),
  (operation: string, inputSize: number, outputSize: number) => ({
    [AttrAudioOperation]: operation,
    [AttrAudioInputSize]: inputSize,
    [AttrAudioOutputSize]: outputSize,
  }),
);

/** `video.<operation>`: an operation on video; sizes in bytes. */
export const instrumentVideoProcessing = /* @__PURE__ */ helper(
  /* @__PURE__ */ spanNames('video.', ''),
  (operation: string, inputSize: number, outputSize: number) => ({
    [AttrVideoOperation]: operation,
    [AttrVideoInputSize]: inputSize,
    [AttrVideoOutputSize]: outputSize,
  }),
);
