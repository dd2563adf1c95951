import { attributeListOf } from '../../core/attributes.ts';
import type { RecordingSpan } from '../../core/span.ts';
import { textOfTraceState } from '../../core/span-context.ts';
import type { SpanTracer } from '../../core/tracer.ts';
import type { SpanBatch } from '../exporter.ts';
import { begin, byte, end, ensure, fillLength, TOO_LARGE, type WireBuffer } from './protobuf.ts';
import { writeAttributes, writeSpan, writeText } from './trace.ts';

// A batch starts small, because a process that ends ten spans in five seconds should not pay for five hundred.
const INITIAL_BYTES = 1024;
// A span larger than this is cut; collectors refuse messages over 4 MiB by default, and one span must not be all of it.
const MAX_SPAN_BYTES = 1024 * 1024;
// Texts of such a span are not cut shorter than this.
const LEAST_TEXT = 512;
// Four buffers serve a batch that fills while others are on their way; a buffer that a burst has blown up is not kept.
const KEPT_BUFFERS = 4;
const KEPT_BYTES = 512 * 1024;

/** The spans of one scope, as they are sent. */
interface Segment extends WireBuffer {
  readonly _tracer: SpanTracer;
  /** Where the messages begin whose lengths are filled in at the end. */
  _resourceSpans: number;
  _scopeSpans: number;
}

/*
 * ResourceSpans             tag
 *   resource             1  0x0a  Resource: attributes 1, KeyValue, repeated
 *   scope_spans          2  0x12  ScopeSpans, repeated
 *   schema_url           3  0x1a  string
 *
 * ScopeSpans                tag
 *   scope                1  0x0a  InstrumentationScope: name 1, version 2
 *   spans                2  0x12  Span, repeated
 *   schema_url           3  0x1a  string
 */
function createSegment(tracer: SpanTracer, bytes: Uint8Array): Segment {
  const segment: Segment = {
    _tracer: tracer,
    _bytes: bytes,
    _view: new DataView(bytes.buffer),
    _length: 0,
    _textLimit: MAX_SPAN_BYTES,
    _resourceSpans: 0,
    _scopeSpans: 0,
  };
  const { attributes, schemaUrl } = tracer._provider._resource;
  const scope = tracer._scope;
  byte(segment, 0x0a);
  segment._resourceSpans = begin(segment, 4);
  byte(segment, 0x0a);
  let start = begin(segment, 1);
  writeAttributes(segment, 0x0a, 0, attributeListOf(attributes), true);
  end(segment, start, 1);
  writeText(segment, 0x1a, schemaUrl);
  byte(segment, 0x12);
  segment._scopeSpans = begin(segment, 4);
  byte(segment, 0x0a);
  start = begin(segment, 1);
  writeText(segment, 0x0a, scope.name);
  writeText(segment, 0x12, scope.version);
  end(segment, start, 1);
  writeText(segment, 0x1a, scope.schemaUrl);
  return segment;
}

/**
 * Ended spans as OTLP protobuf, a segment per scope. Segments, and so batches, one behind the other are a valid
 * `ExportTraceServiceRequest`: a single one, the common case, is sent without a copy.
 */
export class OtlpBatch implements SpanBatch {
  spanCount = 0;
  byteLength = 0;
  /** Spans of which something was cut off because they were larger than a span may be. */
  _cutSpans = 0;
  private readonly _segments: Segment[] = [];
  private _last: Segment | undefined;
  private readonly _pool: Uint8Array[];

  /** @param pool - Buffers that have done their work and wait for the next batch. */
  constructor(pool: Uint8Array[]) {
    this._pool = pool;
  }

  add(span: RecordingSpan): void {
    const { _tracer, _traceState } = span;
    const segment = this._last?._tracer === _tracer ? this._last : this._segmentOf(_tracer);
    const traceState = _traceState === undefined ? '' : textOfTraceState(_traceState);
    const before = segment._length;
    try {
      if (!fits(segment, span, traceState, MAX_SPAN_BYTES)) {
        // Its texts are cut shorter and shorter, at last it goes without details.
        this._cutSpans++;
        let limit = 2 * MAX_SPAN_BYTES;
        do {
          limit /= 16;
          segment._length = before;
        } while (!fits(segment, span, traceState, limit));
      }
    } catch (error) {
      // Half a span would make the batch unreadable.
      segment._length = before;
      throw error;
    }
    this.byteLength += segment._length - before;
    this.spanCount++;
  }

  private _segmentOf(tracer: SpanTracer): Segment {
    let segment = this._segments.find(({ _tracer }) => _tracer === tracer);
    if (segment === undefined) {
      segment = createSegment(tracer, this._pool.pop() ?? new Uint8Array(INITIAL_BYTES));
      this._segments.push(segment);
      this.byteLength += segment._length;
    }
    this._last = segment;
    return segment;
  }

  /** The bytes of each segment, ready to be sent. */
  _seal(): Uint8Array<ArrayBuffer>[] {
    return this._segments.map((segment) => {
      fillLength(segment, segment._scopeSpans);
      fillLength(segment, segment._resourceSpans);
      return segment._bytes.subarray(0, segment._length) as Uint8Array<ArrayBuffer>;
    });
  }

  /** Gives the buffers back. The batch must not be used afterwards. */
  _release(): void {
    for (const { _bytes } of this._segments.splice(0)) {
      if (this._pool.length < KEPT_BUFFERS && _bytes.length <= KEPT_BYTES) this._pool.push(_bytes);
    }
    this._last = undefined;
  }
}

/** Writes a span, without details where the limit is below the least; false where it came out too large. */
function fits(segment: Segment, span: RecordingSpan, traceState: string, limit: number): boolean {
  const complete = limit >= LEAST_TEXT;
  segment._textLimit = Math.max(limit, LEAST_TEXT);
  ensure(segment, 128);
  byte(segment, 0x12);
  // Most spans with details take two bytes for their length: moving 300 bytes afterwards costs 30 ns.
  const reserved = span._attributes === undefined && span._events === undefined ? 1 : 2;
  const start = begin(segment, reserved);
  try {
    writeSpan(segment, span, traceState, complete);
  } catch (error) {
    if (!complete || error !== TOO_LARGE) throw error;
    return false;
  }
  return end(segment, start, reserved) <= MAX_SPAN_BYTES;
}

/** Parts one behind the other; a single one is not copied. */
export function concat(parts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  if (parts.length === 1) return parts[0];
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
