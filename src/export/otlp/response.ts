/*
 * ExportTraceServiceResponse    tag
 *   partial_success         1  0x0a  ExportTracePartialSuccess:
 *     rejected_spans        1  0x08  varint
 *     error_message         2  0x12  string
 */
/**
 * Reads the response to a request that was accepted, wholly or in part: how many spans were rejected, and why, in
 * UTF-8. Anything that is not such a response reads as no rejected spans and no message. Never throws.
 */
export function readResponse(bytes: Uint8Array): [rejectedSpans: number, errorMessage: Uint8Array] {
  let rejectedSpans = 0;
  let errorMessage = bytes.subarray(0, 0);
  let at = 0;
  const varint = (): number => {
    // Reading beyond the end gives `undefined`, which turns the value, and all that depends on it, into NaN.
    for (let value = 0, scale = 1; ; scale *= 128) {
      const next = bytes[at++];
      value += (next % 128) * scale;
      if (!(next > 127)) return value;
    }
  };
  for (const end = varint() === 0x0a ? varint() + at : 0; at < end; ) {
    const tag = varint();
    const value = varint();
    if (tag === 0x08) {
      // An int64: a value from 2^63 on stands for a negative number.
      if (value < 2 ** 63) rejectedSpans = value;
    } else if (tag === 0x12) {
      errorMessage = bytes.subarray(at, at + value);
      at += value;
    } else {
      // An unknown field. New fields come after the known ones, so there is nothing more to read.
      break;
    }
  }
  return [rejectedSpans, errorMessage];
}
