import { checkedTls, createFetch } from '#platform';
import { checkNames } from '../../core/options.ts';
import { textOf } from '../../core/text.ts';
import { untraced } from '../exporter.ts';
import { concat } from './concat.ts';
import type { OtlpEncoding } from './encoding.ts';
import { shownUrl } from './endpoint.ts';
import { OtlpExporter, type OtlpExporterOptions } from './exporter.ts';
import type { TlsOptions } from './tls.ts';
import type { OtlpTransport } from './transport.ts';

/** What is needed of a response to a request. A `Response` of the Fetch standard has it. */
export interface FetchedResponse {
  /** The HTTP status. */
  readonly status: number;
  /** `null` for one that is not there. */
  readonly headers: {
    /** The value of a header, by its name in lower case. */
    get(name: string): string | null;
  };
  /** `null` where there is none. */
  readonly body: {
    /** What reads it, piece by piece. */
    getReader(): BodyReader;
  } | null;
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
    /** In pages, where `flushOnPageHide` is in use: the request is to outlive the page. */
    keepalive?: boolean;
  },
) => Promise<FetchedResponse>;

/** Settings of an {@link OtlpHttpExporter}. */
export interface OtlpHttpExporterOptions extends OtlpExporterOptions {
  /** Where to send, path included. Default: `http://localhost:4318/v1/traces`. */
  url?: string;
  /** The form of the spans: `new JsonEncoding()` for OTLP's JSON. Default: protobuf. */
  encoding?: OtlpEncoding;
  /** Default: that of the runtime. */
  fetch?: FetchLike;
  /**
   * Certificates and key for an `https://` URL without a `fetch` of your own. Node before 20.16 sees only when it connects
   * what is wrong with them. Default: what the runtime trusts, and no certificate of the client.
   */
  tls?: TlsOptions;
}

const DEFAULT_OTLP_URL = 'http://localhost:4318/v1/traces';

// What a server may answer; more is not read. The specification's bound for responses.
const MAX_RESPONSE_BYTES = 4 * 1024 * 1024;
// A body in crumbs would take a hundred times its memory.
const MAX_PIECES = 4_096;

const OPTIONS = ['url', 'headers', 'timeoutMillis', 'compression', 'fetch', 'tls', 'encoding'];
const RETRYABLE = [429, 502, 503, 504];

/**
 * Sends spans as OTLP over HTTP. What a server cannot take now (429, 502, 503, 504) and what gets no answer stays with
 * the processor, to be sent again.
 *
 * Specification: OpenTelemetry Protocol, "OTLP/HTTP".
 */
export class OtlpHttpExporter extends OtlpExporter {
  /** A page puts another in front of it. */
  _fetch: FetchLike;

  /** @throws TypeError or RangeError naming the option, its value and what is allowed. */
  constructor(options: OtlpHttpExporterOptions = {}) {
    checkNames(OPTIONS, options);
    const { url = DEFAULT_OTLP_URL, fetch, tls } = options;
    let href = '';
    try {
      href = new URL(url).href;
    } catch {
      // Refused with the others.
    }
    // Credentials would stand in front of an @.
    if (!/^https?:\/\/[^@/]+\//.test(href)) {
      throw new TypeError(
        `url: ${JSON.stringify(shownUrl(textOf(url)))} is not an http:// or https:// URL without credentials`,
      );
    }
    if (fetch !== undefined && typeof fetch !== 'function') throw new TypeError('fetch: a function is required');
    const certificates = tls && checkedTls(tls, 'tls', fetch ?? url);
    const own = fetch ? undefined : createFetch(url, certificates);
    const transport: OtlpTransport = async (parts, headers, signal) => {
      const response = await this._fetch(url, {
        method: 'POST',
        headers,
        // The package's own takes them as they are: to put 8 MiB together holds up the loop for 7 ms (Node 20).
        body: (own?.isOwnClient ? parts : concat(parts)) as Uint8Array<ArrayBuffer>,
        // A redirect would carry the headers, and so the credentials, to wherever it points.
        redirect: 'manual',
        signal,
      });
      const { status } = response;
      const answer = await readBody(response);
      const isAccepted = status >= 200 && status < 300;
      // Servers that are written in Go, the Collector is one, have 400 and these words for it.
      const isTooLarge = status === 413 || (status === 400 && /body too large/.test(new TextDecoder().decode(answer)));
      return [
        status,
        answer,
        isAccepted ? undefined : isTooLarge ? 'too_large' : 'refused',
        RETRYABLE.includes(status) ? millisOfRetryAfter(response.headers.get('retry-after')) : undefined,
      ];
    };
    super(
      url,
      options,
      own?.isOwnClient ? transport : (...request) => untraced(transport, ...request),
      own?.close,
      options.encoding,
    );
    this._fetch = (fetch ?? own) as FetchLike;
  }
}

/**
 * Always to the end, up to a bound: a body that is left unread costs the connection. The status decides; a body that breaks
 * off counts as empty.
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
