import { cut } from '../core/text.ts';

/** Returns a URL as it may be recorded. If the function throws, the span has no URL. */
export type RedactUrl = (url: string) => string;

// Nobody reads a URL of a megabyte.
const MAX_LENGTH = 4_096;
const HIDDEN = 'REDACTED';

// The parameters that the conventions name (signatures of the large clouds), and those in which APIs take keys,
// including APIs for speech and language models.
const SECRET =
  /^(sig|signature|awsaccesskeyid|(x-)?(amz|goog)-(signature|credential|security-token)|.*((api|access|auth|private)[_-]?key|token|secret|passw(or)?d|passphrase|authorization|credential).*|key|pwd|pass|auth|jwt|bearer|assertion|samlresponse|ticket|hmac|code|session(_?id)?|(connect\.)?sid|otp|pin)$/i;

/**
 * Removes from a URL what is likely to be secret: user and password, the values of parameters whose names suggest it,
 * and the fragment. Cuts URLs longer than 4,096 characters. Takes time linear in the length, and never throws.
 *
 * Specification: OpenTelemetry semantic conventions, "url.full".
 */
export function redactUrl(url: string): string {
  const [, before, query = ''] = /^([^?#]*)(?:\?([^#]*))?/s.exec(url) as RegExpExecArray;
  // Everything before the last @ of the authority.
  const place = before.replace(/^([a-z][\w+.-]*:)?\/\/[^/\\]*@/i, `$1//${HIDDEN}:${HIDDEN}@`);
  return cut(query === '' ? place : `${place}?${redactQuery(query)}`, MAX_LENGTH);
}

/** Redacts a query without its `?`. */
export function redactQuery(query: string): string {
  // Cut before it is split, and between two parameters: half a name would not be recognized as secret.
  const part = query.length > MAX_LENGTH ? query.slice(0, query.slice(0, MAX_LENGTH).lastIndexOf('&') + 1) : query;
  // Some servers separate parameters with semicolons.
  return part.replace(/[^&;]+/g, (pair) => {
    const name = pair.slice(0, Math.max(0, pair.indexOf('=')));
    return name && isSecret(name) ? `${name}=${HIDDEN}` : pair;
  });
}

function isSecret(name: string): boolean {
  // A name this long is not meant to be read.
  if (name.length > 100) return true;
  try {
    return SECRET.test(decodeURIComponent(name));
  } catch {
    return SECRET.test(name);
  }
}

/** A URL as it may be recorded, according to the user's function if there is one. Never throws. */
export function recordableUrl(url: string, redact: RedactUrl | undefined): string | undefined {
  try {
    return (redact ?? redactUrl)(url);
  } catch {
    return undefined;
  }
}
