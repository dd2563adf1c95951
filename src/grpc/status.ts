import type { OtlpAnswer } from '../export/otlp/transport.ts';
import { fieldsOf } from './fields.ts';
import { bytesOf } from './metadata.ts';

// By their numbers.
const NAMES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];
const RETRYABLE = ['CANCELLED', 'DEADLINE_EXCEEDED', 'ABORTED', 'OUT_OF_RANGE', 'UNAVAILABLE', 'DATA_LOSS'];

// What answers of HTTP mean that have no status of gRPC, as those of proxies.
const NAMES_BY_HTTP: Readonly<Record<string, string>> = {
  400: 'INTERNAL',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'UNIMPLEMENTED',
  413: 'RESOURCE_EXHAUSTED',
  429: 'UNAVAILABLE',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'UNAVAILABLE',
};

// In the words of the servers of Go, C++, Java, JavaScript, .NET and Rust (the last with OUT_OF_RANGE).
const TOO_LARGE = /larger than|exceeds (the )?(configured )?max|too large/i;

type Headers = Readonly<Record<string, unknown>>;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * What an answer means.
 *
 * @param head - The headers that came first.
 * @param trailers - Those that came last; where there was nothing but an error, it is in the first.
 * @param message - The message between them.
 * @param body - What came of it, where it is no gRPC.
 *
 * Specification: "gRPC over HTTP2", "Responses"; "HTTP to gRPC Status Code Mapping"; OpenTelemetry Protocol, "OTLP/gRPC",
 * "Failures" and "OTLP/gRPC Throttling".
 */
export function answerOf(head: Headers, trailers: Headers, message: Uint8Array, body: Uint8Array): OtlpAnswer {
  const from = trailers['grpc-status'] === undefined ? head : trailers;
  const { 'grpc-status': status } = from;
  if (status === undefined) return answerWithout(head, body);
  const name = NAMES[/^\d+$/.test(String(status)) ? Number(status) : -1];
  if (name === 'OK') return [name, message, undefined];
  const said = percentDecoded(String(from['grpc-message'] ?? ''));
  if (name === undefined)
    return ['UNKNOWN', encoder.encode(`grpc-status ${status} ${decoder.decode(said)}`), 'refused'];
  const least = retryDelayOf(bytesOf(from['grpc-status-details-bin']));
  const isLimit = name === 'RESOURCE_EXHAUSTED' && least === undefined;
  if ((isLimit || name === 'OUT_OF_RANGE') && TOO_LARGE.test(decoder.decode(said))) return [name, said, 'too_large'];
  const isRetryable = RETRYABLE.includes(name) || (name === 'RESOURCE_EXHAUSTED' && !isLimit);
  return [name, said, 'refused', isRetryable ? (least ?? 0) : undefined];
}

/** An answer that is not gRPC's, or that has lost its end. */
function answerWithout(head: Headers, body: Uint8Array): OtlpAnswer {
  const { ':status': code, 'content-type': type = '', 'retry-after': wait } = head;
  const status = Number(code);
  const name = NAMES_BY_HTTP[status] ?? 'UNKNOWN';
  const said = encoder.encode(`HTTP ${status} without grpc-status ${decoder.decode(body)}`);
  // A proxy may have dropped it, from an answer that was a success.
  if (status === 200 && String(type).startsWith('application/grpc')) return [name, said, ''];
  const retryMillis = RETRYABLE.includes(name) ? Number(wait) * 1_000 || 0 : undefined;
  return [name, said, status === 413 ? 'too_large' : 'refused', retryMillis];
}

/** The bytes that a `grpc-message` stands for. What is encoded wrongly stays as it is. */
function percentDecoded(text: string): Uint8Array {
  return Uint8Array.from(text.match(/%[\da-f]{2}|./gis) ?? [], (part) =>
    part.length > 1 ? Number.parseInt(part.slice(1), 16) : part.charCodeAt(0),
  );
}

/*
 * google.rpc.Status: details 3, Any, repeated
 * Any: type_url 1, value 2
 * google.rpc.RetryInfo: retry_delay 1, Duration
 * Duration: seconds 1, nanos 2
 */
/** The milliseconds that a `google.rpc.RetryInfo` asks for; `undefined` where there is none. */
function retryDelayOf(status: Uint8Array): number | undefined {
  for (const detail of messagesIn(status, 3)) {
    const { 1: [type] = [], 2: [info] = [] } = Object.fromEntries(fieldsOf(detail));
    if (!(type instanceof Uint8Array && decoder.decode(type).endsWith('/google.rpc.RetryInfo'))) continue;
    const [delay = new Uint8Array()] = info instanceof Uint8Array ? messagesIn(info, 1) : [];
    const { 1: [seconds] = [0], 2: [nanos] = [0] } = Object.fromEntries(fieldsOf(delay));
    return Number(seconds) * 1_000 + Number(nanos) / 1e6 || 0;
  }
  return undefined;
}

/** The messages in a field. */
function messagesIn(bytes: Uint8Array, field: number): Uint8Array[] {
  return (fieldsOf(bytes).get(field) ?? []).filter((value) => value instanceof Uint8Array);
}
