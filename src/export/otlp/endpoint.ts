/** How to interpret an endpoint. */
export interface EndpointOptions {
  /** A bare `host:port` means `http:` unless its port is 443. Default: true. */
  insecure?: boolean;
  /** The protocol was stated elsewhere, so port 4317 is not refused as one for gRPC. Default: false. */
  isHttp?: boolean;
  /** The URL is used as it is, without `/v1/traces`. Default: false. */
  isComplete?: boolean;
}

export const DEFAULT_ENDPOINT = 'http://localhost:4318';

// White space, other protocols, and paths without a host, whose first segment URL parsers would take for the host.
const UNUSABLE = /\s|^([^/]*:\/\/)?\/|^(?!https?:)[^/]*:\/\//i;
// An @ after the host is part of the path or the query.
const WITHOUT_CREDENTIALS = /^https?:..[^@:/?#]*(:\d*)?[/?#]/i;
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * Returns the URL to send traces to, given the value of a setting: a URL or a bare `host:port`.
 *
 * Specification: OpenTelemetry Protocol Exporter, "Endpoint URLs for OTLP/HTTP".
 *
 * @throws TypeError for a value that is not an endpoint, Error for an endpoint that means gRPC; both name `setting`.
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
    // Refused below, with a message that says what is allowed.
  }
  if (url === undefined || url.username || url.password) {
    throw new TypeError(
      `${setting}: ${
        url
          ? 'credentials in a URL are not sent; put them in a header (OTEL_EXPORTER_OTLP_HEADERS)'
          : `${JSON.stringify(shownUrl(value))} is neither a URL like http://host:4318 nor host:port`
      }`,
    );
  }
  if (!isHttp && meansGrpc(url)) {
    throw new Error(
      `${setting}: ${JSON.stringify(shownUrl(value))} is for OTLP over gRPC, which this runtime does not support; use OTLP over HTTP, port 4318`,
    );
  }
  if (!isComplete) url.pathname = url.pathname.replace(/(\/v1\/traces)?\/*$/, '/v1/traces');
  return url.href;
}

/** True for an endpoint that means OTLP over gRPC unless a setting says otherwise. */
export function meansGrpc({ port, pathname }: URL): boolean {
  return port === '4317' && pathname === '/';
}

/**
 * Returns a URL, valid or not, as messages may show it: without its query, which may hold a token, or as `…` if it
 * might contain a password.
 */
export function shownUrl(url: string): string {
  return url.includes('@') && !WITHOUT_CREDENTIALS.test(url) ? '…' : url.replace(/[?#].*/s, '');
}

/** True if requests to this URL cross a network unencrypted: `http:` to a host other than this one. */
export function isPlaintext(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !LOOPBACK.test(hostname);
}
