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

/** `pipeline.<name>.start`: a pipeline starts. */
export const instrumentPipelineStart = /* @__PURE__ */ helper<[pipelineName: string]>('pipeline.$0.start', PIPELINE);

/** `pipeline.<name>.stop`: a pipeline stops. */
export const instrumentPipelineStop = /* @__PURE__ */ helper<[pipelineName: string]>('pipeline.$0.stop', PIPELINE);

/**
 * `pipeline.<name>.push`: a message enters a pipeline. The span's context stays with the message: further spans about
 * it are its children, whatever queue it comes out of.
 */
export const instrumentPipelinePush = /* @__PURE__ */ messageHelper(
  'pipeline.$0.push',
  'pipeline.name',
  true,
) as Instrument<[pipelineName: string, message: PipelineMessage]>;

/** `pipeline.<name>.pull`: a message is asked of a pipeline. */
export const instrumentPipelinePull = /* @__PURE__ */ helper<[pipelineName: string]>('pipeline.$0.pull', PIPELINE);

/** `element.<element>.start`: an element starts. */
export const instrumentElementStart = /* @__PURE__ */ helper<[elementName: string]>('element.$0.start', ELEMENT);

/** `element.<element>.stop`: an element stops. */
export const instrumentElementStop = /* @__PURE__ */ helper<[elementName: string]>('element.$0.stop', ELEMENT);

/**
 * `element.<element>.process`: an element works on a message. Parent is the span the message was pushed under. A
 * message that the callback returns or yields belongs to the same trace from then on.
 */
export const instrumentElementProcess = /* @__PURE__ */ messageHelper(
  'element.$0.process',
  'pipeline.element',
  false,
) as Instrument<[elementName: string, message: PipelineMessage], ElementProcessOptions>;

/**
 * Makes a helper about a message. Parent: the one that is given, else that of the message, else the active span.
 *
 * The span of a push takes the place of the context that the message carries, as the child of one that came by a link:
 * a message made from another goes on with its trace, a buffer that is used again must not go on with that of its last
 * content. Any other span is the child of what the message carries and leaves it there, unless it is to be chained.
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
      return;
    }
    const { type, sessionId } = Object(result) as PipelineMessage;
    const isMessage = typeof type === 'number' && typeof sessionId === 'string';
    if (isMessage && result !== source && spanOfMessage(result as PipelineMessage) === undefined) {
      linkMessage(result as PipelineMessage, source);
    }
  } catch {
    // What cannot be read is no message.
  }
}

/** What the catalogue says of a message, its content included unless it is pushed. Never throws. */
function valuesOf(name: string, message: PipelineMessage, isPush: boolean): AttributeValues {
  try {
    const { type, sessionId } = message;
    if (isPush) return [name, sessionId, type];
    const { audioData, videoData, textData } = message;
    // Literals and no array that grows, which takes 50 ns more.
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
    report('message_unreadable', message ? messageOf(error) : `it is ${String(message)}`);
    return [name];
  }
}
