import type { Resource } from '../../core/resource.ts';
import type { RecordingSpan } from '../../core/span.ts';
import type { SpanTracer } from '../../core/tracer.ts';
import type { SpanBatch } from '../exporter.ts';
import type { BufferPool } from './buffer-pool.ts';
import { MAX_TEXT, ProtobufWriter, TOO_LARGE, varintSize } from './protobuf.ts';
import { resourceBytes, scopeBytes, writeBareSpan, writeSpan } from './trace.ts';

// A batch starts small, because a process that ends ten spans in five seconds should not pay for five hundred.
const INITIAL_BYTES = 1024;
// Two tags with their lengths, five bytes each at most, and the tag and length of the request's field.
const MAX_HEADERS = 18;
// A span larger than this is cut; collectors refuse messages over 4 MiB by default, and one span must not be all of it.
const MAX_SPAN_BYTES = MAX_TEXT;

/** The bytes that come before the spans of one scope, and how much room they take at most. */
interface Head {
  readonly resource: Resource;
  readonly resourceBytes: Uint8Array;
  readonly scopeBytes: Uint8Array;
  readonly size: number;
}

const heads = new WeakMap<SpanTracer, Head>();

function headOf(tracer: SpanTracer): Head {
  let head = heads.get(tracer);
  if (head === undefined) {
    const { resource } = tracer.provider;
    head = { resource, resourceBytes: resourceBytes(resource), scopeBytes: scopeBytes(tracer.scope), size: 0 };
    head = { ...head, size: head.resourceBytes.length + head.scopeBytes.length + MAX_HEADERS };
    heads.set(tracer, head);
  }
  return head;
}

/** The spans of one scope: `[room for the head][span][span]…` */
class Segment {
  readonly tracer: SpanTracer;
  readonly head: Head;
  readonly writer: ProtobufWriter;

  constructor(tracer: SpanTracer, pool: BufferPool) {
    this.tracer = tracer;
    this.head = headOf(tracer);
    this.writer = new ProtobufWriter(pool.take(Math.max(INITIAL_BYTES, 2 * this.head.size)), this.head.size);
  }

  get bodyLength(): number {
    return this.writer.position - this.head.size;
  }

  get body(): Uint8Array {
    return this.writer.bytes.subarray(this.head.size, this.writer.position);
  }
}

/**
 * Ended spans as OTLP protobuf, a segment per scope. A batch with one scope, the common case, becomes a request by
 * writing its head into the room in front: nothing is copied.
 */
export class OtlpBatch implements SpanBatch {
  spanCount = 0;
  byteLength = 0;
  readonly segments: Segment[] = [];
  /** Spans of which something was cut off because they were larger than a span may be. */
  cutSpans = 0;
  private readonly pool: BufferPool;
  private last: Segment | undefined;

  constructor(pool: BufferPool) {
    this.pool = pool;
  }

  add(span: RecordingSpan): void {
    const { tracer } = span;
    const segment = this.last?.tracer === tracer ? this.last : this.segmentOf(tracer);
    const { writer } = segment;
    const before = writer.position;
    writer.byte(0x12);
    const isLong = span.attributeList !== undefined || span.eventList !== undefined;
    const start = isLong ? writer.openLong() : writer.open();
    try {
      if (!fits(writer, start, span)) this.cutSpan(writer, start, span);
      if (isLong) writer.closeLong(start);
      else writer.close(start);
      writer.ensure(0);
    } catch (error) {
      // Half a span would make the batch unreadable.
      writer.position = before;
      throw error;
    }
    this.byteLength += writer.position - before;
    this.spanCount++;
  }

  private segmentOf(tracer: SpanTracer): Segment {
    let segment = this.segments.find((candidate) => candidate.tracer === tracer);
    if (segment === undefined) {
      segment = new Segment(tracer, this.pool);
      this.segments.push(segment);
      this.byteLength += segment.head.size;
    }
    this.last = segment;
    return segment;
  }

