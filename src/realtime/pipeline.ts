import type { Attributes } from '../core/attributes.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import type { Span } from '../core/span.ts';
import { isSpanContextValid } from '../core/span-context.ts';
import { runSpan, startSpan } from '../trace.ts';
import {
  callbackOf,
  describedStart,
  helper,
  type Instrument,
  type InstrumentOptions,
  type SpanDescription,
  spanNames,
} from './instrument.ts';
import {
  byteLengthOf,
  linkedSpanOf,
  linkMessage,
  MessageType,
  type PipelineMessage,
  setSpanOfMessage,
  spanOfMessage,
} from './message.ts';
import {
  AttrAudioChannels,
  AttrAudioCodec,
  AttrAudioDataSize,
  AttrAudioMediaType,
  AttrAudioSampleRate,
  AttrMessageType,
  AttrPipelineElement,
  AttrPipelineName,
  AttrSessionID,
  AttrTextDataSize,
  AttrVideoCodec,
  AttrVideoDataSize,
  AttrVideoHeight,
  AttrVideoMediaType,
  AttrVideoWidth,
} from './names.ts';

/** Options of `instrumentElementProcess`. */
export interface ElementProcessOptions extends InstrumentOptions {
  /**
   * True makes this element's span the parent of the next element's; otherwise the spans of all elements that a
   * message passes are siblings under its push. Default: false.
   */
  chain?: boolean;
}

const pipeline = (pipelineName: string): Attributes => ({ [AttrPipelineName]: pipelineName });
const element = (elementName: string): Attributes => ({ [AttrPipelineElement]: elementName });

/** `pipeline.<name>.start`: a pipeline starts. */
export const instrumentPipelineStart = /* @__PURE__ */ helper(
  /* @__PURE__ */ spanNames('pipeline.', '.start'),
  pipeline,
);

/** `pipeline.<name>.stop`: a pipeline stops. */
export const instrumentPipelineStop = /* @__PURE__ */ helper(/* @__PURE__ */ spanNames('pipeline.', '.stop'), pipeline);

/**
 * `pipeline.<name>.push`: a message enters a pipeline. The span's context stays with the message: further spans about
 * it are its children, whatever queue it comes out of.
 */
export const instrumentPipelinePush = /* @__PURE__ */ messageHelper(
  /* @__PURE__ */ spanNames('pipeline.', '.push'),
  (pipelineName, message) => messageAttrs({ [AttrPipelineName]: pipelineName }, message, false),
  true,
) as Instrument<[pipelineName: string, message: PipelineMessage]>;

/** `pipeline.<name>.pull`: a message is asked of a pipeline. */
export const instrumentPipelinePull = /* @__PURE__ */ helper(/* @__PURE__ */ spanNames('pipeline.', '.pull'), pipeline);

/** `element.<element>.start`: an element starts. */
export const instrumentElementStart = /* @__PURE__ */ helper(/* @__PURE__ */ spanNames('element.', '.start'), element);

/** `element.<element>.stop`: an element stops. */
export const instrumentElementStop = /* @__PURE__ */ helper(/* @__PURE__ */ spanNames('element.', '.stop'), element);

/**
 * `element.<element>.process`: an element works on a message. Parent is the span the message was pushed under. A
 * message that the callback returns or yields belongs to the same trace from then on.
 */
export const instrumentElementProcess = /* @__PURE__ */ messageHelper(
  /* @__PURE__ */ spanNames('element.', '.process'),
  (elementName, message) => messageAttrs({ [AttrPipelineElement]: elementName }, message, true),
  false,
) as Instrument<[elementName: string, message: PipelineMessage], ElementProcessOptions>;

/**
 * Makes a helper about a message. Parent: the one that is given, else that of the message, else the active span.
 *
 * The span of a push takes the place of the context that the message carries, as the child of one that came by a link:
 * a message made from another goes on with its trace, a buffer that is used again must not go on with that of its last
 * content. Any other span is the child of what the message carries and leaves it there, unless it is to be chained.
 */
function messageHelper(
  name: (name: string) => string,
  attributes: (name: string, message: PipelineMessage) => Attributes,
  isPush: boolean,
): unknown {
  const description = { name, attributes } as SpanDescription<unknown[]>;
  return (name: string, message: PipelineMessage, optionsOrCallback?: unknown, callback?: unknown): unknown => {
    const start = describedStart(description, optionsOrCallback, name, message);
    const carried = isPush ? linkedSpanOf(message) : spanOfMessage(message);
    start.parent ??= carried;
    const span = startSpan(start.name, start);
    if (isPush || carried === undefined || start.chain === true) setSpanOfMessage(message, passable(span));
    const run = callbackOf(optionsOrCallback, callback);
    return run === undefined ? span : runSpan(span, start.parent, run, (result) => linkResult(result, message));
  };
}

/** The span, unless it has no identity that could be passed on. */
function passable(span: Span): Span | undefined {
  return span.isRecording() || isSpanContextValid(span.spanContext()) ? span : undefined;
}

// More messages than this do not come out of one.
const MAX_LINKED = 1_000;

/** Messages that come out of a callback belong to the trace of the one that went in, unless they have their own. */
function linkResult(result: unknown, source: PipelineMessage): void {
  try {
    if (Array.isArray(result)) {
      // One level and not any number: the array may hold itself.
      for (const each of result.slice(0, MAX_LINKED)) if (!Array.isArray(each)) linkResult(each, source);
    } else if (isMessage(result) && result !== source && spanOfMessage(result) === undefined) {
      linkMessage(result, source);
    }
  } catch {
    // What cannot be read is no message.
  }
}

function isMessage(value: unknown): value is PipelineMessage {
  if (typeof value !== 'object' || value === null) return false;
  const { type, sessionId } = value as PipelineMessage;
  return typeof type === 'number' && typeof sessionId === 'string';
}

/** Adds what the catalogue says of a message; of its content only where `inDetail`. */
function messageAttrs(attributes: Attributes, message: PipelineMessage, inDetail: boolean): Attributes {
  try {
    attributes[AttrSessionID] = message.sessionId;
    attributes[AttrMessageType] = message.type;
    if (inDetail) addContentAttrs(attributes, message);
  } catch (error) {
    report('message_unreadable', messageOf(error));
  }
  return attributes;
}

// Key by key: merging objects by spread or Object.assign costs 100 ns and more a message (Node 20).
function addContentAttrs(attributes: Attributes, message: PipelineMessage): void {
  const { type, audioData: audio, videoData: video, textData: text } = message;
  if (type === MessageType.Audio && audio) {
    attributes[AttrAudioSampleRate] = audio.sampleRate;
    attributes[AttrAudioChannels] = audio.channels;
    attributes[AttrAudioDataSize] = byteLengthOf(audio.data);
    attributes[AttrAudioMediaType] = audio.mediaType;
    attributes[AttrAudioCodec] = audio.codec;
  } else if (type === MessageType.Video && video) {
    attributes[AttrVideoWidth] = video.width;
    attributes[AttrVideoHeight] = video.height;
    attributes[AttrVideoDataSize] = byteLengthOf(video.data);
    attributes[AttrVideoMediaType] = video.mediaType;
    attributes[AttrVideoCodec] = video.codec;
  } else if (type === MessageType.Data && text) {
    attributes[AttrTextDataSize] = byteLengthOf(text.data);
  }
}
