import { type Context, ROOT_CONTEXT, setSpan } from '../core/context.ts';
import type { Span } from '../core/span.ts';
import { utf8Length } from '../core/text.ts';

// As numbers, which bundlers can put in place.
export const AUDIO_MESSAGE = 0;
export const VIDEO_MESSAGE = 1;
export const DATA_MESSAGE = 2;

/** What a {@link PipelineMessage} holds. */
export const MessageType = {
  /** Sound, in `audioData`. */
  Audio: AUDIO_MESSAGE,
  /** Moving pictures, in `videoData`. */
  Video: VIDEO_MESSAGE,
  /** Text and whatever else, in `textData`. */
  Data: DATA_MESSAGE,
  /** Something to be done. */
  Command: 3,
  /** A picture, in `imageData`. */
  Image: 4,
} as const;
/** One of the values of {@link MessageType}. */
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

/** The content of a message: anything with a length in bytes, or a string, which counts as UTF-8. */
export type MessageData =
  | {
      /** How many bytes it has. */
      readonly byteLength: number;
    }
  | string;

/** Audio in a message. */
export interface AudioData {
  /** The samples, encoded as `codec` says. */
  data: MessageData;
  /** Samples a second. */
  sampleRate: number;
  /** 1 is mono, 2 is stereo. Default: nothing is said of it. */
  channels?: number;
  /** Such as `audio/x-raw`. Default: nothing. */
  mediaType?: string;
  /** Such as `pcm` or `opus`. Default: nothing. */
  codec?: string;
}

/** Video in a message. */
export interface VideoData {
  /** The frames, encoded as `codec` says. */
  data: MessageData;
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
  /** Such as `video/x-raw`. Default: nothing. */
  mediaType?: string;
  /** Such as `h264` or `vp8`. Default: nothing. */
  codec?: string;
}

/** Text or other data in a message. */
export interface TextData {
  /** The text, or its bytes. */
  data: MessageData;
  /** Such as `transcript` or `response`. Default: nothing. */
  textType?: string;
}

/** An image in a message. */
export interface ImageData {
  /** The encoded picture. */
  data: MessageData;
  /** Such as `image/png`. */
  mimeType: string;
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
}

/** What passes from element to element of a pipeline. */
export interface PipelineMessage {
  /** One of `MessageType`, or a number of your own; `message.type` of spans. */
  type: MessageType | number;
  /** The session that it belongs to; `session.id` of spans. */
  sessionId: string;
  /** `Date`, or Unix time in milliseconds. */
  timestamp?: Date | number;
  /** Set for audio. */
  audioData?: AudioData;
  /** Set for video. */
  videoData?: VideoData;
  /** Set for text. */
  textData?: TextData;
  /** There is a picture in it. */
  imageData?: ImageData;
  /** What else travels along, such as the headers of `inject`. */
  metadata?: Record<string, unknown>;
}

// A property costs 9 ns a message and goes along when a message is copied by spread; a WeakMap costs 400 to 900, so it
// serves only messages that cannot be extended, and comes about with the first of them.
const SPAN_KEY = Symbol.for('@realtime-ai/trace message span');
// The span that came by a link, where it did; a push goes on with that one and not with the last push of a buffer.
const LINK_KEY = Symbol.for('@realtime-ai/trace message link');
let sealed: WeakMap<object, Span | undefined> | undefined;

type Carrier = { [SPAN_KEY]?: Span; [LINK_KEY]?: Span };

/** The span whose trace a message belongs to; `undefined` where it has met none. */
export function spanOfMessage(message: PipelineMessage): Span | undefined {
  try {
    // The map first: a message may have been frozen with a span that is no longer its own.
    return sealed?.has(message) ? sealed.get(message) : (message as Carrier)[SPAN_KEY];
  } catch {
    return undefined;
  }
}

/** Makes `span` the one that a message's further spans belong to; without one it belongs to none. */
export function setSpanOfMessage(message: PipelineMessage, span: Span | undefined): void {
  if (typeof message !== 'object' || message === null) return;
  try {
    // A message that never had one is not touched where there is nothing to keep.
    if (span !== spanOfMessage(message)) (message as Carrier)[SPAN_KEY] = span;
  } catch {
    sealed ??= new WeakMap();
    sealed.set(message, span);
  }
}

/** The span of a message that has come by a link and has not been pushed since; `undefined` where there is none. */
export function linkedSpanOf(message: PipelineMessage): Span | undefined {
  try {
    const { [LINK_KEY]: span } = message as Carrier;
    return span === spanOfMessage(message) ? span : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Gives a message the trace context of another that it was made from. What a helper's callback returns is linked by
 * itself; this is for messages that come about otherwise.
 */
export function linkMessage(derived: PipelineMessage, source: PipelineMessage): void {
  const span = spanOfMessage(source);
  setSpanOfMessage(derived, span);
  if (span === undefined) return;
  try {
    (derived as Carrier)[LINK_KEY] = span;
  } catch {
    // Sealed: it has the context all the same, and only a push of it starts over.
  }
}

/**
 * The context that a message carries, for `{ parent }` and for `inject`, which takes it to another process in the
 * message's metadata; the empty context where it carries none.
 */
export function contextOfMessage(message: PipelineMessage): Context {
  const span = spanOfMessage(message);
  return span === undefined ? ROOT_CONTEXT : setSpan(ROOT_CONTEXT, span);
}

/** Bytes of a message's content; a string counts as UTF-8. */
export function byteLengthOf(data: MessageData | undefined): number {
  if (typeof data === 'string') return utf8Length(data);
  return data?.byteLength ?? 0;
}
