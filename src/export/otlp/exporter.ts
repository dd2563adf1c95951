import { createGzip, isUnsent, language } from '#platform';
import { afterAbort, later } from '../../core/deadline.ts';
import { explanation, report } from '../../core/diagnostic.ts';
import { messageOf } from '../../core/exception.ts';
import { numberOptions } from '../../core/options.ts';
import { read, textAt } from '../../core/property.ts';
import { cut, textOf } from '../../core/text.ts';
import { SDK_VERSION } from '../../core/version.ts';
import { type BatchingExporter, type ExportOutcome, untraced } from '../exporter.ts';
import { concat } from './concat.ts';
import type { EncodedBatch, OtlpEncoding } from './encoding.ts';
import { shownUrl } from './endpoint.ts';
import { checkedHeaders, type OtlpHeaders } from './headers.ts';
import { ProtobufEncoding } from './protobuf-encoding.ts';
import { BUSY, LATE, NOBODYS, Retry, UNANSWERED } from './retry.ts';
import { secretsOf } from './secrets.ts';
import type { OtlpAnswer, OtlpTransport } from './transport.ts';

/** Settings that all OTLP exporters share. */
export interface OtlpExporterOptions {
  /** Headers of every request. A function that fails or exceeds `timeoutMillis` delays the request. Default: none. */
  headers?: OtlpHeaders;
  /** How long a request may take, in milliseconds. Default: 10,000. */
  timeoutMillis?: number;
  /**
   * `gzip` compresses requests where the runtime can, except those that a page sends as it is left. Default: `none`.
   */
  compression?: 'gzip' | 'none';
}

// Beyond this count the parts are small, and concatenating them is faster than writing them one by one.
const MAX_PARTS = 100;
// A diagnostic quotes this much of a server's response.
const QUOTED_BYTES = 300;
const READ_BYTES = 64 * 1024;

/** The transport-independent part of an OTLP exporter: makes requests, and turns responses into counts of spans. */
export class OtlpExporter implements BatchingExporter<EncodedBatch> {
  /** Where requests go. */
  readonly url: string;
  readonly isUntraced = true;
  readonly _encoding: OtlpEncoding;
  private readonly _headers: OtlpHeaders;
  private readonly _ownHeaders: Record<string, string>;
  /** The headers of the last request. Their values are masked in every message. */
  private _sentHeaders: Record<string, string> = {};
  private readonly _timeoutMillis: number;
  private readonly _transport: OtlpTransport;
  private readonly _close: (() => void) | undefined;
  private readonly _gzip: ReturnType<typeof createGzip> = undefined;
  private readonly _retry = new Retry();

  /**
   * @param options.fetch - The user's own fetch, if the transport uses one.
   * @param close - Called when there will be no more requests.
   * @throws TypeError or RangeError naming the option, its value and what is allowed.
   */
  constructor(
    url: string,
    { headers = {}, timeoutMillis, compression = 'none', fetch }: OtlpExporterOptions & { fetch?: unknown },
    transport: OtlpTransport,
    close: (() => void) | undefined,
    encoding: OtlpEncoding = new ProtobufEncoding(),
  ) {
    if (compression === 'gzip') {
      this._gzip = createGzip();
      if (!this._gzip) report('compression_unavailable', '');
    } else if (compression !== 'none') {
      throw new TypeError(`compression: ${JSON.stringify(textOf(compression))} is not one of gzip, none`);
    }
    this.url = url;
    this._encoding = encoding;
    // A user's fetch may still read the body after it has resolved, so the memory of the body is never reused.
    if (fetch) encoding._free = undefined;
    this._transport = transport;
    this._close = close;
    this._ownHeaders = {
      'content-type': encoding.contentType,
      // Browsers set their own user agent.
      ...(language === 'nodejs' && { 'user-agent': `OTel-OTLP-Exporter-JavaScript/${SDK_VERSION}` }),
    };
    // Headers that do not change are merged once instead of for each request.
    this._headers =
      typeof headers === 'function' ? headers : { ...checkedHeaders(headers, 'headers'), ...this._ownHeaders };
    this._timeoutMillis = numberOptions({ timeoutMillis: 10_000 }, { timeoutMillis }, '', 1).timeoutMillis;
  }

  createBatch(): EncodedBatch {
    return this._encoding.createBatch();
  }

  /** Releases memory and connections. */
  shutdown(): void {
    this._close?.();
    this._encoding._clear?.();
  }

