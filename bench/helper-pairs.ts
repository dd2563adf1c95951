import {
  instrumentAudioProcessing,
  instrumentConnectionCreated,
  instrumentConnectionMessage,
  instrumentConnectionStateChange,
  instrumentElementProcess,
  instrumentElementStart,
  instrumentLLMRequest,
  instrumentLLMResponse,
  instrumentPipelinePull,
  instrumentPipelinePush,
  instrumentSTTRequest,
  instrumentSTTResponse,
  instrumentTTSRequest,
  instrumentTTSResponse,
  instrumentVideoProcessing,
  MessageType,
  type PipelineMessage,
  type Span,
  startSpan,
  withSpan,
} from '@realtime-ai/trace';

/** A helper, and the plain `startSpan` that makes the same span. */
export interface HelperPair {
  readonly name: string;
  helper(): void;
  plain(): void;
}

const SENTENCE = 'And what will the weather be like tomorrow?';

/** Returns all pairs. Call `initialize` first, because messages in the pipeline carry a span. */
export function helperPairs(): HelperPair[] {
  const message = (): PipelineMessage => ({
    type: MessageType.Audio,
    sessionId: 'session-4711',
    timestamp: 0,
    audioData: { data: new Uint8Array(640), sampleRate: 16_000, channels: 1, mediaType: 'audio/x-raw', codec: 'pcm' },
  });
  const pushed = message();
  const carried = message();
  const carriedSpan = instrumentPipelinePush('voice', carried);
  carriedSpan.end();
  const inside = (span: Span) => span.isRecording();

  return [
    {
      name: 'instrumentLLMRequest',
      helper: () => instrumentLLMRequest('gemini', 'gemini-2.0-flash').end(),
      plain: () =>
        startSpan('llm.request', {
          attributes: { 'llm.provider': 'gemini', 'llm.model': 'gemini-2.0-flash' },
        }).end(),
    },
    {
      name: 'instrumentLLMRequest with a callback, compared with withSpan',
      helper: () => void instrumentLLMRequest('gemini', 'gemini-2.0-flash', inside),
      plain: () =>
        void withSpan(
          'llm.request',
          { attributes: { 'llm.provider': 'gemini', 'llm.model': 'gemini-2.0-flash' } },
          inside,
        ),
    },
    {
      name: 'instrumentLLMResponse',
      helper: () => instrumentLLMResponse('gemini', 'gemini-2.0-flash', 'text', 812).end(),
      plain: () =>
        startSpan('llm.response', {
          attributes: {
            'llm.provider': 'gemini',
            'llm.model': 'gemini-2.0-flash',
            'llm.response_type': 'text',
            'response.data_size': 812,
          },
        }).end(),
    },
    {
      name: 'instrumentSTTRequest',
      helper: () => instrumentSTTRequest('azure', 32_000).end(),
      plain: () => startSpan('stt.request', { attributes: { 'stt.provider': 'azure', 'audio.size': 32_000 } }).end(),
    },
    {
      name: 'instrumentSTTResponse',
      helper: () => instrumentSTTResponse('azure', SENTENCE).end(),
      plain: () => startSpan('stt.response', { attributes: { 'stt.provider': 'azure', 'text.length': 43 } }).end(),
    },
    {
      name: 'instrumentTTSRequest',
      helper: () => instrumentTTSRequest('azure', 'en-US-Neural', SENTENCE).end(),
      plain: () =>
        startSpan('tts.request', {
          attributes: { 'tts.provider': 'azure', 'tts.voice': 'en-US-Neural', 'text.length': 43 },
        }).end(),
    },
    {
      name: 'instrumentTTSResponse',
      helper: () => instrumentTTSResponse('azure', 64_000).end(),
      plain: () => startSpan('tts.response', { attributes: { 'tts.provider': 'azure', 'audio.size': 64_000 } }).end(),
    },
    {
      name: 'instrumentAudioProcessing',
      helper: () => instrumentAudioProcessing('resample', 960, 320).end(),
      plain: () =>
        startSpan('audio.resample', {
          attributes: { 'audio.operation': 'resample', 'audio.input_size': 960, 'audio.output_size': 320 },
        }).end(),
    },
    {
      name: 'instrumentVideoProcessing',
      helper: () => instrumentVideoProcessing('encode', 614_400, 12_000).end(),
      plain: () =>
        startSpan('video.encode', {
          attributes: { 'video.operation': 'encode', 'video.input_size': 614_400, 'video.output_size': 12_000 },
        }).end(),
    },
    {
      name: 'instrumentPipelinePush with an audio message',
      helper: () => instrumentPipelinePush('voice', pushed).end(),
      plain: () =>
        startSpan('pipeline.voice.push', {
          attributes: { 'pipeline.name': 'voice', 'session.id': 'session-4711', 'message.type': 0 },
        }).end(),
    },
    {
      name: 'instrumentPipelinePull',
      helper: () => instrumentPipelinePull('voice').end(),
      plain: () => startSpan('pipeline.voice.pull', { attributes: { 'pipeline.name': 'voice' } }).end(),
    },
    {
      name: 'instrumentElementStart',
      helper: () => instrumentElementStart('vad').end(),
      plain: () => startSpan('element.vad.start', { attributes: { 'pipeline.element': 'vad' } }).end(),
    },
    {
      name: 'instrumentElementProcess with an audio message',
      helper: () => instrumentElementProcess('vad', carried).end(),
      plain: () =>
        startSpan('element.vad.process', {
          parent: carriedSpan,
          attributes: {
            'pipeline.element': 'vad',
            'session.id': 'session-4711',
            'message.type': 0,
            'audio.sample_rate': 16_000,
            'audio.channels': 1,
            'audio.data_size': 640,
            'audio.media_type': 'audio/x-raw',
            'audio.codec': 'pcm',
          },
        }).end(),
    },
    {
      name: 'instrumentConnectionCreated',
      helper: () => instrumentConnectionCreated('connection-1', 'webrtc').end(),
      plain: () =>
        startSpan('connection.created', {
          attributes: {
            'connection.id': 'connection-1',
            'connection.type': 'webrtc',
            'connection.state': 'created',
          },
        }).end(),
    },
    {
      name: 'instrumentConnectionStateChange',
      helper: () => instrumentConnectionStateChange('connection-1', 'webrtc', 'connecting', 'connected').end(),
      plain: () =>
        startSpan('connection.state_change', {
          attributes: {
            'connection.id': 'connection-1',
            'connection.type': 'webrtc',
            'connection.state': 'connected',
            'connection.old_state': 'connecting',
          },
        }).end(),
    },
    {
      name: 'instrumentConnectionMessage',
      helper: () => instrumentConnectionMessage('connection-1', 'webrtc', 'send', 640).end(),
      plain: () =>
        startSpan('connection.message.send', {
          attributes: {
            'connection.id': 'connection-1',
            'connection.type': 'webrtc',
            'connection.state': 'active',
            'message.direction': 'send',
            'message.size': 640,
          },
        }).end(),
    },
  ];
}
