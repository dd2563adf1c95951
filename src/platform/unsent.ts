// Refused connections and names that do not resolve, as Node, Bun, Deno and undici call them: in `code`, in
// `cause.code`, or only in a text.
const UNSENT = /ECONNREFUSED|ConnectionRefused|ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT|connection refused/i;

interface Described {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  /** Where a host has several addresses: what came of each. */
  readonly errors?: readonly unknown[];
}

/** True where an error of a request says that no connection came about, and so nothing was sent. Never throws. */
export function isUnsent(error: unknown): boolean {
  try {
    const { cause, errors = [] } = error as Described;
    return [error, cause, ...errors, ...(Object(cause).errors ?? [])].some((part) => {
      const { code, syscall, message } = Object(part) as Described;
      return syscall === 'connect' || UNSENT.test(`${code} ${message}`);
    });
  } catch {
    return false;
  }
}
