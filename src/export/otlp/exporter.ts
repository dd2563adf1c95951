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

/** Settings that all exporters of OTLP have. */
export interface OtlpExporterOptions {
  /** Sent with every request. A function that fails, or takes longer than a request may, puts the request off. Default: none. */
  headers?: OtlpHeaders;
  /** Milliseconds a request may take. Default: 10,000. */
  timeoutMillis?: number;
  /** `gzip` where the runtime can compress. In pages, what is sent as they are left is not. Default: `none`. */
  compression?: 'gzip' | 'none';
}

// More parts than that are small ones, for which a write each takes longer than to put them together.
const MAX_PARTS = 100;
// Of what a server says, as much as fits in a message.
const QUOTED_BYTES = 300;
const READ_BYTES = 64 * 1024;

/** The part of an exporter of OTLP that does not depend on its transport: makes requests, and of answers counts of spans. */
export class OtlpExporter implements BatchingExporter<EncodedBatch> {
  /** Where requests go. */
  readonly url: string;
  readonly _encoding: OtlpEncoding;
  private readonly _headers: OtlpHeaders;
  private readonly _ownHeaders: Record<string, string>;
  /** The headers of the last request, which are masked in every message. */
  private _sentHeaders: Record<string, string> = {};
  private readonly _timeoutMillis: number;
  private readonly _transport: OtlpTransport;
  private readonly _close: (() => void) | undefined;
  private readonly _gzip: ReturnType<typeof createGzip> = undefined;
  private readonly _retry = new Retry();

  /**
   * @param options.fetch - The user's, if the transport uses one.
   * @param close - What is to be done when there will be no more requests.
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
    // A user's fetch may still read the body after it has answered, so its memory is never used again.
    if (fetch) encoding._free = undefined;
    this._transport = transport;
    this._close = close;
    this._ownHeaders = {
      'content-type': encoding.contentType,
      // Browsers set their own.
      ...(language === 'nodejs' && { 'user-agent': `OTel-OTLP-Exporter-JavaScript/${SDK_VERSION}` }),
    };
    // Made once: what does not change is not copied for each request.
    this._headers =
      typeof headers === 'function' ? headers : { ...checkedHeaders(headers, 'headers'), ...this._ownHeaders };
    this._timeoutMillis = numberOptions({ timeoutMillis: 10_000 }, { timeoutMillis }, '', 1).timeoutMillis;
  }

  createBatch(): EncodedBatch {
    return this._encoding.createBatch();
  }

  /** Lets go of memory, and of what connections hold. */
  shutdown(): void {
    this._close?.();
    this._encoding._clear?.();
  }

  /** One request. Never rejects. */
  async send(batches: readonly EncodedBatch[], signal: AbortSignal, isLeaving?: boolean): Promise<ExportOutcome> {
    const { _encoding, _retry, _timeoutMillis } = this;
    let spans = 0;
    let cutSpans = 0;
    for (const batch of batches) {
      spans += batch.spanCount;
      cutSpans += batch._cutSpans;
      // Said once, however often the batch is sent.
      batch._cutSpans = 0;
    }
    if (cutSpans) report('span_cut', textOf(cutSpans));
    const abort = new AbortController();
    const cancel = () => abort.abort(signal.reason);
    signal.addEventListener('abort', cancel);
    // It may have come before.
    if (signal.aborted) cancel();
    // Functions of the user's may not listen to a signal.
    const aborted = afterAbort(abort.signal);
    let timer: unknown;
    let headers: Record<string, string> | undefined;
    try {
      let body: readonly Uint8Array<ArrayBuffer>[] = _encoding._body(batches);
      // Compressing takes longer than there may be time.
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
      const said = this._masked(headers || !abort.signal.aborted ? reasonOf(error) : 'headers() gave none in time');
      const why = `${url} gave no answer (${said})`;
      if (headers === undefined || isUnsent(error)) {
        const unsent: ExportOutcome = {
          dropped: spans,
          // A function that has no headers now may have some soon, whether or not a server is there.
          reason: headers ? 'unreachable' : 'export_failed',
          why: headers ? why + explanation(url.slice(0, 5)) : `no request to ${url} (${said})`,
        };
        return _retry._again(unsent, batches, NOBODYS);
      }
      const outcome = { unknown: spans, why };
      // Where the caller has given up there is nobody who would ask again.
      return signal.aborted ? outcome : _retry._again(outcome, batches, abort.signal.aborted ? LATE : UNANSWERED);
    } finally {
      clearTimeout(timer as number);
      // A caller may use one signal for all of its requests.
      signal.removeEventListener('abort', cancel);
    }
  }

  /** What a server's answer says of the batches. */
  private _answered(
    batches: readonly EncodedBatch[],
    spans: number,
    [status, answer, reason, retryMillis]: OtlpAnswer,
  ): ExportOutcome {
    const { _encoding, _retry } = this;
    const isAccepted = reason === undefined;
    const [rejectedSpans, said] = isAccepted ? _encoding._readResponse(answer) : [0, answer];
    const rejected = Math.min(rejectedSpans, spans);
    // In the common case there is not a word of it.
    const why =
      isAccepted && rejected === 0 && said.length === 0
        ? undefined
        : `${shownUrl(this.url)} answered ${status} ${this._quoted(said)}${explanation(reason === 'too_large' ? reason : status)}`;
    if (isAccepted) {
      // What was given up before may still be read.
      if (!_retry._hasFailed(batches)) _encoding._free?.(batches);
      return _retry._settle({ acknowledged: spans - rejected, rejected, why });
    }
    const outcome: ExportOutcome = reason ? { dropped: spans, reason, why } : { unknown: spans, why };
    return retryMillis === undefined ? _retry._settle(outcome) : _retry._again(outcome, batches, BUSY, retryMillis);
  }

  /** The beginning of an answer, of what is printable: of a `google.rpc.Status`, which errors come as, its message. */
  private _quoted(answer: Uint8Array): string {
    let text = new TextDecoder().decode(answer.subarray(0, READ_BYTES)).replace(/[^ -~\xa0-\uffff]+/g, ' ');
    // A word that is cut off may be half a secret.
    if (answer.length > READ_BYTES) text = text.slice(0, text.lastIndexOf(' ') + 1);
    return JSON.stringify(cut(this._masked(text.trim()), QUOTED_BYTES));
  }

  /** Without what is secret, as servers and others like to repeat it. */
  private _masked(text: string): string {
    const secrets = secretsOf(this._sentHeaders, this.url, this._ownHeaders);
    return secrets.reduce((masked, secret) => masked.replaceAll(secret, '…'), text);
  }

  /** What the user's function has answered, and what is the exporter's. @throws TypeError for what is wrong with it. */
  private _withOwn(headers: unknown): Record<string, string> {
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
