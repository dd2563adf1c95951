import { runtime } from '#platform';
import { LONGEST_TIMER } from '../../core/clock.ts';
import { ROOT_CONTEXT, suppressTracing } from '../../core/context.ts';
import { report } from '../../core/diagnostic.ts';
import { messageOf } from '../../core/exception.ts';
import { processState } from '../../core/process-state.ts';
import { SDK_VERSION } from '../../core/version.ts';
import { allDropped, allUnknown, type BatchingExporter, type ExportOutcome } from '../exporter.ts';
import { OtlpBatch, requestBytes } from './batch.ts';
import { BufferPool } from './buffer-pool.ts';
import { readResponse } from './response.ts';

/** What is needed of a response to a request. A `Response` of the Fetch standard has it. */
export interface FetchedResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: { getReader(): BodyReader } | null;
}

/** What is needed of the reader of a response's body. */
export interface BodyReader {
  read(): Promise<{ done: boolean; value?: Uint8Array }>;
  cancel(): Promise<void>;
}

/** What is needed of `fetch`. That of every runtime has it; one of your own sets proxies or agents. */
export type FetchLike = (
  url: string,
  init: {
    method: string;
    headers: Record<string, string>;
    body: Uint8Array<ArrayBuffer>;
    redirect: 'manual';
    signal: AbortSignal;
  },
) => Promise<FetchedResponse>;

/** Settings of an {@link OtlpHttpExporter}. */
export interface OtlpHttpExporterOptions {
  /** Where to send, path included. Default: `http://localhost:4318/v1/traces`. */
  url?: string;
  /** Sent with every request. Default: none. */
  headers?: Readonly<Record<string, string>>;
  /** Milliseconds a request may take. Default: 10,000. */
  timeoutMillis?: number;
  /** Default: that of the runtime. */
  fetch?: FetchLike;
}

export const DEFAULT_OTLP_URL = 'http://localhost:4318/v1/traces';
const DEFAULT_TIMEOUT_MILLIS = 10_000;
// What a server may answer; more is not read. The specification's bound for responses.
const MAX_RESPONSE_BYTES = 4 * 1024 * 1024;

/**
 * Sends spans as OTLP, protobuf over HTTP.
 *
 * Specification: OpenTelemetry Protocol, "OTLP/HTTP".
 */
export class OtlpHttpExporter implements BatchingExporter<OtlpBatch> {
  /** Where requests go. */
  readonly url: string;
  private readonly headers: Record<string, string>;
  private readonly timeoutMillis: number;
  private readonly fetch: FetchLike;
  private readonly pool = new BufferPool();
  // The exporter's own requests are never traced.
  private readonly context = suppressTracing(ROOT_CONTEXT);

  /** @throws TypeError or RangeError naming the option, its value and what is allowed. */
  constructor(options: OtlpHttpExporterOptions = {}) {
    const { url = DEFAULT_OTLP_URL, headers = {}, timeoutMillis = DEFAULT_TIMEOUT_MILLIS } = options;
    this.url = checkedUrl(url);
    if (typeof timeoutMillis !== 'number' || !(timeoutMillis > 0)) {
      throw new RangeError(`timeoutMillis: ${String(timeoutMillis)} is not a number above 0`);
    }
    if (options.fetch !== undefined && typeof options.fetch !== 'function') {
      throw new TypeError('fetch: a function like that of the Fetch standard is required');
    }
    this.headers = {
      ...checkedHeaders(headers, 'headers'),
      'content-type': 'application/x-protobuf',
      // Browsers set their own.
      ...(runtime.language === 'nodejs' && { 'user-agent': `OTel-OTLP-Exporter-JavaScript/${SDK_VERSION}` }),
    };
    this.timeoutMillis = Math.min(timeoutMillis, LONGEST_TIMER);
    this.fetch = options.fetch ?? runtime.createFetch(this.url);
  }

  createBatch(): OtlpBatch {
    return new OtlpBatch(this.pool);
  }

  async send(batches: readonly OtlpBatch[], signal: AbortSignal): Promise<ExportOutcome> {
    const spans = batches.reduce((sum, { spanCount }) => sum + spanCount, 0);
    const cut = batches.reduce((sum, { cutSpans }) => sum + cutSpans, 0);
    if (cut > 0) report('span_cut', `${cut} spans were larger than 1 MiB, their values are cut: record less of them`);
    const abort = new AbortController();
    const cancel = () => abort.abort(signal.reason);
    signal.addEventListener('abort', cancel);
    const timer = setTimeout(
      () => abort.abort(new Error(`no answer within ${this.timeoutMillis} ms`)),
      this.timeoutMillis,
    );
    try {
      const response = await this.post(requestBytes(batches) as Uint8Array<ArrayBuffer>, abort.signal);
      const body = await readBody(response);
      if (response.status < 200 || response.status > 299) return this.refused(spans, response, body);
      const outcome = this.accepted(spans, response, body);
      // Only now is it certain that nobody reads the buffers any more.
      for (const batch of batches) batch.release();
      return outcome;
    } catch (error) {
      return this.failed(spans, error);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', cancel);
    }
  }

