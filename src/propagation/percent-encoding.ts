const ENCODED = /(?:%[0-9a-f]{2})+/gi;
const LONE_SURROGATE = /[\ud800-\udfff]/gu;

// Without this option, a byte order mark at the start would be lost.
const decoder = /* @__PURE__ */ new TextDecoder('utf-8', { ignoreBOM: true });

/** Decodes percent-encoded octets. Percent signs that encode nothing stay. Never throws. */
export function percentDecoded(text: string): string {
  return text.replace(ENCODED, decode);
}

/** Replaces lone surrogates with U+FFFD: UTF-8 cannot encode them, and `encodeURIComponent` throws at them. */
export function wellFormed(text: string): string {
  return text.replace(LONE_SURROGATE, '\ufffd');
}

/** Not `decodeURIComponent`, which throws if octets are not UTF-8. Here they become U+FFFD (W3C Baggage, 3.3.1.3). */
function decode(octets: string): string {
  return decoder.decode(Uint8Array.from(octets.slice(1).split('%'), (octet) => Number.parseInt(octet, 16)));
}
