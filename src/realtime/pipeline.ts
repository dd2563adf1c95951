import type { Attributes } from '../core/attributes.ts';
import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import type { Span } from '../core/span.ts';
import { isSpanContextValid } from '../core/span-context.ts';
import { runSpan, startSpan } from '../trace.ts';
import { audioAttrs, videoAttrs } from './attributes.ts';
import { type Instrument, type InstrumentOptions, instrument, type SpanCallback, startOptions } from './instrument.ts';
import {
  byteLengthOf,
  linkMessage,
  MessageType,
  type PipelineMessage,
  setSpanOfMessage,
  spanOfMessage,
} from './message.ts';
import { AttrMessageType, AttrPipelineElement, AttrPipelineName, AttrSessionID, AttrTextDataSize } from './names.ts';

/** Options of `instrumentElementProcess`. */
export interface ElementProcessOptions extends InstrumentOptions {
  /**
   * True makes this element's span the parent of the next element's; otherwise the spans of all elements that a
   * message passes are siblings under its push. Default: false.
   */
  chain?: boolean;
}

type MaybeCallback<Options> = Options | SpanCallback<unknown> | undefined;

/** `pipeline.<name>.start`: a pipeline starts. */
export const instrumentPipelineStart = ((
  pipelineName: string,
  options?: MaybeCallback<InstrumentOptions>,
  callback?: SpanCallback<unknown>,
) =>
  instrument(`pipeline.${pipelineName}.start`, { [AttrPipelineName]: pipelineName }, options, callback)) as Instrument<
  [pipelineName: string]
>;

/** `pipeline.<name>.stop`: a pipeline stops. */
export const instrumentPipelineStop = ((
  pipelineName: string,
  options?: MaybeCallback<InstrumentOptions>,
  callback?: SpanCallback<unknown>,
) =>
  instrument(`pipeline.${pipelineName}.stop`, { [AttrPipelineName]: pipelineName }, options, callback)) as Instrument<
  [pipelineName: string]
>;

/**
 * `pipeline.<name>.push`: a message enters a pipeline. The span's context stays with the message: further spans about
 * it are its children, whatever queue it comes out of.
 */
export const instrumentPipelinePush = ((
  pipelineName: string,
  message: PipelineMessage,
  options?: MaybeCallback<InstrumentOptions>,
  callback?: SpanCallback<unknown>,
) =>
  instrumentMessage(
    `pipeline.${pipelineName}.push`,
    withMessage({ [AttrPipelineName]: pipelineName }, message, false),
    message,
    Carrying.AFRESH,
    options,
    callback,
  )) as Instrument<[pipelineName: string, message: PipelineMessage]>;

/** `pipeline.<name>.pull`: a message is asked of a pipeline. */
export const instrumentPipelinePull = ((
  pipelineName: string,
  options?: MaybeCallback<InstrumentOptions>,
  callback?: SpanCallback<unknown>,
) =>
  instrument(`pipeline.${pipelineName}.pull`, { [AttrPipelineName]: pipelineName }, options, callback)) as Instrument<
  [pipelineName: string]
>;

/** `element.<element>.start`: an element starts. */
export const instrumentElementStart = ((
  elementName: string,
  options?: MaybeCallback<InstrumentOptions>,
  callback?: SpanCallback<unknown>,
) =>
  instrument(`element.${elementName}.start`, { [AttrPipelineElement]: elementName }, options, callback)) as Instrument<
  [elementName: string]
>;

/** `element.<element>.stop`: an element stops. */
export const instrumentElementStop = ((
  elementName: string,
  options?: MaybeCallback<InstrumentOptions>,
  callback?: SpanCallback<unknown>,
) =>
  instrument(`element.${elementName}.stop`, { [AttrPipelineElement]: elementName }, options, callback)) as Instrument<
  [elementName: string]
>;

/**
 * `element.<element>.process`: an element works on a message. Parent is the span the message was pushed under. A
 * message that the callback returns or yields belongs to the same trace from then on.
 */
export const instrumentElementProcess = ((
  elementName: string,
  message: PipelineMessage,
  options?: MaybeCallback<ElementProcessOptions>,
  callback?: SpanCallback<unknown>,
) =>
  instrumentMessage(
    `element.${elementName}.process`,
    withMessage({ [AttrPipelineElement]: elementName }, message, true),
    message,
    typeof options === 'object' && options?.chain === true ? Carrying.CHAINED : Carrying.KEPT,
    options,
    callback,
  )) as Instrument<[elementName: string, message: PipelineMessage], ElementProcessOptions>;

/** What the span of a message does with the context that the message carries. */
const Carrying = {
  /** Its child; the context stays as it is, and is set where there is none. */
  KEPT: 0,
  /** Its child, and the parent of what follows. */
  CHAINED: 1,
  /** Replaces it: a buffer that is used again must not go on with the trace of its last content. */
  AFRESH: 2,
} as const;
type Carrying = (typeof Carrying)[keyof typeof Carrying];

/** Parent: the one that is given, else that of the message, else the active span. */
function instrumentMessage(
  name: string,
  attributes: Attributes,
  message: PipelineMessage,
  carrying: Carrying,
  optionsOrCallback: MaybeCallback<InstrumentOptions>,
  callback: SpanCallback<unknown> | undefined,
): unknown {
  const isCallback = typeof optionsOrCallback === 'function';
  const start = startOptions(attributes, isCallback ? undefined : optionsOrCallback);
  const run = isCallback ? optionsOrCallback : callback;
  const carried = spanOfMessage(message);
  if (carrying !== Carrying.AFRESH) start.parent ??= carried;
  const span = startSpan(name, start);
  if (carrying !== Carrying.KEPT || carried === undefined) setSpanOfMessage(message, passable(span));
  return run === undefined ? span : runSpan(span, start.parent, run, (result) => linkResult(result, message));
}

/** The span, unless it has no identity that could be passed on. */
function passable(span: Span): Span | undefined {
  return span.isRecording() || isSpanContextValid(span.spanContext()) ? span : undefined;
}

/** Messages that come out of a callback belong to the trace of the one that went in, unless they have their own. */
function linkResult(result: unknown, source: PipelineMessage): void {
  try {
    if (Array.isArray(result)) {
      for (const each of result) linkResult(each, source);
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
function withMessage(attributes: Attributes, message: PipelineMessage, inDetail: boolean): Attributes {
  try {
    attributes[AttrSessionID] = message.sessionId;
    attributes[AttrMessageType] = message.type;
    if (!inDetail) return attributes;
    const { type, audioData: audio, videoData: video, textData: text } = message;
    if (type === MessageType.Audio && audio) {
      const { sampleRate, channels, mediaType, codec, data } = audio;
      return Object.assign(attributes, audioAttrs(sampleRate, channels, byteLengthOf(data), mediaType, codec));
    }
    if (type === MessageType.Video && video) {
      const { width, height, mediaType, codec, data } = video;
      return Object.assign(attributes, videoAttrs(width, height, byteLengthOf(data), mediaType, codec));
    }
    if (type === MessageType.Data && text) attributes[AttrTextDataSize] = byteLengthOf(text.data);
  } catch (error) {
    report('message_unreadable', `a message could not be read, its span says less: ${messageOf(error)}`);
  }
  return attributes;
}
