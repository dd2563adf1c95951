import type { Attributes } from '../core/attributes.ts';
import {
  AttrAudioChannels,
  AttrAudioCodec,
  AttrAudioDataSize,
  AttrAudioMediaType,
  AttrAudioSampleRate,
  AttrConnectionID,
  AttrConnectionState,
  AttrConnectionType,
  AttrErrorMessage,
  AttrErrorType,
  AttrLLMModel,
  AttrLLMProvider,
  AttrPipelineElement,
  AttrPipelineName,
  AttrSessionID,
  AttrVideoCodec,
  AttrVideoDataSize,
  AttrVideoHeight,
  AttrVideoMediaType,
  AttrVideoWidth,
} from './names.ts';

/** `pipeline.name` and `pipeline.element`. */
export function pipelineAttrs(pipelineName: string, elementName: string): Attributes {
  return { [AttrPipelineName]: pipelineName, [AttrPipelineElement]: elementName };
}

/** `session.id`. */
export function sessionAttrs(sessionId: string): Attributes {
  return { [AttrSessionID]: sessionId };
}

/** The five `audio.*` attributes of a message; the sample rate in hertz, the size in bytes. */
export function audioAttrs(
  sampleRate: number,
  channels: number,
  dataSize: number,
  mediaType: string,
  codec: string,
): Attributes {
  return {
    [AttrAudioSampleRate]: sampleRate,
    [AttrAudioChannels]: channels,
    [AttrAudioDataSize]: dataSize,
    [AttrAudioMediaType]: mediaType,
    [AttrAudioCodec]: codec,
  };
}

/** The five `video.*` attributes of a message; width and height in pixels, the size in bytes. */
export function videoAttrs(
  width: number,
  height: number,
  dataSize: number,
  mediaType: string,
  codec: string,
): Attributes {
  return {
    [AttrVideoWidth]: width,
    [AttrVideoHeight]: height,
    [AttrVideoDataSize]: dataSize,
    [AttrVideoMediaType]: mediaType,
    [AttrVideoCodec]: codec,
  };
}

/** `connection.id`, `connection.type` and `connection.state`. */
export function connectionAttrs(connectionId: string, connectionType: string, state: string): Attributes {
  return { [AttrConnectionID]: connectionId, [AttrConnectionType]: connectionType, [AttrConnectionState]: state };
}

/** `llm.provider` and `llm.model`. */
export function llmAttrs(provider: string, model: string): Attributes {
  return { [AttrLLMProvider]: provider, [AttrLLMModel]: model };
}

/** `error.type` and `error.message`. */
export function errorAttrs(errorType: string, message: string): Attributes {
  return { [AttrErrorType]: errorType, [AttrErrorMessage]: message };
}
