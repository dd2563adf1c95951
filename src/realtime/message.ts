import { type Context, ROOT_CONTEXT, setSpan } from '../core/context.ts';
import type { Span } from '../core/span.ts';
import { utf8Length } from '../core/text.ts';

// Plain numbers, which bundlers can inline.
export const AUDIO_MESSAGE = 0;
export const VIDEO_MESSAGE = 1;
export const DATA_MESSAGE = 2;

/** The types of a {@link PipelineMessage}, by what it holds. */
export const MessageType = {
  /** Audio, in `audioData`. */
  Audio: AUDIO_MESSAGE,
  /** Video, in `videoData`. */
  Video: VIDEO_MESSAGE,
  /** Text or other data, in `textData`. */
  Data: DATA_MESSAGE,
  /** A command. */
  Command: 3,
  /** An image, in `imageData`. */
  Image: 4,
} as const;
/** One of the values of {@link MessageType}. */
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

/** The content of a message: anything with a length in bytes, or a string, which is measured as UTF-8. */
export type MessageData =
  | {
      /** The length in bytes. */
      readonly byteLength: number;
    }
  | string;

/** Audio in a message. */
export interface AudioData {
  /** The samples, in the encoding that `codec` names. */
  data: MessageData;
  /** The sample rate in samples per second. */
  sampleRate: number;
  /** The number of channels: 1 is mono, 2 is stereo. Default: not recorded. */
  channels?: number;
  /** The media type, such as `audio/x-raw`. Default: not recorded. */
  mediaType?: string;
  /** The codec, such as `pcm` or `opus`. Default: not recorded. */
  codec?: string;
}

/** Video in a message. */
export interface VideoData {
  /** The frames, in the encoding that `codec` names. */
  data: MessageData;
  /** The width in pixels. */
  width: number;
  /** The height in pixels. */
  height: number;
  /** The media type, such as `video/x-raw`. Default: not recorded. */
  mediaType?: string;
  /** The codec, such as `h264` or `vp8`. Default: not recorded. */
  codec?: string;
}

/** Text or other data in a message. */
export interface TextData {
  /** The text, or its bytes. */
  data: MessageData;
  /** The kind of text, such as `transcript` or `response`. Default: none. */
  textType?: string;
}

/** An image in a message. */
export interface ImageData {
  /** The encoded image. */
  data: MessageData;
  /** The MIME type, such as `image/png`. */
  mimeType: string;
  /** The width in pixels. */
  width: number;
  /** The height in pixels. */
  height: number;
}

/** A message that passes from element to element of a pipeline. */
export interface PipelineMessage {
  /** One of `MessageType`, or a number of your own. Spans record it as `message.type`. */
  type: MessageType | number;
  /** The session that the message belongs to. Spans record it as `session.id`. */
  sessionId: string;
  /** A `Date`, or Unix time in milliseconds. */
  timestamp?: Date | number;
  /** Set for audio. */
  audioData?: AudioData;
  /** Set for video. */
  videoData?: VideoData;
  /** Set for text. */
  textData?: TextData;
  /** Set for images. */
  imageData?: ImageData;
  /** Anything else that travels with the message, such as the headers that `inject` writes. */
  metadata?: Record<string, unknown>;
}

// A property costs 9 ns per message and is copied when a message is spread. A WeakMap costs 400 to 900 ns, so it serves
// only messages that cannot be extended, and is created with the first of them.
const SPAN_KEY = Symbol.for('@realtime-ai/trace message span');
// The span that came by a link, if one did. A push continues its trace, but not that of a reused buffer's last push.
const LINK_KEY = Symbol.for('@realtime-ai/trace message link');
let sealed: WeakMap<object, Span | undefined> | undefined;

type Carrier = { [SPAN_KEY]?: Span; [LINK_KEY]?: Span };

/** The span whose trace a message belongs to; `undefined` if there is none. */
export function spanOfMessage(message: PipelineMessage): Span | undefined {
  try {
    // The map first, because a message may have been frozen with a span that is no longer its own.
    return sealed?.has(message) ? sealed.get(message) : (message as Carrier)[SPAN_KEY];
  } catch {
    return undefined;
  }
}

/** Makes `span` the span that a message belongs to from now on; with `undefined`, the message belongs to none. */
export function setSpanOfMessage(message: PipelineMessage, span: Span | undefined): void {
  if (typeof message !== 'object' || message === null) return;
  try {
    // A message that has no span and gets none is left untouched.
    if (span !== spanOfMessage(message)) (message as Carrier)[SPAN_KEY] = span;
  } catch {
    sealed ??= new WeakMap();
    sealed.set(message, span);
  }
}

/** The span that a message got by a link, if it has not been pushed since; otherwise `undefined`. */
export function linkedSpanOf(message: PipelineMessage): Span | undefined {
  try {
    const { [LINK_KEY]: span } = message as Carrier;
    return span === spanOfMessage(message) ? span : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Gives a message the trace context of the message that it was made from. Messages that a helper's callback returns are
 * linked automatically; this is for messages that are made in another way.
 */
export function linkMessage(derived: PipelineMessage, source: PipelineMessage): void {
  const span = spanOfMessage(source);
  setSpanOfMessage(derived, span);
  if (span === undefined) return;
  try {
    (derived as Carrier)[LINK_KEY] = span;
  } catch {
    // A sealed message still has the context. Only a push of it does not continue the trace.
  }
}

/**
 * Returns the context that a message carries, or the empty context if it carries none. Pass it as `{ parent }`, or to
 * `inject` to send it to another process in the message's metadata.
 */
export function contextOfMessage(message: PipelineMessage): Context {
  const span = spanOfMessage(message);
  return span === undefined ? ROOT_CONTEXT : setSpan(ROOT_CONTEXT, span);
}

/** The bytes of a message's content; a string is measured as UTF-8. */
export function byteLengthOf(data: MessageData | undefined): number {
  if (typeof data === 'string') return utf8Length(data);
  return data?.byteLength ?? 0;
}
