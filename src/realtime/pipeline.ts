import { report } from '../core/diagnostic.ts';
import { messageOf } from '../core/exception.ts';
import type { Span } from '../core/span.ts';
import { isSpanContextValid } from '../core/span-context.ts';
import { isRecording } from '../trace.ts';
import { type AttributeKey, type AttributeKeys, AUDIO, VIDEO } from './attributes.ts';
import {
  type AttributeValues,
  type ElementProcessOptions,
  finishHelper,
  helper,
  type Instrument,
  optionsOf,
  spanNames,
  startHelper,
} from './instrument.ts';
import {
  AUDIO_MESSAGE,
  byteLengthOf,
  DATA_MESSAGE,
  linkedSpanOf,
  linkMessage,
  type PipelineMessage,
  setSpanOfMessage,
  spanOfMessage,
  VIDEO_MESSAGE,
} from './message.ts';

const PIPELINE: AttributeKeys = ['pipeline.name'];
const ELEMENT: AttributeKeys = ['pipeline.element'];
const TEXT: AttributeKeys = ['text.data_size'];

/** Starts a `pipeline.<name>.start` span: a pipeline starts. */
export const instrumentPipelineStart = /* @__PURE__ */ helper<[pipelineName: string]>('pipeline.$0.start', PIPELINE);

/** Starts a `pipeline.<name>.stop` span: a pipeline stops. */
export const instrumentPipelineStop = /* @__PURE__ */ helper<[pipelineName: string]>('pipeline.$0.stop', PIPELINE);

/**
 * Starts a `pipeline.<name>.push` span: a message enters a pipeline. The message keeps the span's context, so further
 * spans about the message are children of this span, whatever queue it comes out of.
 */
export const instrumentPipelinePush = /* @__PURE__ */ messageHelper(
  'pipeline.$0.push',
  'pipeline.name',
  true,
) as Instrument<[pipelineName: string, message: PipelineMessage]>;

/** Starts a `pipeline.<name>.pull` span: a message is requested from a pipeline. */
export const instrumentPipelinePull = /* @__PURE__ */ helper<[pipelineName: string]>('pipeline.$0.pull', PIPELINE);

/** Starts an `element.<element>.start` span: an element starts. */
export const instrumentElementStart = /* @__PURE__ */ helper<[elementName: string]>('element.$0.start', ELEMENT);

/** Starts an `element.<element>.stop` span: an element stops. */
export const instrumentElementStop = /* @__PURE__ */ helper<[elementName: string]>('element.$0.stop', ELEMENT);

/**
 * Starts an `element.<element>.process` span: an element works on a message. Its parent is the span under which the
 * message was pushed. A message that the callback returns or yields belongs to the same trace from then on.
 */
export const instrumentElementProcess = /* @__PURE__ */ messageHelper(
  'element.$0.process',
  'pipeline.element',
  false,
) as Instrument<[elementName: string, message: PipelineMessage], ElementProcessOptions>;

/**
 * Makes a helper about a message. The parent is the given one, else the span of the message, else the active span.
 *
 * The span of a push replaces the span that the message carries, and is a child of it only if that came by a link: a
 * message made from another continues its trace, but a reused buffer must not continue the trace of its last content.
 * Any other span is a child of the span that the message carries, and does not replace it unless it is chained.
 */
function messageHelper(template: string, key: AttributeKey, isPush: boolean): unknown {
  const nameOf = spanNames(template);
  const keys: AttributeKeys = [key, 'session.id', 'message.type'];
  // By type of message.
  const detailed = isPush ? [] : [AUDIO, VIDEO, TEXT].map((content) => [...keys, ...content]);
  return (name: string, message: PipelineMessage, given?: unknown, callback?: unknown): unknown => {
    const options = optionsOf(given) ?? { parent: undefined, chain: undefined };
    const carried = isPush ? linkedSpanOf(message) : spanOfMessage(message);
    options.parent ??= carried;
    const values = isRecording() ? valuesOf(name, message, isPush) : [name];
    const span = startHelper(nameOf, values.length > 3 ? detailed[values[2] as number] : keys, values, options);
    if (isPush || carried === undefined || options.chain === true) setSpanOfMessage(message, passable(span));
    return finishHelper(span, options, given, callback, (result) => linkResult(result, message));
  };
}

/** The span, unless it has no identity to pass on. */
function passable(span: Span): Span | undefined {
  return span.isRecording() || isSpanContextValid(span.spanContext()) ? span : undefined;
}

// How many messages of one result are linked at most.
const MAX_LINKED = 1_000;

/** Links messages that come out of a callback to the one that went in, unless they have a trace of their own. */
function linkResult(result: unknown, source: PipelineMessage): void {
  try {
    if (Array.isArray(result)) {
      // Only one level deep, because an array may contain itself.
      for (const each of result.slice(0, MAX_LINKED)) if (!Array.isArray(each)) linkResult(each, source);
      return;
    }
    const { type, sessionId } = Object(result) as PipelineMessage;
    const isMessage = typeof type === 'number' && typeof sessionId === 'string';
    if (isMessage && result !== source && spanOfMessage(result as PipelineMessage) === undefined) {
      linkMessage(result as PipelineMessage, source);
    }
  } catch {
    // A value that cannot be read is not a message.
  }
}

/** The attribute values of a message, including those of its content unless it is pushed. Never throws. */
function valuesOf(name: string, message: PipelineMessage, isPush: boolean): AttributeValues {
  try {
    const { type, sessionId } = message;
    if (isPush) return [name, sessionId, type];
    const { audioData, videoData, textData } = message;
    // Array literals, because an array that grows takes 50 ns more.
    if (type === AUDIO_MESSAGE && audioData) {
      const { sampleRate, channels, data, mediaType, codec } = audioData;
      return [name, sessionId, type, sampleRate, channels, byteLengthOf(data), mediaType, codec];
    }
    if (type === VIDEO_MESSAGE && videoData) {
      const { width, height, data, mediaType, codec } = videoData;
      return [name, sessionId, type, width, height, byteLengthOf(data), mediaType, codec];
    }
    return type === DATA_MESSAGE && textData
      ? [name, sessionId, type, byteLengthOf(textData.data)]
      : [name, sessionId, type];
  } catch (error) {
    report('message_unreadable', message ? messageOf(error) : `the message is ${String(message)}`);
    return [name];
  }
}
