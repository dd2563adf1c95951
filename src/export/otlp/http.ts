import { checkedTls, createFetch, createGzip, isUnsent, language } from '#platform';
import { later, within } from '../../core/deadline.ts';
import { explanation, report } from '../../core/diagnostic.ts';
import { messageOf, read, textAt } from '../../core/exception.ts';
import { numberOptions } from '../../core/options.ts';
import { textOf } from '../../core/text.ts';
import { SDK_VERSION } from '../../core/version.ts';
import { type BatchingExporter, type ExportOutcome, untraced } from '../exporter.ts';
import { concat, OtlpBatch } from './batch.ts';
import { BufferPool } from './buffer-pool.ts';
import { shownUrl } from './endpoint.ts';
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

/** What is sent with every request; a function is asked for it, so that it may change. */
export type OtlpHeaders =
  | Readonly<Record<string, string>>
  | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>);

/**
 * Certificates and key for connections over `https://`: PEM, as text or bytes. Node, Bun and Deno can be told them, other
 * runtimes have no settings for TLS.
 */
export interface TlsOptions {
  /**
   * Certificates of the authorities that may vouch for the server. Default: those that the runtime trusts. On Node and Bun
   * the given ones take their place, on Deno they are trusted besides.
   */
  ca?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** The client's certificate, and behind it those between it and its authority. It needs a `key`. Default: none. */
  cert?: string | Uint8Array;
  /** The key of `cert`, unencrypted. Default: none. */
  key?: string | Uint8Array;
}

/** {@link TlsOptions} that are checked, each certificate a text of its own. */
export interface CheckedTls extends TlsOptions {
  ca?: string[];
  cert?: string;
  key?: string;
}

/** Settings of an {@link OtlpHttpExporter}. */
export interface OtlpHttpExporterOptions {
  /** Where to send, path included. Default: `http://localhost:4318/v1/traces`. */
  url?: string;
  /** Sent with every request. Default: none. */
  headers?: OtlpHeaders;
  /** Milliseconds a request may take. Default: 10,000. */
  timeoutMillis?: number;
  /** Default: that of the runtime. */
  fetch?: FetchLike;
  /**
   * Certificates and key, for an `https://` URL without a `fetch` of your own. Node before 20.16 sees only when it connects
   * what is wrong with them. Default: what the runtime trusts, and no certificate of the client.
   */
  tls?: TlsOptions;
  /** `gzip` where the runtime can compress. In pages, what is sent at the very end is lost to it. Default: `none`. */
  compression?: 'gzip' | 'none';
}

const DEFAULT_OTLP_URL = 'http://localhost:4318/v1/traces';

// What a server may answer; more is not read. The specification's bound for responses.
const MAX_RESPONSE_BYTES = 4 * 1024 * 1024;
// Of what it says, as much as fits in a message.
const QUOTED_BYTES = 300;

// The specification's reference for retries: five attempts, and between them a second, half as much again each time,
// 20 % more or less. Its bound of five seconds is never reached.
const MAX_ATTEMPTS = 5;
const FIRST_PAUSE_MILLIS = 1_000;
const RETRYABLE = [429, 502, 503, 504];

/** What one request came to, and where it may be repeated, the milliseconds to wait at least. */
type Attempt = [outcome: ExportOutcome, retryAfter?: number];

/**
 * Sends spans as OTLP, protobuf over HTTP. What a server cannot take now (429, 502, 503, 504, or no connection) is sent
 * again, up to five times and until the processor's `exportTimeoutMillis` are over.
 *
 * Specification: OpenTelemetry Protocol, "OTLP/HTTP".
 */
export class OtlpHttpExporter implements BatchingExporter<OtlpBatch> {
  /** Where requests go. */
  readonly url: string;
  /** Lets go of what connections hold, where there is something to be let go of. */
  readonly shutdown: (() => void) | undefined;
  private readonly _headers: Record<string, string>;
  private readonly _timeoutMillis: number;
  private readonly _fetch: FetchLike;
  private readonly _gzip: ReturnType<typeof createGzip>;
  private readonly _pool = new BufferPool();
  /** Where the batches of a backlog are put together; new memory for each request costs 100 ns a span. */
  private _room: Uint8Array<ArrayBuffer> | undefined;
  /** Ends the pause between two attempts. */
  private _wake: (() => void) | undefined;

