import { cut } from '../core/text.ts';

/** Says what may be recorded of a URL; what it throws costs the span its URL. */
export type RedactUrl = (url: string) => string;

// A URL of a megabyte is not one that anybody reads.
const MAX_LENGTH = 4_096;
const HIDDEN = 'REDACTED';

// The parameters that the conventions name (signatures of the large clouds), and those in which APIs, those of speech and of
// language models among them, take keys.
const SECRET =
  /^(sig|signature|awsaccesskeyid|(x-)?(amz|goog)-(signature|credential|security-token)|.*((api|access|auth|private)[_-]?key|token|secret|passw(or)?d|passphrase|authorization|credential).*|key|pwd|pass|auth|jwt|bearer|assertion|samlresponse|ticket|hmac|code|session(_?id)?|(connect\.)?sid|otp|pin)$/i;

/**
 * A URL without what is likely to be secret: user and password, the values of parameters whose names say so, and the
 * fragment. Longer ones than 4,096 characters are cut. Linear in its length, and never throws.
 *
 * Specification: OpenTelemetry semantic conventions, "url.full".
 */
export function redactUrl(url: string): string {
  const [, before, query = ''] = /^([^?#]*)(?:\?([^#]*))?/s.exec(url) as RegExpExecArray;
  // What stands in front of the last @ of the authority.
  const place = before.replace(/^([a-z][\w+.-]*:)?\/\/[^/\\]*@/i, `$1//${HIDDEN}:${HIDDEN}@`);
  return cut(query === '' ? place : `${place}?${redactQuery(query)}`, MAX_LENGTH);
}

/** The same for a query without its `?`. */
export function redactQuery(query: string): string {
  // Cut before it is taken apart, between two parameters: half a name would hide nothing.
  const part = query.length > MAX_LENGTH ? query.slice(0, query.slice(0, MAX_LENGTH).lastIndexOf('&') + 1) : query;
  // Some servers part them by semicolons.
  return part.replace(/[^&;]+/g, (pair) => {
    const name = pair.slice(0, Math.max(0, pair.indexOf('=')));
    return name && isSecret(name) ? `${name}=${HIDDEN}` : pair;
  });
}

function isSecret(name: string): boolean {
  // Longer names belong to nobody who wants to be read.
  if (name.length > 100) return true;
  try {
    return SECRET.test(decodeURIComponent(name));
  } catch {
    return SECRET.test(name);
  }
}

/** What may be recorded of a URL, by the user's own function where there is one. Never throws. */
export function recordableUrl(url: string, redact: RedactUrl | undefined): string | undefined {
  try {
    return (redact ?? redactUrl)(url);
  } catch {
    return undefined;
  }
}
