import type { ReadableSpan, RecordingSpan } from '../../core/span.ts';
import { textOfTraceState } from '../../core/span-context.ts';
import type { SpanTracer } from '../../core/tracer.ts';
import type { BufferPool } from './buffer-pool.ts';
import { type EncodedBatch, MAX_SPAN_BYTES } from './encoding.ts';
import {
  byte,
  close,
  ensure,
  moveTo,
  reserve,
  rewind,
  save,
  select,
  setLimits,
  type WireBuffer,
  wire,
} from './protobuf.ts';
import { storedSpan } from './stored-span.ts';
import { writeAttributes, writeSpan, writeText } from './trace.ts';

// An oversized span is encoded again with ever shorter strings, but none is cut below this many bytes.
const LEAST_TEXT = 128;

/** The encoded spans of one scope. */
interface Segment extends WireBuffer {
  readonly _tracer: SpanTracer;
  /** Where the content of these two messages begins. Their lengths are filled in when the batch is sealed. */
  _resourceSpans: number;
  _scopeSpans: number;
}

/*
 * ResourceSpans             tag
 *   resource             1  0x0a  Resource: attributes 1, KeyValue, repeated; dropped_attributes_count 2, varint
 *   scope_spans          2  0x12  ScopeSpans, repeated
 *   schema_url           3  0x1a  string
 *
 * ScopeSpans                tag
 *   scope                1  0x0a  InstrumentationScope: name 1, version 2
 *   spans                2  0x12  Span, repeated
 *   schema_url           3  0x1a  string
 */
function createSegment(tracer: SpanTracer, bytes: Uint8Array<ArrayBuffer>): Segment {
  const { _resource, _resourceAttributes } = tracer._provider;
  const scope = tracer._scope;
  const _view = new DataView(bytes.buffer);
  const segment: Segment = { _bytes: bytes, _view, _length: 0, _tracer: tracer, _resourceSpans: 0, _scopeSpans: 0 };
  select(segment);
  setLimits(MAX_SPAN_BYTES, MAX_SPAN_BYTES);
  byte(0x0a);
  segment._resourceSpans = reserve(4);
  byte(0x0a);
  let start = reserve(1);
  writeAttributes(0x0a, 0x10, _resourceAttributes);
  close(start, 1);
  writeText(0x1a, _resource.schemaUrl);
  byte(0x12);
  segment._scopeSpans = reserve(4);
  byte(0x0a);
  start = reserve(1);
  writeText(0x0a, scope.name);
  writeText(0x12, scope.version);
  close(start, 1);
  writeText(0x1a, scope.schemaUrl);
  save(segment);
  return segment;
}

/**
 * Ended spans as OTLP protobuf, one segment per scope. Concatenated segments, and so concatenated batches, form a valid
 * `ExportTraceServiceRequest`. A single segment, the common case, is sent without a copy.
 */
export class OtlpBatch implements EncodedBatch {
  spanCount = 0;
  byteLength = 0;
  _cutSpans = 0;
  private readonly _segments: Segment[] = [];
  private _last: Segment | undefined;
  private readonly _pool: BufferPool;

  constructor(pool: BufferPool) {
    this._pool = pool;
  }

  add(ended: ReadableSpan): void {
    const span = storedSpan(ended);
    const { _tracer, _traceState } = span;
    const traceState = _traceState === undefined ? '' : textOfTraceState(_traceState);
    if (this._last?._tracer !== _tracer) this._last = this._segmentOf(_tracer);
    select(this._last as Segment);
    const before = wire._at;
    try {
      write(span, traceState, MAX_SPAN_BYTES);
      if (wire._isOver) rewrite(span, traceState, before);
    } catch (error) {
      // Half a span would make the batch unreadable. Assign directly: after a stack overflow, a call could throw again.
      wire._at = before;
      throw error;
    }
    if (wire._isCut) this._cutSpans++;
    this.byteLength += wire._at - before;
    this.spanCount++;
  }

  private _segmentOf(tracer: SpanTracer): Segment {
    let segment = this._segments.find(({ _tracer }) => _tracer === tracer);
    if (segment === undefined) {
      segment = createSegment(tracer, this._pool.take());
      this._segments.push(segment);
      this.byteLength += segment._length;
    }
    return segment;
  }

  compact(share: number): void {
    for (const segment of this._segments) {
      select(segment);
      if (wire._at >= share * wire._bytes.length) continue;
      const { _bytes } = wire;
      // Leave 1/16 of headroom, so that the next batch to reuse this memory neither grows nor compacts it: 530 ns per
      // span instead of 620 with 20,000 pending (Node 20).
      moveTo(_bytes.slice(0, wire._at + (wire._at >> 4)));
      save(segment);
      this._pool.give(_bytes);
    }
  }

  /** Fills in the lengths and returns the bytes of each segment, ready to be sent. */
  _seal(): Uint8Array<ArrayBuffer>[] {
    return this._segments.map((segment) => {
      select(segment);
      close(segment._scopeSpans, 4);
      close(segment._resourceSpans, 4);
      save(segment);
      return segment._bytes.subarray(0, segment._length);
    });
  }

  /** Returns the buffers to the pool once the batch has been sent. The batch must not be used afterwards. */
  _release(): void {
    for (const { _bytes } of this._segments.splice(0)) this._pool.give(_bytes);
    this._last = undefined;
  }
}

/** Writes a span, preceded by its tag and length. Strings in it are cut to `longest` bytes. */
function write(span: RecordingSpan, traceState: string, longest: number): void {
  setLimits(MAX_SPAN_BYTES, longest);
  ensure(0);
  byte(0x12);
  // The length of most spans takes two bytes. Reserving one would mean moving 300 bytes afterwards, which costs 30 ns.
  const start = reserve(2);
  writeSpan(span, traceState);
  close(start, 2);
}

/** Rewrites a span that came out too large, with ever shorter strings. If that is not enough, parts are left out. */
function rewrite(span: RecordingSpan, traceState: string, start: number): void {
  for (let longest = MAX_SPAN_BYTES / 8; wire._isOver && longest > LEAST_TEXT; longest /= 8) {
    rewind(start);
    write(span, traceState, longest);
  }
}
