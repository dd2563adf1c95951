// Refused connections and names that do not resolve, as Node, Bun, Deno and undici call them: in `code`, in
// `cause.code`, or only in a text.
const UNSENT = /ECONNREFUSED|ConnectionRefused|ENOTFOUND|EAI_AGAIN|connection refused/i;

/** True where an error of a request says that no connection came about, and so nothing was sent. Never throws. */
export function isUnsent(error: unknown): boolean {
  try {
    const { code, message, cause } = error as { code?: unknown; message?: unknown; cause?: unknown };
    const { code: causeCode, message: causeMessage } = Object(cause) as { code?: unknown; message?: unknown };
    return UNSENT.test([code, message, causeCode, causeMessage].join());
  } catch {
    return false;
  }
}
