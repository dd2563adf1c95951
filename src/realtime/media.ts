import { helper, spanNames } from './instrument.ts';
import {
  AttrAudioInputSize,
  AttrAudioOperation,
  AttrAudioOutputSize,
  AttrVideoInputSize,
  AttrVideoOperation,
  AttrVideoOutputSize,
} from './names.ts';

const audioName = /* @__PURE__ */ spanNames('audio.', '');
const videoName = /* @__PURE__ */ spanNames('video.', '');

/** `audio.<operation>`: an operation on audio; sizes in bytes. */
export const instrumentAudioProcessing = /* @__PURE__ */ helper(
  (operation: string, inputSize: number, outputSize: number) => ({
    name: audioName(operation),
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
    name: videoName(operation),
    attributes: {
      [AttrVideoOperation]: operation,
      [AttrVideoInputSize]: inputSize,
      [AttrVideoOutputSize]: outputSize,
    },
  }),
);
