const ENCODED = /(?:%[0-9a-f]{2})+/gi;
const LONE_SURROGATE = /[\ud800-\udfff]/gu;

// Without the option a byte order mark at the start would be lost.
const decoder = /* @__PURE__ */ new TextDecoder('utf-8', { ignoreBOM: true });

/** The text that percent-encoded octets stand for; percent signs that encode nothing stay. Never throws. */
export function percentDecoded(text: string): string {
  return text.replace(ENCODED, decode);
}

/** The text with U+FFFD in place of what UTF-8 has no octets for, at which `encodeURIComponent` throws. */
export function wellFormed(text: string): string {
  return text.replace(LONE_SURROGATE, '\ufffd');
}

/** Not `decodeURIComponent`: it throws on octets that are not UTF-8, which become U+FFFD here (W3C Baggage, 3.3.1.3). */
function decode(octets: string): string {
  return decoder.decode(Uint8Array.from(octets.slice(1).split('%'), (octet) => Number.parseInt(octet, 16)));
}
