import type { OtlpAnswer } from '../export/otlp/transport.ts';
import { fieldsOf } from './fields.ts';
import { bytesOf } from './metadata.ts';

// Indexed by status code.
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

// The status of HTTP answers that have no gRPC status, such as those of proxies.
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

// The wording of servers in Go, C++, Java, JavaScript, .NET and Rust (which uses OUT_OF_RANGE).
const TOO_LARGE = /larger than|exceeds (the )?(configured )?max|too large/i;

type Headers = Readonly<Record<string, unknown>>;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Interprets an answer.
 *
 * @param head - The leading headers.
 * @param trailers - The trailing headers. If the answer is nothing but an error, its status is in the leading ones.
 * @param message - The message between them.
 * @param body - The body as received, for an answer that is not gRPC.
 *
 * Specification: "gRPC over HTTP2", "Responses"; "HTTP to gRPC Status Code Mapping"; OpenTelemetry Protocol,
 * "OTLP/gRPC", "Failures" and "OTLP/gRPC Throttling".
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

/** Interprets an answer that is not gRPC, or that has lost its trailers. */
function answerWithout(head: Headers, body: Uint8Array): OtlpAnswer {
  const { ':status': code, 'content-type': type = '', 'retry-after': wait } = head;
  const status = Number(code);
  const name = NAMES_BY_HTTP[status] ?? 'UNKNOWN';
  const said = encoder.encode(`HTTP ${status} without grpc-status ${decoder.decode(body)}`);
  // A proxy may have dropped the status of a successful answer.
  if (status === 200 && String(type).startsWith('application/grpc')) return [name, said, ''];
  const retryMillis = RETRYABLE.includes(name) ? Number(wait) * 1_000 || 0 : undefined;
  return [name, said, status === 413 ? 'too_large' : 'refused', retryMillis];
}

/** Decodes a `grpc-message` to bytes. Invalid escapes stay as they are. */
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
/** Returns the milliseconds that a `google.rpc.RetryInfo` asks for; `undefined` if there is none. */
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

/** Returns the messages in a field. */
function messagesIn(bytes: Uint8Array, field: number): Uint8Array[] {
  return (fieldsOf(bytes).get(field) ?? []).filter((value) => value instanceof Uint8Array);
}