  /** Writes a span again that came out too large, its texts cut shorter and shorter, at last without details. */
  private cutSpan(writer: ProtobufWriter, start: number, span: RecordingSpan): void {
    this.cutSpans++;
    try {
      for (let limit = MAX_SPAN_BYTES / 8; limit >= 64; limit /= 16) {
        writer.textLimit = limit;
        if (fits(writer, start, span)) return;
      }
      writer.position = start;
      writeBareSpan(writer, span);
    } finally {
      writer.textLimit = MAX_TEXT;
    }
  }

  /** Gives the buffers back. The batch must not be used afterwards. */
  release(): void {
    for (const { writer } of this.segments) this.pool.give(writer.bytes);
    this.segments.length = 0;
    this.last = undefined;
  }
}

/** Writes a span at `start`; false where it is too large. */
function fits(writer: ProtobufWriter, start: number, span: RecordingSpan): boolean {
  writer.position = start;
  try {
    writeSpan(writer, span);
  } catch (error) {
    if (error === TOO_LARGE) return false;
    throw error;
  }
  return writer.position - start <= MAX_SPAN_BYTES;
}

/**
 * One `ExportTraceServiceRequest` of all spans in `batches`. Spans of one resource and one scope stand together,
 * whichever batch they come from.
 */
export function requestBytes(batches: readonly OtlpBatch[]): Uint8Array {
  const segments = batches.flatMap((batch) => batch.segments);
  if (segments.length === 1) return sealInPlace(segments[0]);

  const groups = new Map<Resource, Map<SpanTracer, Segment[]>>();
  let capacity = 0;
  for (const segment of segments) {
    const { tracer, head } = segment;
    const scopes = groups.get(head.resource) ?? new Map<SpanTracer, Segment[]>();
    groups.set(head.resource, scopes);
    const same = scopes.get(tracer) ?? [];
    scopes.set(tracer, same);
    same.push(segment);
    capacity += segment.bodyLength + head.size;
  }
  const bytes = new Uint8Array(capacity);
  let at = 0;
  const put = (part: Uint8Array) => {
    bytes.set(part, at);
    at += part.length;
  };
  const putHeader = (tag: number, length: number) => {
    at = writeHeader(bytes, at, tag, length);
  };
  for (const scopes of groups.values()) {
    const sizes = [...scopes.values()].map(
      (same) => same[0].head.scopeBytes.length + same.reduce((sum, { bodyLength }) => sum + bodyLength, 0),
    );
    const [[first]] = scopes.values();
    const { resourceBytes: constant } = first.head;
    putHeader(
      0x0a,
      sizes.reduce((sum, size) => sum + headerSize(size) + size, constant.length),
    );
    put(constant);
    [...scopes.values()].forEach((same, index) => {
      putHeader(0x12, sizes[index]);
      put(same[0].head.scopeBytes);
      for (const { body } of same) put(body);
    });
  }
  return bytes.subarray(0, at);
}

/** `0a [length] resource 12 [length] scope`, written so that it ends where the spans begin. */
function sealInPlace({ head, writer, bodyLength }: Segment): Uint8Array {
  const scopeSpans = head.scopeBytes.length + bodyLength;
  const resourceSpans = head.resourceBytes.length + headerSize(scopeSpans) + scopeSpans;
  const start = head.size + bodyLength - resourceSpans - headerSize(resourceSpans);
  let at = writeHeader(writer.bytes, start, 0x0a, resourceSpans);
  writer.bytes.set(head.resourceBytes, at);
  at = writeHeader(writer.bytes, at + head.resourceBytes.length, 0x12, scopeSpans);
  writer.bytes.set(head.scopeBytes, at);
  return writer.bytes.subarray(start, writer.position);
}

function headerSize(length: number): number {
  return 1 + varintSize(length);
}

/** A tag and a length; returns the position after them. */
function writeHeader(bytes: Uint8Array, position: number, tag: number, length: number): number {
  const writer = new ProtobufWriter(bytes, position);
  writer.byte(tag);
  writer.varint(length);
  return writer.position;
}
