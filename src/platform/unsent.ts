// How Node, Bun, Deno and undici say that a request was not sent: in `code`, in `cause.code`, or only in the message.
const UNSENT = [
  // The connection was refused, perhaps by a proxy, or the name does not resolve.
  /ECONNREFUSED|ConnectionRefused|ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT|HTTP Tunneling|connection refused|client error \(Connect\)/i,
  // The server does not speak TLS, or no version of it that the client supports.
  /TLS handshake failed|before secure TLS connection|WRONG_VERSION_NUMBER/,
  // Our certificate or key cannot be used.
  /ERR_OSSL_/,
  // The server's certificate was refused, for one of OpenSSL's reasons.
  /^(ERR_TLS_)?(CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_)/,
  // The server refused our certificate. With TLS 1.3 it says so after the handshake, when a request may be in flight.
  // The server does not read that request.
  /alert[ :_]+(\w+[ _])?(\w*certificate|unknown[ _]?ca|handshake[ _]?failure|protocol[ _]?version|access[ _]?denied)/i,
];

const marked = new WeakSet<object>();

/** Marks an error as one that occurred before the request was sent, and returns it. */
export function markUnsent<E extends object>(error: E): E {
  marked.add(error);
  return error;
}

interface Described {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  /** The error of each attempt, if a host has several addresses. */
  readonly errors?: readonly unknown[];
}

// The error of a fetch, its cause, and the error of each address or of the connection to a proxy.
const MAX_DEPTH = 3;

/** True if an error of a request says that no connection was made, and so nothing was sent. Never throws. */
export function isUnsent(error: unknown): boolean {
  try {
    return saysSo(error, MAX_DEPTH);
  } catch {
    return false;
  }
}

function saysSo(error: unknown, depth: number): boolean {
  if (depth === 0 || typeof error !== 'object' || error === null) return false;
  if (marked.has(error)) return true;
  const { code, syscall, message, cause, errors = [] } = error as Described;
  return (
    syscall === 'connect' ||
    UNSENT.some((words) => words.test(`${code} ${message}`)) ||
    [cause, ...errors].some((part) => saysSo(part, depth - 1))
  );
}
