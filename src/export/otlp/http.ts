import { checkedTls, createFetch, createGzip, isUnsent, language } from '#platform';
import { later } from '../../core/deadline.ts';
import { explanation, report } from '../../core/diagnostic.ts';
import { messageOf, read, textAt } from '../../core/exception.ts';
import { numberOptions } from '../../core/options.ts';
import { cut, textOf } from '../../core/text.ts';
import { SDK_VERSION } from '../../core/version.ts';
import { type BatchingExporter, type ExportOutcome, untraced } from '../exporter.ts';
import { concat } from './concat.ts';
import type { EncodedBatch, OtlpEncoding } from './encoding.ts';
import { shownUrl } from './endpoint.ts';
import { ProtobufEncoding } from './protobuf-encoding.ts';
import { Retry } from './retry.ts';
import { secretsOf } from './secrets.ts';

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

/** Headers by name, or a function that is asked for them before each request, as tokens that expire need it. */
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
  /** Sent with every request. A function that fails, or takes longer than a request may, puts the request off. Default: none. */
  headers?: OtlpHeaders;
  /** Milliseconds a request may take. Default: 10,000. */
  timeoutMillis?: number;
  /** The form of the spans: `new JsonEncoding()` for OTLP's JSON. Default: protobuf. */
  encoding?: OtlpEncoding;
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
const READ_BYTES = 64 * 1024;
// A body in crumbs would take a hundred times its memory.
const MAX_PIECES = 4_096;

const RETRYABLE = [429, 502, 503, 504];

/**
 * Sends spans as OTLP over HTTP. What a server cannot take now (429, 502, 503, 504) and what gets no answer stays with
 * the processor, to be sent again.
 *
 * Specification: OpenTelemetry Protocol, "OTLP/HTTP".
 */
export class OtlpHttpExporter implements BatchingExporter<EncodedBatch> {
  /** Where requests go. */
  readonly url: string;
  readonly _encoding: OtlpEncoding;
  private readonly _headers: OtlpHeaders;
  private readonly _ownHeaders: Record<string, string>;
  /** Those that were sent last, which no message may repeat. */
  private _sentHeaders: Record<string, string> = {};
  private readonly _timeoutMillis: number;
  private readonly _fetch: FetchLike;
  private readonly _isOwnFetch: boolean;
  private readonly _close: (() => void) | undefined;
  private readonly _gzip: ReturnType<typeof createGzip>;
  private readonly _retry = new Retry();

  /** @throws TypeError or RangeError naming the option, its value and what is allowed. */
  constructor(options: OtlpHttpExporterOptions = {}) {
    const { url = DEFAULT_OTLP_URL, headers = {}, timeoutMillis, fetch, tls, compression = 'none' } = options;
    const { encoding = new ProtobufEncoding() } = options;
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
    this.url = url;
    this._encoding = encoding;
    this._ownHeaders = {
      'content-type': encoding.contentType,
      ...(this._gzip && { 'content-encoding': 'gzip' }),
      // Browsers set their own.
      ...(language === 'nodejs' && { 'user-agent': `OTel-OTLP-Exporter-JavaScript/${SDK_VERSION}` }),
    };
    // Made once: what does not change is not copied for each request.
    this._headers =
      typeof headers === 'function' ? headers : { ...checkedHeaders(headers, 'headers'), ...this._ownHeaders };
    this._timeoutMillis = numberOptions({ timeoutMillis: 10_000 }, { timeoutMillis }, '', 1).timeoutMillis;
    const certificates = tls && checkedTls(tls, 'tls', fetch ?? url);
    const own = fetch ? undefined : createFetch(url, certificates);
    this._fetch = (fetch ?? own) as FetchLike;
    this._isOwnFetch = !fetch;
    this._close = own?.close;
  }

  createBatch(): EncodedBatch {
    return this._encoding.createBatch();
  }

  /** Lets go of memory, and of what connections hold. */
  shutdown(): void {
    this._close?.();
    this._encoding._clear?.();
  }

  async send(batches: readonly EncodedBatch[], signal: AbortSignal): Promise<ExportOutcome> {
    let spans = 0;
    let cutSpans = 0;
    for (const batch of batches) {
      spans += batch.spanCount;
      cutSpans += batch._cutSpans;
      // Said once, however often the batch is sent.
      batch._cutSpans = 0;
    }
    if (cutSpans) report('span_cut', textOf(cutSpans));
    const body = this._encoding._body(batches);
    const outcome = await this._attempt(this._gzip ? await this._gzip(body) : body, batches, spans, signal);
    // Of what has been answered at once, by a fetch that has read all of it: one of the user's may read on, and so may one
    // that was given up.
    if (this._isOwnFetch && outcome.acknowledged && !this._retry._hasFailed(batches))
      this._encoding._free?.(batches, body);
    return outcome;
  }

