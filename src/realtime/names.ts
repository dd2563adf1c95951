// The attribute keys of the helpers, in one place, because dashboards query by them.

/** Name of a pipeline. */
export const AttrPipelineName = 'pipeline.name';
/** Name of an element of a pipeline. */
export const AttrPipelineElement = 'pipeline.element';
/** Session that a message belongs to. */
export const AttrSessionID = 'session.id';
/** What a message holds: a value of `MessageType`. */
export const AttrMessageType = 'message.type';
/** `send` or `receive`. */
export const AttrMessageDirection = 'message.direction';
/** Bytes of a message. */
export const AttrMessageSize = 'message.size';

/** Samples a second. */
export const AttrAudioSampleRate = 'audio.sample_rate';
/** Channels. */
export const AttrAudioChannels = 'audio.channels';
/** Such as `audio/x-raw`. */
export const AttrAudioMediaType = 'audio.media_type';
/** Such as `opus`. */
export const AttrAudioCodec = 'audio.codec';
/** Bytes of audio in a message. */
export const AttrAudioDataSize = 'audio.data_size';
/** Bytes of audio of a request or response. */
export const AttrAudioSize = 'audio.size';
/** Such as `resample`. */
export const AttrAudioOperation = 'audio.operation';
/** Bytes before an operation. */
export const AttrAudioInputSize = 'audio.input_size';
/** Bytes after an operation. */
export const AttrAudioOutputSize = 'audio.output_size';

/** Pixels. */
export const AttrVideoWidth = 'video.width';
/** Pixels. */
export const AttrVideoHeight = 'video.height';
/** Such as `video/x-raw`. */
export const AttrVideoMediaType = 'video.media_type';
/** Such as `h264`. */
export const AttrVideoCodec = 'video.codec';
/** Bytes of video in a message. */
export const AttrVideoDataSize = 'video.data_size';
/** Such as `encode`. */
export const AttrVideoOperation = 'video.operation';
/** Bytes before an operation. */
export const AttrVideoInputSize = 'video.input_size';
/** Bytes after an operation. */
export const AttrVideoOutputSize = 'video.output_size';

/** Bytes of text in a message. */
export const AttrTextDataSize = 'text.data_size';
/** Bytes of a text as UTF-8. */
export const AttrTextLength = 'text.length';

/** Id of a connection. */
export const AttrConnectionID = 'connection.id';
/** Such as `webrtc` or `websocket`. */
export const AttrConnectionType = 'connection.type';
/** Such as `connected`. */
export const AttrConnectionState = 'connection.state';
/** The state before a change. */
export const AttrConnectionOldState = 'connection.old_state';
/** Why a connection was closed, as a number of its protocol: 1000 for a WebSocket that was done. */
export const AttrConnectionCloseCode = 'connection.close_code';
/** The same in words. */
export const AttrConnectionCloseReason = 'connection.close_reason';
/** True where both sides have closed it. */
export const AttrConnectionCloseWasClean = 'connection.was_clean';
/** Messages sent by a connection until it was closed. */
export const AttrConnectionSentCount = 'connection.sent_count';
/** Bytes of these. */
export const AttrConnectionSentSize = 'connection.sent_size';
/** Messages received by a connection until it was closed. */
export const AttrConnectionReceivedCount = 'connection.received_count';
/** Bytes of these. */
export const AttrConnectionReceivedSize = 'connection.received_size';

/** Such as `gemini`. */
export const AttrLLMProvider = 'llm.provider';
/** Such as `gemini-2.0-flash`. */
export const AttrLLMModel = 'llm.model';
/** Such as `text` or `audio`. */
export const AttrLLMResponseType = 'llm.response_type';
/** Bytes of a response. */
export const AttrResponseDataSize = 'response.data_size';
/** Such as `azure`. */
export const AttrSTTProvider = 'stt.provider';
/** Such as `azure`. */
export const AttrTTSProvider = 'tts.provider';
/** Such as `en-US-Neural`. */
export const AttrTTSVoice = 'tts.voice';

/** Class or code of an error. */
export const AttrErrorType = 'error.type';
/** Message of an error. */
export const AttrErrorMessage = 'error.message';
