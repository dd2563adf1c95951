/*
 * ExportTraceServiceResponse    tag
 *   partial_success         1  0x0a  ExportTracePartialSuccess:
 *     rejected_spans        1  0x08  varint
 *     error_message         2  0x12  string
 */
/**
 * What a receiver says of a request that it accepted, wholly or in part: how many spans it rejected, and why, in UTF-8.
 * Of what is no such response, nothing. Never throws.
 */
export function readResponse(bytes: Uint8Array): [rejectedSpans: number, errorMessage: Uint8Array] {
  let rejectedSpans = 0;
  let errorMessage = bytes.subarray(0, 0);
  let at = 0;
  const varint = (): number => {
    // Where the bytes end there is `undefined`, which makes of the value NaN, and of all that depends on it.
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
      // An int64: what does not fit its positive half is a negative number.
      if (value < 2 ** 63) rejectedSpans = value;
    } else if (tag === 0x12) {
      errorMessage = bytes.subarray(at, at + value);
      at += value;
    } else {
      // Fields that are not known, because they are new, stand behind these.
      break;
    }
  }
  return [rejectedSpans, errorMessage];
}
