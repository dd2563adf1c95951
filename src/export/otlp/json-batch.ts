import type { ReadableSpan } from '../../core/span.ts';
import type { InstrumentationScope } from '../../core/tracer.ts';
import { type EncodedBatch, MAX_SPAN_BYTES } from './encoding.ts';
import { scopeJson, spanJson } from './json.ts';

// Strings of an oversized span are cut to these lengths, one after the other, until the span fits. If it never does, it
// is sent without attributes, events and links.
const LENGTHS = [131_072, 16_384, 2_048, 256];

const encoder = /* @__PURE__ */ new TextEncoder();
const COMMA = /* @__PURE__ */ encoder.encode(',');

/** The JSON head of a scope, followed by its spans with commas between them. The tail is kept separately. */
type Scope = Uint8Array<ArrayBuffer>[];

/** Ended spans as OTLP's JSON, in UTF-8. */
export class JsonBatch implements EncodedBatch {
  spanCount = 0;
  byteLength = 0;
  _cutSpans = 0;
  private readonly _scopes = new Map<InstrumentationScope, [parts: Scope, tail: Uint8Array<ArrayBuffer>]>();

  add(span: ReadableSpan): void {
    let bytes = encoder.encode(spanJson(span));
    if (bytes.length > MAX_SPAN_BYTES) {
      this._cutSpans++;
      for (const longest of LENGTHS) {
        if (bytes.length > MAX_SPAN_BYTES) bytes = encoder.encode(spanJson(span, longest));
      }
      if (bytes.length > MAX_SPAN_BYTES) bytes = encoder.encode(spanJson(span, LENGTHS.at(-1), true));
    }
    const { instrumentationScope } = span;
    let scope = this._scopes.get(instrumentationScope);
    if (scope === undefined) {
      const [head, tail] = scopeJson(span).map((text) => encoder.encode(text));
      scope = [[head], tail];
      this._scopes.set(instrumentationScope, scope);
      this.byteLength += head.length + tail.length;
    } else scope[0].push(COMMA);
    scope[0].push(bytes);
    this.byteLength += bytes.length + 1;
    this.spanCount++;
  }

  /** Returns the parts of each scope. The caller puts commas between the scopes. */
  _parts(): Scope[] {
    return Array.from(this._scopes.values(), ([parts, tail]) => [...parts, tail]);
  }
}