  /** Sends batches in one request. Never rejects. */
  async send(batches: readonly EncodedBatch[], signal: AbortSignal, isLeaving?: boolean): Promise<ExportOutcome> {
    const { _encoding, _retry, _timeoutMillis } = this;
    let spans = 0;
    let cutSpans = 0;
    for (const batch of batches) {
      spans += batch.spanCount;
      cutSpans += batch._cutSpans;
      // Report cut spans once, however often the batch is sent.
      batch._cutSpans = 0;
    }
    if (cutSpans) report('span_cut', textOf(cutSpans));
    const abort = new AbortController();
    const cancel = () => abort.abort(signal.reason);
    signal.addEventListener('abort', cancel);
    // The signal may have been aborted before this call.
    if (signal.aborted) cancel();
    // The user's headers and fetch functions may ignore the signal.
    const aborted = afterAbort(abort.signal);
    let timer: unknown;
    let headers: Record<string, string> | undefined;
    try {
      let body: readonly Uint8Array<ArrayBuffer>[] = _encoding._body(batches);
      // A page that is being left may have no time to compress.
      const gzip = isLeaving ? undefined : this._gzip;
      if (gzip || body.length > MAX_PARTS) body = [concat(body)];
      if (gzip) body = [await gzip(body[0])];
      timer = later(() => abort.abort(`no answer within ${_timeoutMillis} ms`), _timeoutMillis);
      headers =
        typeof this._headers === 'function'
          ? this._withOwn(await Promise.race([untraced(this._headers), aborted]))
          : this._headers;
      this._sentHeaders = headers;
      if (signal.aborted) return { dropped: spans, reason: 'shutdown' };
      const sent = this._transport(body, gzip ? { ...headers, 'content-encoding': 'gzip' } : headers, abort.signal);
      return this._answered(batches, spans, await Promise.race([sent, aborted]));
    } catch (error) {
      const url = shownUrl(this.url);
      const said = this._masked(
        headers || !abort.signal.aborted ? reasonOf(error) : 'headers() did not return in time',
      );
      const why = `${url} did not answer (${said})`;
      if (headers === undefined || isUnsent(error)) {
        const unsent: ExportOutcome = {
          dropped: spans,
          // Failing to get headers says nothing about whether the server is reachable.
          reason: headers ? 'unreachable' : 'export_failed',
          why: headers ? why + explanation(url.slice(0, 5)) : `no request sent to ${url} (${said})`,
        };
        return _retry._again(unsent, batches, NOBODYS);
      }
      const outcome = { unknown: spans, why };
      // If the caller has given up, nobody is left to retry.
      return signal.aborted ? outcome : _retry._again(outcome, batches, abort.signal.aborted ? LATE : UNANSWERED);
    } finally {
      clearTimeout(timer as number);
      // Remove the listener: a caller may use one signal for all of its requests.
      signal.removeEventListener('abort', cancel);
    }
  }

  /** Turns a server's answer into the outcome for the batches. */
  private _answered(
    batches: readonly EncodedBatch[],
    spans: number,
    [status, answer, reason, retryMillis]: OtlpAnswer,
  ): ExportOutcome {
    const { _encoding, _retry } = this;
    const isAccepted = reason === undefined;
    const [rejectedSpans, said] = isAccepted ? _encoding._readResponse(answer) : [0, answer];
    const rejected = Math.min(rejectedSpans, spans);
    // In the common case there is nothing to report.
    const why =
      isAccepted && rejected === 0 && said.length === 0
        ? undefined
        : `${shownUrl(this.url)} answered ${status} ${this._quoted(said)}${explanation(reason === 'too_large' ? reason : status)}`;
    if (isAccepted) {
      // An earlier attempt that was given up may still be reading the buffers.
      if (!_retry._hasFailed(batches)) _encoding._free?.(batches);
      return _retry._settle({ acknowledged: spans - rejected, rejected, why });
    }
    const outcome: ExportOutcome = reason ? { dropped: spans, reason, why } : { unknown: spans, why };
    return retryMillis === undefined ? _retry._settle(outcome) : _retry._again(outcome, batches, BUSY, retryMillis);
  }

  /** Quotes the printable beginning of an answer. In a `google.rpc.Status`, the form of errors, that is its message. */
  private _quoted(answer: Uint8Array): string {
    let text = new TextDecoder().decode(answer.subarray(0, READ_BYTES)).replace(/[^ -~\xa0-\uffff]+/g, ' ');
    // Drop the last word: if it is cut off, it may be half a secret, which would not be masked.
    if (answer.length > READ_BYTES) text = text.slice(0, text.lastIndexOf(' ') + 1);
    return JSON.stringify(cut(this._masked(text.trim()), QUOTED_BYTES));
  }

  /** Masks secrets in a message, since servers and error messages may repeat them. */
  private _masked(text: string): string {
    const secrets = secretsOf(this._sentHeaders, this.url, this._ownHeaders);
    return secrets.reduce((masked, secret) => masked.replaceAll(secret, '…'), text);
  }

  /** Adds the exporter's own headers to those that the user's function gave. @throws TypeError if one is invalid. */
  private _withOwn(headers: unknown): Record<string, string> {
    return { ...checkedHeaders(headers as Record<string, string>, 'headers()'), ...this._ownHeaders };
  }
}

/** Joins the messages of an error and its cause, and their codes where the messages do not contain them. */
function reasonOf(error: unknown): string {
  let reason = '';
  for (const part of [error, read(error, 'cause')]) {
    for (const text of [messageOf(part), textAt(part, 'code')]) {
      if (!reason.includes(text)) reason += (reason && ', ') + text;
    }
  }
  return reason;
}
