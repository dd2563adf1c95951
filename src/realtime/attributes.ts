import type { Attributes } from '../core/attributes.ts';
import type * as names from './names.ts';

/** One of the attribute keys in names.ts. */
export type AttributeKey = (typeof names)[keyof typeof names];

/** Keys in the order of the values that a builder or a helper takes. */
export type AttributeKeys = readonly AttributeKey[];

// Keys that a builder and a helper share.
export const AUDIO: AttributeKeys = [
  'audio.sample_rate',
  'audio.channels',
  'audio.data_size',
  'audio.media_type',
  'audio.codec',
];
export const VIDEO: AttributeKeys = [
  'video.width',
  'video.height',
  'video.data_size',
  'video.media_type',
  'video.codec',
];
export const CONNECTION: AttributeKeys = ['connection.id', 'connection.type', 'connection.state'];
export const LLM: AttributeKeys = ['llm.provider', 'llm.model'];

/** Makes a builder: a function from values to attributes. */
function builder<Values extends Attributes[string][]>(keys: AttributeKeys): (...values: Values) => Attributes {
  return (...values) => Object.fromEntries(keys.map((key, at) => [key, values[at]]));
}

/** Builds the attributes `pipeline.name` and `pipeline.element`. */
export const pipelineAttrs = /* @__PURE__ */ builder<[pipelineName: string, elementName: string]>([
  'pipeline.name',
  'pipeline.element',
]);

/** Builds the attribute `session.id`. */
export const sessionAttrs = /* @__PURE__ */ builder<[sessionId: string]>(['session.id']);

/** Builds the five `audio.*` attributes of a message. The sample rate is in hertz, the size in bytes. */
export const audioAttrs =
  /* @__PURE__ */ builder<[sampleRate: number, channels: number, dataSize: number, mediaType: string, codec: string]>(
    AUDIO,
  );

/** Builds the five `video.*` attributes of a message. Width and height are in pixels, the size in bytes. */
export const videoAttrs =
  /* @__PURE__ */ builder<[width: number, height: number, dataSize: number, mediaType: string, codec: string]>(VIDEO);

/** Builds the attributes `connection.id`, `connection.type` and `connection.state`. */
export const connectionAttrs =
  /* @__PURE__ */ builder<[connectionId: string, connectionType: string, state: string]>(CONNECTION);

/** Builds the attributes `llm.provider` and `llm.model`. */
export const llmAttrs = /* @__PURE__ */ builder<[provider: string, model: string]>(LLM);

/** Builds the attributes `error.type` and `error.message`. */
export const errorAttrs = /* @__PURE__ */ builder<[errorType: string, message: string]>([
  'error.type',
  'error.message',
]);
