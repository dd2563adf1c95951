import { gunzipSync } from 'node:zlib';
import { type DecodedSpan, decodeJsonRequest, decodeRequest, flatten } from './otlp.ts';

const FRAME_HEAD = 5;
const KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];
const STATUSES = ['UNSET', 'OK', 'ERROR'];

/**
 * Describes a captured request for people: the body of OTLP over HTTP (protobuf, or JSON in one or several lines), or
 * gRPC messages in their frames. Any of them may be gzipped.
 *
 * @throws Error that says what was expected, and at which field.
 */
export function describeCaptured(bytes: Uint8Array): string {
  if (bytes.length === 0) throw new Error('there is nothing in it');
  return requestsIn(bytes, '')
    .map(([form, spans]) => `# ${form}, ${spans.length} ${spans.length === 1 ? 'span' : 'spans'}\n${textOf(spans)}\n`)
    .join('\n');
}

function requestsIn(bytes: Uint8Array, around: string): [form: string, spans: DecodedSpan[]][] {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return requestsIn(gunzipSync(bytes), `${around}gzip, `);
  const frames = framesIn(bytes);
  if (frames !== undefined) {
    return frames.map(({ isCompressed, message }) => {
      const content = isCompressed ? gunzipSync(message) : message;
      return [`${around}${isCompressed ? 'gzip, ' : ''}a message of gRPC`, flatten(decodeRequest(content))];
    });
  }
  if (/^\s*\{/.test(new TextDecoder().decode(bytes.subarray(0, 100)))) {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    // One document per line, as the exporter to standard output writes them, or one document in many lines.
    const lines = /^\s*\{.*\}\s*$/m.test(text.split('\n')[0]) ? text.split('\n').filter((line) => line.trim()) : [text];
    return lines.map((line) => [`${around}JSON`, flatten(decodeJsonRequest(line))]);
  }
  return [[`${around}protobuf`, flatten(decodeRequest(bytes))]];
}

/** Returns the messages, if the bytes consist only of gRPC frames: a flag and a length before each message. */
function framesIn(bytes: Uint8Array): { isCompressed: boolean; message: Uint8Array }[] | undefined {
  const frames: { isCompressed: boolean; message: Uint8Array }[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at + FRAME_HEAD <= bytes.length && bytes[at] <= 1) {
    const end = at + FRAME_HEAD + view.getUint32(at + 1);
    if (end > bytes.length) return undefined;
    frames.push({ isCompressed: bytes[at] === 1, message: bytes.subarray(at + FRAME_HEAD, end) });
    at = end;
  }
  return at === bytes.length ? frames : undefined;
}

function textOf(spans: readonly DecodedSpan[]): string {
  const named = spans.map(({ kind, status, ...span }) => ({
    ...span,
    kind: KINDS[kind] ?? kind,
    status: { ...status, code: STATUSES[status.code] ?? status.code },
  }));
  return JSON.stringify(named, readable, 2);
}

function readable(key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return key.endsWith('UnixNano') ? timeOf(value) : String(value);
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  return value;
}

/** Formats a time with all nine digits, since a `Date` has only three. */
function timeOf(nanos: bigint): string {
  const seconds = new Date(Number(nanos / 1_000_000_000n) * 1_000).toISOString().slice(0, -5);
  return `${seconds}.${String(nanos % 1_000_000_000n).padStart(9, '0')}Z`;
}
