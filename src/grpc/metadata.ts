/** Headers of gRPC: text, or bytes where the name ends in `-bin`. Text under such a name stands for its bytes in UTF-8. */
export type GrpcHeaders = Readonly<Record<string, string | Uint8Array>>;

const encoder = new TextEncoder();

/**
 * Headers as HTTP carries them: bytes become base64. What else is wrong with them is left to those who check headers.
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
  // Without the signs that fill it up, as the specification would have it.
  return btoa(String.fromCharCode(...bytes)).replace(/=+$/, '');
}

/** The first of the values that a header with bytes has; without any where it is none. */
export function bytesOf(header: unknown): Uint8Array {
  try {
    const [base64] = String(header ?? '').split(',');
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}
