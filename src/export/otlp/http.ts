import { createFetch, isUnsent, language, unref } from '#platform';
import { LONGEST_TIMER } from '../../core/clock.ts';
import { ROOT_CONTEXT, suppressTracing } from '../../core/context.ts';
import { explanation, report } from '../../core/diagnostic.ts';
import { messageOf } from '../../core/exception.ts';
import { numberOptions } from '../../core/options.ts';
import { processState } from '../../core/process-state.ts';
import { textOf } from '../../core/text.ts';
import { SDK_VERSION } from '../../core/version.ts';
import { type BatchingExporter, type ExportOutcome, outcomeOf } from '../exporter.ts';
import { concat, OtlpBatch } from './batch.ts';
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

// What a server may answer; more is not read. The specification's bound for responses.
const MAX_RESPONSE_BYTES = 4 * 1024 * 1024;

// The specification's reference for retries: five attempts, and between them a second, half as much again each time,
// 20 % more or less, at most five seconds.
const MAX_ATTEMPTS = 5;
const FIRST_PAUSE_MILLIS = 1_000;
const LONGEST_PAUSE_MILLIS = 5_000;
const RETRYABLE = [429, 502, 503, 504];

/** What one request came to. */
interface Attempt {
  readonly outcome: ExportOutcome;
  /** What happened, where it failed … */
  readonly why: string;
  /** … and what can be done about it. */
  readonly remedy: string;
  /** Milliseconds after which it may be sent again at the earliest; `undefined` where it must not be. */
  readonly retryAfter: number | undefined;
}

/**
 * Sends spans as OTLP, protobuf over HTTP. What a server cannot take now (429, 502, 503, 504, or no connection) is sent
 * again, up to five times and until the processor's `exportTimeoutMillis` are over.
 *
 * Specification: OpenTelemetry Protocol, "OTLP/HTTP".
 */
export class OtlpHttpExporter implements BatchingExporter<OtlpBatch> {
  /** Where requests go. */
  readonly url: string;
  private readonly _headers: Record<string, string>;
  private readonly _timeoutMillis: number;
  private readonly _fetch: FetchLike;
  private readonly _buffers: Uint8Array<ArrayBuffer>[] = [];
  /** Ends the pause between two attempts. */
  private _wake: (() => void) | undefined;

  /** @throws TypeError or RangeError naming the option, its value and what is allowed. */
  constructor(options: OtlpHttpExporterOptions = {}) {
    const { url = DEFAULT_OTLP_URL, headers = {}, timeoutMillis, fetch } = options;
    if (!/^https?:$/.test(schemeOf(url))) {
      throw new TypeError(`url: ${JSON.stringify(url)} is not a URL that begins with http:// or https://`);
    }
    if (fetch !== undefined && typeof fetch !== 'function') throw new TypeError('fetch: a function is required');
    this.url = url;
    this._headers = {
      ...checkedHeaders(headers, 'headers'),
      'content-type': 'application/x-protobuf',
      // Browsers set their own.
      ...(language === 'nodejs' && { 'user-agent': `OTel-OTLP-Exporter-JavaScript/${SDK_VERSION}` }),
    };
    this._timeoutMillis = numberOptions({ timeoutMillis: 10_000 }, { timeoutMillis }, '', 1).timeoutMillis;
    this._fetch = fetch ?? createFetch(url);
  }

  createBatch(): OtlpBatch {
    return new OtlpBatch(this._buffers);
  }

  async send(batches: readonly OtlpBatch[], signal: AbortSignal): Promise<ExportOutcome> {
    const spans = batches.reduce((sum, { spanCount }) => sum + spanCount, 0);
    const cutSpans = batches.reduce((sum, { _cutSpans }) => sum + _cutSpans, 0);
    if (cutSpans > 0) report('span_cut', textOf(cutSpans));
    const body = concat(batches.flatMap((batch) => batch._seal()));
    let pause = FIRST_PAUSE_MILLIS;
    for (let attempts = 1; ; attempts++) {
      const { outcome, why, remedy, retryAfter } = await this._attempt(body, spans, signal);
      if (retryAfter !== undefined && attempts < MAX_ATTEMPTS && !signal.aborted) {
        await this._pause(Math.max(retryAfter, pause * (0.8 + 0.4 * Math.random())), signal);
        pause = Math.min(pause * 1.5, LONGEST_PAUSE_MILLIS);
        if (!signal.aborted) continue;
      }
      if (why !== '') {
        const fate = outcome.dropped > 0 ? 'dropped' : 'may be lost';
        report('export_failed', `${this.url} ${why}, ${spans} spans ${fate}${remedy}`, 'error');
      }
      // Only now is it certain that nobody reads the buffers any more.
      if (outcome.unknown === 0) for (const batch of batches) batch._release();
      return outcome;
    }
  }

  /** Ends the pause before the next attempt. */
  hurry(): void {
    this._wake?.();
  }

  private async _pause(millis: number, signal: AbortSignal): Promise<void> {
    let timer: unknown;
    await new Promise<void>((resolve) => {
      this._wake = resolve;
      signal.addEventListener('abort', () => resolve());
      timer = setTimeout(resolve, Math.min(millis, LONGEST_TIMER));
      unref(timer);
    });
    clearTimeout(timer as number);
    this._wake = undefined;
  }

