/**
 * Counts the spans in an `ExportTraceServiceRequest` by stepping over its length-delimited fields, which is cheap
 * enough for a server that must not be the bottleneck. ResourceSpans are field 1; they contain ScopeSpans as field 2,
 * which contain spans as field 2.
 */
export function countSpans(request: Uint8Array): number {
  return countIn(request, 0, request.length, 0);
}

const TAGS = [0x0a, 0x12, 0x12];

function countIn(bytes: Uint8Array, start: number, end: number, depth: number): number {
  let count = 0;
  let at = start;
  while (at < end) {
    const tag = bytes[at++];
    let length = 0;
    let scale = 1;
    for (;;) {
      const byte = bytes[at++];
      length += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      scale *= 128;
    }
    if (at + length > end || (tag & 7) !== 2) throw new Error(`not a trace request: tag ${tag} at ${at}`);
    if (tag === TAGS[depth]) count += depth === 2 ? 1 : countIn(bytes, at, at + length, depth + 1);
    at += length;
  }
  return count;
}