  /** @throws TypeError or RangeError naming the option, its value and what is allowed. */
  constructor(options: OtlpHttpExporterOptions = {}) {
    const { url = DEFAULT_OTLP_URL, headers = {}, timeoutMillis, fetch, tls, compression = 'none' } = options;
    let href = '';
    try {
      href = new URL(url).href;
    } catch {
      // Refused with the others.
    }
    // Credentials would stand in front of an @.
    if (!/^https?:\/\/[^@/]+\//.test(href)) {
      throw new TypeError(
        `url: ${JSON.stringify(shownUrl(textOf(url)))} is not a URL that begins with http:// or https:// and has no credentials`,
      );
    }
    if (fetch !== undefined && typeof fetch !== 'function') throw new TypeError('fetch: a function is required');
    if (compression !== 'gzip' && compression !== 'none') {
      throw new TypeError(`compression: ${JSON.stringify(textOf(compression))} is not one of gzip, none`);
    }
    this._gzip = compression === 'gzip' ? createGzip() : undefined;
    if (compression === 'gzip' && !this._gzip) report('compression_unavailable', '');
    // Taken away with the sending that is to come.
    if (typeof headers === 'function') throw new Error('not supported yet: headers as a function');
    this.url = url;
    this._headers = {
      ...checkedHeaders(headers, 'headers'),
      'content-type': 'application/x-protobuf',
      ...(this._gzip && { 'content-encoding': 'gzip' }),
      // Browsers set their own.
      ...(language === 'nodejs' && { 'user-agent': `OTel-OTLP-Exporter-JavaScript/${SDK_VERSION}` }),
    };
    this._timeoutMillis = numberOptions({ timeoutMillis: 10_000 }, { timeoutMillis }, '', 1).timeoutMillis;
    const certificates = tls && checkedTls(tls, 'tls', fetch ?? url);
    const own = fetch ? undefined : createFetch(url, certificates);
    this._fetch = (fetch ?? own) as FetchLike;
    this.shutdown = own?.close;
  }

  createBatch(): OtlpBatch {
    return new OtlpBatch(this._pool);
  }

  async send(batches: readonly OtlpBatch[], signal: AbortSignal, pausing?: () => void): Promise<ExportOutcome> {
    let spans = 0;
    let cutSpans = 0;
    for (const { spanCount, _cutSpans } of batches) {
      spans += spanCount;
      cutSpans += _cutSpans;
    }
    if (cutSpans) report('span_cut', textOf(cutSpans));
    const body = concat(
      batches.flatMap((batch) => batch._seal()),
      this._room,
    );
    this._room = undefined;
    for (let attempts = 1, pause = FIRST_PAUSE_MILLIS; ; attempts++, pause *= 1.5) {
      const [outcome, retryAfter] = await this._attempt(body, spans, signal);
      if (retryAfter !== undefined && attempts < MAX_ATTEMPTS && !signal.aborted) {
        const woken = new Promise<void>((resolve) => {
          this._wake = resolve;
          signal.addEventListener('abort', () => resolve());
        });
        pausing?.();
        await within(Math.max(retryAfter, pause * (0.8 + 0.4 * Math.random())), woken, later);
        this._wake = undefined;
        if (!signal.aborted) continue;
      }
      // Only now is it certain that nobody reads the buffers any more.
      if (!outcome.unknown) {
        for (const batch of batches) batch._release();
        if (batches.length > 1) this._room = new Uint8Array(body.buffer);
        else this._pool.trim();
      }
      return outcome;
    }
  }

  /** Ends the pause before the next attempt. */
  hurry(): void {
    this._wake?.();
  }

