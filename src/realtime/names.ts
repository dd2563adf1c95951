// The attribute keys of the helpers, in one place, because dashboards query them.

/** Name of a pipeline. */
export const AttrPipelineName = 'pipeline.name';
/** Name of an element of a pipeline. */
export const AttrPipelineElement = 'pipeline.element';
/** Id of the session that a message belongs to. */
export const AttrSessionID = 'session.id';
/** Type of a message: a value of `MessageType`. */
export const AttrMessageType = 'message.type';
/** Direction of a message: `send` or `receive`. */
export const AttrMessageDirection = 'message.direction';
/** Size of a message, in bytes. */
export const AttrMessageSize = 'message.size';

/** Sample rate of audio, in samples per second. */
export const AttrAudioSampleRate = 'audio.sample_rate';
/** Number of channels of audio. */
export const AttrAudioChannels = 'audio.channels';
/** Media type of audio, such as `audio/x-raw`. */
export const AttrAudioMediaType = 'audio.media_type';
/** Codec of audio, such as `opus`. */
export const AttrAudioCodec = 'audio.codec';
/** Size of the audio in a message, in bytes. */
export const AttrAudioDataSize = 'audio.data_size';
/** Size of the audio of a request or response, in bytes. */
export const AttrAudioSize = 'audio.size';
/** Operation on audio, such as `resample`. */
export const AttrAudioOperation = 'audio.operation';
/** Size of audio before an operation, in bytes. */
export const AttrAudioInputSize = 'audio.input_size';
/** Size of audio after an operation, in bytes. */
export const AttrAudioOutputSize = 'audio.output_size';

/** Width of video, in pixels. */
export const AttrVideoWidth = 'video.width';
/** Height of video, in pixels. */
export const AttrVideoHeight = 'video.height';
/** Media type of video, such as `video/x-raw`. */
export const AttrVideoMediaType = 'video.media_type';
/** Codec of video, such as `h264`. */
export const AttrVideoCodec = 'video.codec';
/** Size of the video in a message, in bytes. */
export const AttrVideoDataSize = 'video.data_size';
/** Operation on video, such as `encode`. */
export const AttrVideoOperation = 'video.operation';
/** Size of video before an operation, in bytes. */
export const AttrVideoInputSize = 'video.input_size';
/** Size of video after an operation, in bytes. */
export const AttrVideoOutputSize = 'video.output_size';

/** Size of the text in a message, in bytes. */
export const AttrTextDataSize = 'text.data_size';
/** Length of a text, in UTF-8 bytes. */
export const AttrTextLength = 'text.length';

/** Id of a connection. */
export const AttrConnectionID = 'connection.id';
/** Type of a connection, such as `webrtc` or `websocket`. */
export const AttrConnectionType = 'connection.type';
/** State of a connection, such as `connected`. */
export const AttrConnectionState = 'connection.state';
/** State of a connection before a change. */
export const AttrConnectionOldState = 'connection.old_state';
/** Close code of a connection in its protocol: 1000 for a WebSocket that closed normally. */
export const AttrConnectionCloseCode = 'connection.close_code';
/** Reason given when a connection was closed. */
export const AttrConnectionCloseReason = 'connection.close_reason';
/** True if both sides closed the connection. */
export const AttrConnectionCloseWasClean = 'connection.was_clean';
/** Number of messages that a connection sent until it was closed. */
export const AttrConnectionSentCount = 'connection.sent_count';
/** Size of the messages that a connection sent until it was closed, in bytes. */
export const AttrConnectionSentSize = 'connection.sent_size';
/** Number of messages that a connection received until it was closed. */
export const AttrConnectionReceivedCount = 'connection.received_count';
/** Size of the messages that a connection received until it was closed, in bytes. */
export const AttrConnectionReceivedSize = 'connection.received_size';

/** Provider of a language model, such as `gemini`. */
export const AttrLLMProvider = 'llm.provider';
/** Name of a language model, such as `gemini-2.0-flash`. */
export const AttrLLMModel = 'llm.model';
/** Type of a response, such as `text` or `audio`. */
export const AttrLLMResponseType = 'llm.response_type';
/** Size of a response, in bytes. */
export const AttrResponseDataSize = 'response.data_size';
/** Provider of speech to text, such as `azure`. */
export const AttrSTTProvider = 'stt.provider';
/** Provider of text to speech, such as `azure`. */
export const AttrTTSProvider = 'tts.provider';
/** Voice of text to speech, such as `en-US-Neural`. */
export const AttrTTSVoice = 'tts.voice';

/** Class or code of an error. */
export const AttrErrorType = 'error.type';
/** Message of an error. */
export const AttrErrorMessage = 'error.message';
