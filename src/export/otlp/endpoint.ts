/** How an endpoint is to be read. */
export interface EndpointOptions {
  /** A bare `host:port` means `http:` unless its port is 443. Default: true. */
  insecure?: boolean;
  /** The protocol was stated to be HTTP, so that port 4317 is taken at its word. Default: false. */
  isHttp?: boolean;
  /** The URL is used as it is, without `/v1/traces`. Default: false. */
  isComplete?: boolean;
}

export const DEFAULT_ENDPOINT = 'http://localhost:4318';

// White space, paths without a host, of which parsers make the host, and other protocols.
const UNUSABLE = /\s|^([^/]*:\/\/)?\/|^(?!https?:)[^/]*:\/\//i;
// An @ further on is a part of the path or the query.
const WITHOUT_CREDENTIALS = /^https?:..[^@:/?#]*(:\d*)?[/?#]/i;
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * The URL that a setting means: a URL or a bare `host:port`.
 *
 * Specification: OpenTelemetry Protocol Exporter, "Endpoint URLs for OTLP/HTTP".
 *
 * @throws TypeError for what is no endpoint, Error for one that means gRPC; both name `setting`.
 */
export function tracesEndpoint(
  setting: string,
  value: string,
  { insecure = true, isHttp, isComplete }: EndpointOptions = {},
): string {
  let url: URL | undefined;
  try {
    const scheme = insecure && !/^[^/]*:443(\/|$)/.test(value) ? 'http' : 'https';
    if (!UNUSABLE.test(value)) url = new URL(value.includes('://') ? value : `${scheme}://${value}`);
  } catch {
    // Refused below, with what is allowed.
  }
  if (url === undefined || url.username || url.password) {
    throw new TypeError(
      `${setting}: ${
        url
          ? 'credentials in a URL are not sent; put them in a header (OTEL_EXPORTER_OTLP_HEADERS)'
          : `${JSON.stringify(shownUrl(value))} is not a URL like http://host:4318, nor host:port`
      }`,
    );
  }
  if (!isHttp && meansGrpc(url)) {
    throw new Error(
      `${setting}: ${JSON.stringify(shownUrl(value))} is for OTLP over gRPC, which this runtime cannot speak; use port 4318, OTLP over HTTP`,
    );
  }
  if (!isComplete) url.pathname = url.pathname.replace(/(\/v1\/traces)?\/*$/, '/v1/traces');
  return url.href;
}

/** True for an endpoint that is for OTLP over gRPC where nothing else says what it is for. */
export function meansGrpc({ port, pathname }: URL): boolean {
  return port === '4317' && pathname === '/';
}

/**
 * A URL, or what was meant to be one, as messages show it: without its query, which may hold a token, and nothing of it
 * where there may be a password in it.
 */
export function shownUrl(url: string): string {
  return url.includes('@') && !WITHOUT_CREDENTIALS.test(url) ? '…' : url.replace(/[?#].*/s, '');
}

/** True where what is sent to this URL crosses a network unencrypted: `http:` to a host other than this one. */
export function isPlaintext(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !LOOPBACK.test(hostname);
}
