/** gRPC metadata: strings, or bytes if the name ends in `-bin`. A string under such a name is encoded as UTF-8. */
export type GrpcHeaders = Readonly<Record<string, string | Uint8Array>>;

const encoder = new TextEncoder();

/**
 * Converts metadata to HTTP headers: bytes become base64. Invalid values pass through, and are refused where headers
 * are checked.
 *
 * Specification: "gRPC over HTTP2", "Custom-Metadata".
 */
export function textHeaders(headers: GrpcHeaders): Record<string, string> {
  if (Object(headers) !== headers) return headers as Record<string, string>;
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, /-bin$/i.test(name) ? base64Of(value) : (value as string)]),
  );
}

function base64Of(value: unknown): string {
  const bytes = typeof value === 'string' ? encoder.encode(value) : value;
  if (!(bytes instanceof Uint8Array)) return value as string;
  // The specification asks for base64 without padding.
  return btoa(String.fromCharCode(...bytes)).replace(/=+$/, '');
}

/** Returns the first value of a binary header; no bytes if it is missing or invalid. */
export function bytesOf(header: unknown): Uint8Array {
  try {
    const [base64] = String(header ?? '').split(',');
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}