  /** One request. Never rejects. */
  private async _attempt(body: Uint8Array<ArrayBuffer>, spans: number, signal: AbortSignal): Promise<Attempt> {
    const abort = new AbortController();
    const cancel = () => abort.abort(signal.reason);
    signal.addEventListener('abort', cancel);
    const timer = later(() => abort.abort(`no answer within ${this._timeoutMillis} ms`), this._timeoutMillis);
    try {
      const response = await untraced(this._fetch, this.url, {
        method: 'POST',
        headers: this._headers,
        body: this._gzip ? await this._gzip(body) : body,
        // A redirect would carry the headers, and so the credentials, to wherever it points.
        redirect: 'manual',
        signal: abort.signal,
      });
      const { status } = response;
      const answer = await readBody(response);
      const isAccepted = status >= 200 && status < 300;
      const [rejectedSpans, said] = isAccepted ? readResponse(answer) : [0, answer];
      const rejected = Math.min(rejectedSpans, spans);
      // The common case: not a word of it.
      if (isAccepted && rejected === 0 && said.length === 0) return [{ acknowledged: spans }];
      const why = `${shownUrl(this.url)} answered ${status} ${quoted(said)}${explanation(status)}`;
      if (isAccepted) return [{ acknowledged: spans - rejected, rejected, why }];
      return [
        { dropped: spans, reason: status === 413 ? 'too_large' : 'refused', why },
        RETRYABLE.includes(status) ? millisOfRetryAfter(response.headers.get('retry-after')) : undefined,
      ];
    } catch (error) {
      const why = `${shownUrl(this.url)} gave no answer (${this._reasonOf(error)})`;
      return isUnsent(error)
        ? [{ dropped: spans, reason: 'unreachable', why: why + explanation('no_answer') }, 0]
        : // Nobody knows whether it arrived: sending it again could double its spans.
          [{ unknown: spans, why }];
    } finally {
      clearTimeout(timer as number);
      // A caller may use one signal for all of its requests.
      signal.removeEventListener('abort', cancel);
    }
  }

  /** What an error and its cause say, in words and codes. Bun and Deno name the URL, whose query may hold a secret. */
  private _reasonOf(error: unknown): string {
    return [error, read(error, 'cause')]
      .flatMap((part) => [messageOf(part), textAt(part, 'code')])
      .filter(Boolean)
      .join(', ')
      .replaceAll(new URL(this.url).search, '');
  }
}

/** Headers in lower case; throws a `TypeError` that names `setting` and the header that cannot be sent. */
export function checkedHeaders(headers: Readonly<Record<string, string>>, setting: string): Record<string, string> {
  const result: Record<string, string> = {};
  for (const name in headers) {
    const value: unknown = headers[name];
    const [token] = /^[\w!#-'*+.^`|~-]*/.exec(name) as RegExpExecArray;
    if (!token || token !== name || typeof value !== 'string' || /[^\t -~\x80-\xff]/.test(value)) {
      // The value stays out of the message, and what stands behind a wrong character: both are likely to be a secret.
      const shown = JSON.stringify(name.slice(0, token.length + 1));
      throw new TypeError(`${setting}: ${shown} is not a header: names are tokens, values Latin-1 text`);
    }
    result[name.toLowerCase()] = value;
  }
  return result;
}

/** Always to the end, up to a bound: a body that is left unread costs the connection. */
async function readBody({ body }: FetchedResponse): Promise<Uint8Array> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const reader = body?.getReader();
  for (let size = 0; reader; ) {
    const { value } = await reader.read();
    // Nothing comes with the end.
    if (!value) break;
    size += value.length;
    if (size > MAX_RESPONSE_BYTES) {
      await reader.cancel();
      break;
    }
    chunks.push(value as Uint8Array<ArrayBuffer>);
  }
  return concat(chunks);
}

/** The milliseconds that a `Retry-After` header asks for, in seconds or as a date; none or fewer for what is neither. */
function millisOfRetryAfter(header: string | null): number {
  return Number(header) * 1000 || Date.parse(header as string) - Date.now() || 0;
}

/** The beginning of an answer, of what is printable: of a `google.rpc.Status`, which errors come as, its message. */
function quoted(answer: Uint8Array): string {
  const text = new TextDecoder().decode(answer.subarray(0, QUOTED_BYTES));
  return JSON.stringify(text.replace(/[^ -~\xa0-\uffff]+/g, ' ').trim());
}
