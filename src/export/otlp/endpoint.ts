/** Where OTLP requests for traces go. */
export interface Endpoint {
  /** With its path. */
  readonly url: string;
  /** True where what is sent crosses a network unencrypted: `http:` to a host other than this one. */
  readonly isPlaintext: boolean;
}

/** How an endpoint is to be read. */
export interface EndpointOptions {
  /** A bare `host:port` means `http:` unless its port is 443. */
  insecure: boolean;
  /** The protocol was stated to be HTTP, so that port 4317 is taken at its word. */
  isHttp: boolean;
  /** The URL is used as it is, without `/v1/traces`. Default: false. */
  isComplete?: boolean;
}

const TRACES_PATH = '/v1/traces';
// White space, and paths without a host, of which parsers make the host.
const UNUSABLE = /\s|^([^/]*:\/\/)?\//;
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * The URL that a setting means: a URL or a bare `host:port`.
 *
 * Specification: OpenTelemetry Protocol Exporter, "Endpoint URLs for OTLP/HTTP".
 *
 * @throws TypeError for what is no endpoint, Error for one that means gRPC; both name `setting`.
 */
export function tracesEndpoint(setting: string, value: string, options: EndpointOptions): Endpoint {
  const { insecure, isHttp, isComplete = false } = options;
  const isUrl = value.includes('://');
  const scheme = insecure && !/^[^/]*:443(\/|$)/.test(value) ? 'http' : 'https';
  let url: URL;
  try {
    url = new URL(isUrl ? value : `${scheme}://${value}`);
  } catch {
    throw malformed(setting, value);
  }
  if (!/^https?:$/.test(url.protocol) || url.hostname === '' || UNUSABLE.test(value)) throw malformed(setting, value);
  if (url.username !== '' || url.password !== '') {
    throw new TypeError(
      `${setting}: credentials in a URL are not sent; put them in a header (OTEL_EXPORTER_OTLP_HEADERS)`,
    );
  }
  const hasPath = url.pathname !== '/' && url.pathname !== '';
  if (url.port === '4317' && !hasPath && !isHttp) {
    throw new Error(
      `not supported yet: ${setting}=${JSON.stringify(value)}, port 4317 means OTLP over gRPC; use port 4318, OTLP over HTTP`,
    );
  }
  if (!isComplete) url.pathname = url.pathname.replace(/(\/v1\/traces)?\/*$/, TRACES_PATH);
  return { url: url.href, isPlaintext: url.protocol === 'http:' && !LOOPBACK.test(url.hostname) };
}

function malformed(setting: string, value: string): TypeError {
  // What stands before an @ is likely to be a password.
  const shown = JSON.stringify(value.replace(/[^/]*@/, '…@'));
  return new TypeError(`${setting}: ${shown} is not a URL like http://host:4318, nor host:port`);
}