  /** One request. Never rejects. */
  private async _attempt(body: Uint8Array<ArrayBuffer>, spans: number, signal: AbortSignal): Promise<Attempt> {
    const abort = new AbortController();
    const cancel = () => abort.abort(signal.reason);
    signal.addEventListener('abort', cancel);
    const timer = setTimeout(
      () => abort.abort(new Error(`no answer within ${this._timeoutMillis} ms`)),
      Math.min(this._timeoutMillis, LONGEST_TIMER),
    );
    try {
      // The exporter's own requests are never traced.
      const response = await processState.contextStorage.run(
        suppressTracing(ROOT_CONTEXT),
        this._fetch,
        this.url,
        // A redirect would carry the headers, and so the credentials, to wherever it points.
        { method: 'POST', headers: this._headers, body, redirect: 'manual', signal: abort.signal },
      );
      const answer = await readBody(response);
      const { status, headers } = response;
      if (status >= 200 && status < 300)
        return { outcome: this._accepted(spans, headers, answer), why: '', remedy: '', retryAfter: undefined };
      return {
        outcome: outcomeOf({ dropped: spans, reason: status === 413 ? 'too_large' : 'refused' }),
        why: `answered ${status} ${quoted(answer)}`,
        remedy: explanation(status),
        retryAfter: RETRYABLE.includes(status) ? millisOfRetryAfter(headers.get('retry-after')) : undefined,
      };
    } catch (error) {
      // Of a request that failed later, nobody knows whether it arrived: sending it again could double its spans.
      const unsent = isUnsent(error);
      return {
        outcome: outcomeOf(unsent ? { dropped: spans, reason: 'unreachable' } : { unknown: spans }),
        why: `gave no answer (${reasonOf(error)})`,
        remedy: unsent ? explanation('no_answer') : '',
        retryAfter: unsent ? 0 : undefined,
      };
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', cancel);
    }
  }

  private _accepted(spans: number, headers: FetchedResponse['headers'], answer: Uint8Array): ExportOutcome {
    const isProtobuf = headers.get('content-type')?.startsWith('application/x-protobuf');
    const { rejectedSpans, errorMessage } = readResponse(isProtobuf ? answer : new Uint8Array());
    const rejected = Math.min(rejectedSpans, spans);
    const said = `${this.url}: ${quoted(errorMessage)}`;
    if (rejected > 0) report('spans_rejected', `${rejected} of ${spans} spans, by ${said}`, 'error');
    else if (errorMessage !== '') report('server_warning', said);
    return outcomeOf({ acknowledged: spans - rejected, rejected });
  }
}

/** What an error and its cause say, in words and codes. */
function reasonOf(error: unknown): string {
  const { code, cause } = Object(error) as { code?: unknown; cause?: { code?: unknown } };
  return [messageOf(error), textOf(code), messageOf(cause), textOf(cause?.code)].filter(Boolean).join(', ');
}

/** The scheme of a URL with its colon; `''` for what is no URL. */
function schemeOf(url: string): string {
  try {
    return new URL(url).protocol;
  } catch {
    return '';
  }
}

/** Headers in lower case; throws a `TypeError` that names `setting` and the header that cannot be sent. */
export function checkedHeaders(headers: Readonly<Record<string, string>>, setting: string): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    // The value stays out of the message: it is likely to be a secret.
    if (!/^[!#$%&'*+\-.^_`|~\w]+$/.test(name))
      throw new TypeError(`${setting}: ${JSON.stringify(name)} is not a header's name`);
    if (typeof value !== 'string' || /[^\t -~\x80-\xff]/.test(value)) {
      throw new TypeError(`${setting}: the value of ${name} is not a string that a header can hold`);
    }
    result[name.toLowerCase()] = value;
  }
  return result;
}

/** Always to the end, up to a bound: a body that is left unread costs the connection. */
async function readBody({ body }: FetchedResponse): Promise<Uint8Array> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const reader = body?.getReader();
  for (let size = 0; reader !== undefined; ) {
    const { done, value } = await reader.read();
    if (done || value === undefined) break;
    size += value.length;
    if (size > MAX_RESPONSE_BYTES) {
      await reader.cancel();
      break;
    }
    chunks.push(value as Uint8Array<ArrayBuffer>);
  }
  return concat(chunks);
}

/** The milliseconds that a `Retry-After` header asks for, in seconds or as a date; 0 for what is neither. */
function millisOfRetryAfter(header: string | null): number {
  const seconds = Number(header);
  return (Number.isNaN(seconds) ? Date.parse(header as string) - Date.now() : seconds * 1000) || 0;
}

/** What is printable of an answer: of a `google.rpc.Status`, which errors come as, its message. */
function quoted(answer: Uint8Array | string): string {
  const text = typeof answer === 'string' ? answer : new TextDecoder().decode(answer.subarray(0, 1000));
  return JSON.stringify(
    text
      .replace(/[^ -~\xa0-\uffff]+/g, ' ')
      .trim()
      .slice(0, 300),
  );
}
