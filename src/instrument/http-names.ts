// OpenTelemetry semantic conventions, "HTTP spans": the stable names, and this package's own names for what they leave
// open.

const HTTP_METHOD = 'http.request.method';
const HTTP_METHOD_ORIGINAL = 'http.request.method_original';
export const HTTP_STATUS = 'http.response.status_code';
export const HTTP_ROUTE = 'http.route';
export const URL_FULL = 'url.full';
export const URL_SCHEME = 'url.scheme';
export const URL_PATH = 'url.path';
export const URL_QUERY = 'url.query';
export const SERVER_ADDRESS = 'server.address';
export const SERVER_PORT = 'server.port';
export const CLIENT_ADDRESS = 'client.address';
export const USER_AGENT = 'user_agent.original';
export const PROTOCOL_VERSION = 'network.protocol.version';
export const ERROR_TYPE = 'error.type';
/** True if the caller did not wait for the answer. A client's abort is not an error of either side. */
export const HTTP_ABORTED = 'http.request.aborted';
/** The `error.type` of a SERVER span whose client did so. */
export const CLIENT_DISCONNECTED = 'client_disconnected';

const METHODS = /^(GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|QUERY)$/;

/**
 * The method as it may appear in attributes, and as the start of a span's name. An unknown method can be any text, so
 * it must not create new names.
 */
export function methodAttributes(method: string): [name: string, attributes: Record<string, string>] {
  if (METHODS.test(method)) return [method, { [HTTP_METHOD]: method }];
  return ['HTTP', { [HTTP_METHOD]: '_OTHER', [HTTP_METHOD_ORIGINAL]: method.slice(0, 100) }];
}