  /** One request. Never rejects. */
  private async _attempt(
    body: Uint8Array<ArrayBuffer>,
    batches: readonly EncodedBatch[],
    spans: number,
    signal: AbortSignal,
  ): Promise<ExportOutcome> {
    const { _retry, _timeoutMillis } = this;
    const abort = new AbortController();
    const cancel = () => abort.abort(signal.reason);
    signal.addEventListener('abort', cancel);
    // It may have come while the body was compressed.
    if (signal.aborted) cancel();
    const timer = later(() => abort.abort(`no answer within ${_timeoutMillis} ms`), _timeoutMillis);
    let headers: Record<string, string> | undefined;
    try {
      headers =
        typeof this._headers === 'function' ? await this._askForHeaders(this._headers, abort.signal) : this._headers;
      this._sentHeaders = headers;
      if (signal.aborted) return { dropped: spans, reason: 'shutdown' };
      const response = await untraced(this._fetch, this.url, {
        method: 'POST',
        headers,
        body,
        // A redirect would carry the headers, and so the credentials, to wherever it points.
        redirect: 'manual',
        signal: abort.signal,
      });
      const { status } = response;
      const answer = await readBody(response);
      const isAccepted = status >= 200 && status < 300;
      const [rejectedSpans, said] = isAccepted ? this._encoding._readResponse(answer) : [0, answer];
      const rejected = Math.min(rejectedSpans, spans);
      // The common case: not a word of it.
      if (isAccepted && rejected === 0 && said.length === 0) return _retry._settle({ acknowledged: spans });
      const quoted = this._quoted(said);
      // Servers that are written in Go, the Collector is one, have 400 and these words for it.
      const problem = status === 400 && quoted.includes('body too large') ? 413 : status;
      const why = `${shownUrl(this.url)} answered ${status} ${quoted}${explanation(problem)}`;
      if (isAccepted) return _retry._settle({ acknowledged: spans - rejected, rejected, why });
      const outcome: ExportOutcome = { dropped: spans, reason: problem === 413 ? 'too_large' : 'refused', why };
      return RETRYABLE.includes(status)
        ? _retry._postpone(batches, outcome, millisOfRetryAfter(response.headers.get('retry-after')))
        : _retry._settle(outcome);
    } catch (error) {
      const said = this._masked(reasonOf(error));
      const url = shownUrl(this.url);
      const why = `${url} gave no answer (${said})`;
      if (headers === undefined || isUnsent(error)) {
        return _retry._again({
          dropped: spans,
          // A function that has no headers now may have some soon, whether or not a server is there.
          reason: headers ? 'unreachable' : 'export_failed',
          why: headers ? why + explanation('no_answer') : `no request to ${url} (${said})`,
        });
      }
      const outcome = { unknown: spans, why };
      // Where the caller has given up there is nobody who would ask again.
      return signal.aborted ? outcome : _retry._retryUnanswered(batches, outcome, abort.signal.aborted);
    } finally {
      clearTimeout(timer as number);
      // A caller may use one signal for all of its requests.
      signal.removeEventListener('abort', cancel);
    }
  }

  /** The beginning of an answer, of what is printable: of a `google.rpc.Status`, which errors come as, its message. */
  private _quoted(answer: Uint8Array): string {
    let text = new TextDecoder().decode(answer.subarray(0, READ_BYTES)).replace(/[^ -~\xa0-\uffff]+/g, ' ');
    // A word that is cut off may be half a secret.
    if (answer.length > READ_BYTES) text = text.replace(/\S*$/, '');
    return JSON.stringify(cut(this._masked(text.trim()), QUOTED_BYTES));
  }

  /** Without what is secret, as servers and others like to repeat it. */
  private _masked(text: string): string {
    const secrets = secretsOf(this._sentHeaders, this.url, this._ownHeaders);
    return secrets.reduce((masked, secret) => masked.replaceAll(secret, '…'), text);
  }

  /** What the user's function says. @throws what that throws, or an error of what is wrong with its answer. */
  private async _askForHeaders(
    ask: OtlpHeaders & (() => unknown),
    signal: AbortSignal,
  ): Promise<Record<string, string>> {
    const aborted = new Promise((_, reject) =>
      signal.addEventListener('abort', () => reject('headers() gave none in time')),
    );
    const headers = await Promise.race([untraced(ask), aborted]);
    return { ...checkedHeaders(headers as Record<string, string>, 'headers()'), ...this._ownHeaders };
  }
}

/** What an error and its cause say, and their codes where the words do not have them. */
function reasonOf(error: unknown): string {
  let reason = '';
  for (const part of [error, read(error, 'cause')]) {
    for (const text of [messageOf(part), textAt(part, 'code')]) {
      if (!reason.includes(text)) reason += (reason && ', ') + text;
    }
  }
  return reason;
}

/** Headers in lower case; throws a `TypeError` that names `setting` and the header that cannot be sent. */
export function checkedHeaders(headers: Readonly<Record<string, string>>, setting: string): Record<string, string> {
  const result: Record<string, string> = {};
  if (Object(headers) !== headers) throw new TypeError(`${setting}: an object of names and values is required`);
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

/**
 * Always to the end, up to a bound: a body that is left unread costs the connection. What the server means is said by
 * its status; where the rest breaks off, there is nothing more of it.
 */
async function readBody({ body }: FetchedResponse): Promise<Uint8Array> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  try {
    const reader = body?.getReader();
    for (let size = 0; reader; ) {
      const { value } = await reader.read();
      // Nothing comes with the end.
      if (!value) break;
      size += value.length;
      if (size > MAX_RESPONSE_BYTES || chunks.length > MAX_PIECES) {
        await reader.cancel();
        break;
      }
      chunks.push(value as Uint8Array<ArrayBuffer>);
    }
    return concat(chunks);
  } catch {
    return new Uint8Array();
  }
}

/** The milliseconds that a `Retry-After` header asks for, in seconds or as a date; none or fewer for what is neither. */
function millisOfRetryAfter(header: string | null): number {
  return Number(header) * 1000 || Date.parse(header as string) - Date.now() || 0;
}
