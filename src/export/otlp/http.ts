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

/** The part of a response that the exporter uses. A `Response` of the Fetch standard satisfies it. */
export interface FetchedResponse {
  /** The HTTP status. */
  readonly status: number;
  /** The response headers. */
  readonly headers: {
    /** Returns the value of a header by its lower-case name, or `null` if the header is missing. */
    get(name: string): string | null;
  };
  /** The body, or `null` if there is none. */
  readonly body: {
    /** Returns a reader that yields the body piece by piece. */
    getReader(): BodyReader;
  } | null;
}

/** The part of a body reader that the exporter uses. */
export interface BodyReader {
  read(): Promise<{ done: boolean; value?: Uint8Array }>;
  cancel(): Promise<void>;
}

/** The part of `fetch` that the exporter uses. Every runtime's `fetch` has it; your own can set proxies or agents. */
export type FetchLike = (
  url: string,
  init: {
    method: string;
    headers: Record<string, string>;
    body: Uint8Array<ArrayBuffer>;
    redirect: 'manual';
    signal: AbortSignal;
    /** In pages that use `flushOnPageHide`: whether the request outlives the page. */
    keepalive?: boolean;
  },
) => Promise<FetchedResponse>;

/** Settings of an {@link OtlpHttpExporter}. */
export interface OtlpHttpExporterOptions extends OtlpExporterOptions {
  /** The URL to send to, including the path. Default: `http://localhost:4318/v1/traces`. */
  url?: string;
  /** The encoding of the spans; `new JsonEncoding()` sends OTLP's JSON. Default: protobuf. */
  encoding?: OtlpEncoding;
  /** The `fetch` that sends the requests. Default: that of the runtime. */
  fetch?: FetchLike;
  /**
   * Certificates and key for an `https://` URL; not allowed together with your own `fetch`. Node before 20.16 finds
   * errors in them only when it connects. Default: what the runtime trusts, and no client certificate.
   */
  tls?: TlsOptions;
}

const DEFAULT_OTLP_URL = 'http://localhost:4318/v1/traces';

// The specification's limit for responses. Reading stops beyond it.
const MAX_RESPONSE_BYTES = 4 * 1024 * 1024;
// A body of tiny pieces would take a hundred times its size in memory.
const MAX_PIECES = 4_096;

const OPTIONS = ['url', 'headers', 'timeoutMillis', 'compression', 'fetch', 'tls', 'encoding'];
const RETRYABLE = [429, 502, 503, 504];

/**
 * Sends spans as OTLP over HTTP. Spans that a server cannot take now (429, 502, 503, 504) and spans that get no answer
 * stay with the processor, which sends them again.
 *
 * Specification: OpenTelemetry Protocol, "OTLP/HTTP".
 */
export class OtlpHttpExporter extends OtlpExporter {
  /** Mutable, because `flushOnPageHide` wraps it. */
  _fetch: FetchLike;

  /** @throws TypeError or RangeError naming the option, its value and what is allowed. */
  constructor(options: OtlpHttpExporterOptions = {}) {
    checkNames(OPTIONS, options);
    const { url = DEFAULT_OTLP_URL, fetch, tls } = options;
    let href = '';
    try {
      href = new URL(url).href;
    } catch {
      // Refused below.
    }
    // Credentials would precede an @.
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
        // The package's own client takes parts: concatenating 8 MiB would block the event loop for 7 ms (Node 20).
        body: (own?.isOwnClient ? parts : concat(parts)) as Uint8Array<ArrayBuffer>,
        // Following a redirect would send the headers, and so the credentials, to wherever it points.
        redirect: 'manual',
        signal,
      });
      const { status } = response;
      const answer = await readBody(response);
      const isAccepted = status >= 200 && status < 300;
      // Servers written in Go, such as the Collector, answer 400 with these words.
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
 * Reads the whole body, up to a limit: an unread body costs the connection. A body that breaks off counts as empty,
 * since only the status decides the outcome.
 */
async function readBody({ body }: FetchedResponse): Promise<Uint8Array> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  try {
    const reader = body?.getReader();
    for (let size = 0; reader; ) {
      const { value } = await reader.read();
      // The final read carries no bytes.
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

/** Milliseconds that a `Retry-After` header asks for, in seconds or as a date. 0 for anything else; may be negative. */
function millisOfRetryAfter(header: string | null): number {
  return Number(header) * 1000 || Date.parse(header as string) - Date.now() || 0;
}
