import type { RecordingSpan } from '../../core/span.ts';
import { textOfTraceState } from '../../core/span-context.ts';
import type { SpanTracer } from '../../core/tracer.ts';
import type { BufferPool } from './buffer-pool.ts';
import { type EncodedBatch, MAX_SPAN_BYTES } from './encoding.ts';
import { allow, back, byte, close, ensure, moveTo, save, select, skip, type WireBuffer, wire } from './protobuf.ts';
import { writeAttributes, writeSpan, writeText } from './trace.ts';

// Texts of such a span are not cut shorter than this.
const LEAST_TEXT = 128;

/** The spans of one scope, as they are sent. */
interface Segment extends WireBuffer {
  readonly _tracer: SpanTracer;
  /** Where the messages begin whose lengths are filled in at the end. */
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
  allow(MAX_SPAN_BYTES, MAX_SPAN_BYTES);
  byte(0x0a);
  segment._resourceSpans = skip(4);
  byte(0x0a);
  let start = skip(1);
  writeAttributes(0x0a, 0x10, _resourceAttributes);
  close(start, 1);
  writeText(0x1a, _resource.schemaUrl);
  byte(0x12);
  segment._scopeSpans = skip(4);
  byte(0x0a);
  start = skip(1);
  writeText(0x0a, scope.name);
  writeText(0x12, scope.version);
  close(start, 1);
  writeText(0x1a, scope.schemaUrl);
  save(segment);
  return segment;
}

/**
 * Ended spans as OTLP protobuf, a segment per scope. Segments, and so batches, one behind the other are a valid
 * `ExportTraceServiceRequest`: a single one, the common case, is sent without a copy.
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

  add(span: RecordingSpan): void {
    const { _tracer, _traceState } = span;
    const traceState = _traceState === undefined ? '' : textOfTraceState(_traceState);
    if (this._last?._tracer !== _tracer) this._last = this._segmentOf(_tracer);
    select(this._last as Segment);
    const before = wire._at;
    try {
      write(span, traceState, MAX_SPAN_BYTES);
      if (wire._isOver) rewrite(span, traceState, before);
    } catch (error) {
      // Half a span would make the batch unreadable. No call: the stack may be used up.
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
      // A little more than it needs, so that the next batch that gets it finds room and is left as it is: 530 ns a span
      // instead of 620 where 20,000 are pending (Node 20).
      moveTo(_bytes.slice(0, wire._at + (wire._at >> 4)));
      save(segment);
      this._pool.give(_bytes);
    }
  }

  /** The bytes of each segment, ready to be sent. */
  _seal(): Uint8Array<ArrayBuffer>[] {
    return this._segments.map((segment) => {
      select(segment);
      close(segment._scopeSpans, 4);
      close(segment._resourceSpans, 4);
      save(segment);
      return segment._bytes.subarray(0, segment._length);
    });
  }

  /** Gives the buffers back, once the batch has been sealed and sent. It must not be used afterwards. */
  _release(): void {
    for (const { _bytes } of this._segments.splice(0)) this._pool.give(_bytes);
    this._last = undefined;
  }
}

/** A span with its tag and its length in front, no text in it longer than `longest`. */
function write(span: RecordingSpan, traceState: string, longest: number): void {
  allow(MAX_SPAN_BYTES, longest);
  ensure(0);
  byte(0x12);
  // Most spans take two bytes for their length: moving 300 bytes afterwards costs 30 ns.
  const start = skip(2);
  writeSpan(span, traceState);
  close(start, 2);
}

/** A span that came out too large, its texts cut shorter and shorter; at last some of it is left out. */
function rewrite(span: RecordingSpan, traceState: string, start: number): void {
  for (let longest = MAX_SPAN_BYTES / 8; wire._isOver && longest > LEAST_TEXT; longest /= 8) {
    back(start);
    write(span, traceState, longest);
  }
}
