// What says that a request has not been sent, in the words of Node, Bun, Deno and undici: in `code`, in `cause.code`, or only
// in a text.
const UNSENT = [
  // The connection was refused, by a proxy perhaps, or the name does not resolve.
  /ECONNREFUSED|ConnectionRefused|ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT|HTTP Tunneling|connection refused|client error \(Connect\)/i,
  // The server does not speak TLS, or no version of it that is spoken here.
  /TLS handshake failed|before secure TLS connection|WRONG_VERSION_NUMBER/,
  // Our certificate or key cannot be used.
  /ERR_OSSL_/,
  // Its certificate was refused, for one of OpenSSL's reasons.
  /^(ERR_TLS_)?(CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_)/,
  // It refused ours. With TLS 1.3 it says so after the handshake, when a request may be on its way, which it does not read.
  /alert[ :_]+(\w+[ _])?(\w*certificate|unknown[ _]?ca|handshake[ _]?failure|protocol[ _]?version|access[ _]?denied)/i,
];

const marked = new WeakSet<object>();

/** Remembers of an error that the request had not been sent when it came; returns it. */
export function markUnsent<E extends object>(error: E): E {
  marked.add(error);
  return error;
}

interface Described {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  /** Where a host has several addresses: what came of each. */
  readonly errors?: readonly unknown[];
}

// An error of a fetch, its cause, and what came of each address, or of the way to a proxy.
const MAX_DEPTH = 3;

/** True where an error of a request says that no connection came about, and so nothing was sent. Never throws. */
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