  private post(body: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<FetchedResponse> {
    const request = this.fetch;
    return processState.contextStorage.run(this.context, () =>
      // A redirect would carry the headers, and so the credentials, to wherever it points.
      request(this.url, { method: 'POST', headers: this.headers, body, redirect: 'manual', signal }),
    );
  }

  private accepted(spans: number, response: FetchedResponse, body: Uint8Array): ExportOutcome {
    const { rejectedSpans, errorMessage } = readResponse(body, response.headers.get('content-type') ?? '');
    const rejected = Math.min(rejectedSpans, spans);
    if (rejected > 0) {
      report(
        'spans_rejected',
        `${this.url} accepted a request but rejected ${rejected} of its ${spans} spans: ${quote(errorMessage)}`,
        'error',
      );
    } else if (errorMessage !== '') {
      report('server_warning', `${this.url} accepted a request and warns: ${quote(errorMessage)}`);
    }
    return { acknowledged: spans - rejected, rejected, unknown: 0, dropped: 0 };
  }

  private refused(spans: number, { status }: FetchedResponse, body: Uint8Array): ExportOutcome {
    report(
      'export_failed',
      `${this.url} answered with status ${status}, ${spans} spans are dropped: ${quote(textOf(body))}${remedy(status)}`,
      'error',
    );
    return allDropped(spans, status === 413 ? 'too_large' : 'refused');
  }

  private failed(spans: number, error: unknown): ExportOutcome {
    const refused = isConnectionRefused(error);
    report(
      'export_failed',
      `no answer from ${this.url}, ${spans} spans ${refused ? 'are dropped' : 'may be lost'}: ${reasonOf(error)}${refused ? '; is a collector listening there?' : ''}`,
      'error',
    );
    return refused ? allDropped(spans, 'unreachable') : allUnknown(spans);
  }
}

function checkedUrl(url: unknown): string {
  let parsed: URL | undefined;
  try {
    parsed = new URL(url as string);
  } catch {
    // Reported below, with what is allowed.
  }
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw new TypeError(`url: ${JSON.stringify(url)} is not a URL that begins with http:// or https://`);
  }
  return url as string;
}

/** Headers in lower case; throws a `TypeError` that names `setting` and the header that cannot be sent. */
export function checkedHeaders(headers: Readonly<Record<string, string>>, setting: string): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    // The value stays out of the message: it is likely to be a secret.
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name))
      throw new TypeError(`${setting}: ${JSON.stringify(name)} is not a header's name`);
    if (typeof value !== 'string' || /[^\t\x20-\x7e\x80-\xff]/.test(value)) {
      throw new TypeError(`${setting}: the value of ${name} is not a string that a header can hold`);
    }
    result[name.toLowerCase()] = value;
  }
  return result;
}

/** Always to the end, up to a bound: a body that is left unread costs the connection. */
async function readBody({ body }: FetchedResponse): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (body !== null) {
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || value === undefined) break;
      size += value.length;
      if (size > MAX_RESPONSE_BYTES) {
        await reader.cancel();
        break;
      }
      chunks.push(value);
    }
  }
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** The text of an answer; of a `google.rpc.Status`, which errors come as, what in it is printable. */
function textOf(body: Uint8Array): string {
  return new TextDecoder().decode(body.subarray(0, 1000));
}

function quote(text: string): string {
  const printable = text.replace(/[^\x20-\x7e\xa0-\uffff]+/g, ' ').trim();
  return printable === '' ? 'no message' : JSON.stringify(printable.slice(0, 300));
}

function remedy(status: number): string {
  if (status === 401 || status === 403) return '; check the credentials in OTEL_EXPORTER_OTLP_HEADERS';
  if (status === 404) return '; check the path of the endpoint, it should end in /v1/traces';
  if (status === 413) return '; lower maxRequestBytes or raise the limit of the server';
  if (status === 0 || (status >= 300 && status < 400)) return '; redirects are not followed, set the final address';
  return '';
}

/** A refused connection looks different on every runtime: in `cause.code`, in `code`, or only in a text. */
function isConnectionRefused(error: unknown): boolean {
  return /ECONNREFUSED|ConnectionRefused|ENOTFOUND|EAI_AGAIN|connection refused/i.test(reasonOf(error));
}

function reasonOf(error: unknown): string {
  try {
    const { cause, code } = Object(error) as { cause?: { code?: unknown; message?: unknown }; code?: unknown };
    return [messageOf(error), code, cause?.code, cause?.message].filter(Boolean).join(', ');
  } catch {
    return 'unknown';
  }
}
