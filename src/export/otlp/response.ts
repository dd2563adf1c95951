/** What a receiver says of a request that it accepted, wholly or in part. */
export interface PartialSuccess {
  readonly rejectedSpans: number;
  /** Empty where it has nothing to say. */
  readonly errorMessage: string;
}

/*
 * ExportTraceServiceResponse
 *   partial_success         1  ExportTracePartialSuccess:
 *     rejected_spans        1  varint
 *     error_message         2  string
 */
/** Reads a response; of one that is garbage, what can be read. Never throws. */
export function readResponse(bytes: Uint8Array): PartialSuccess {
  const partialSuccess = fieldsOf(bytes)[1];
  const [, rejected, message] = fieldsOf(partialSuccess);
  return {
    // An int64: what does not fit its positive half is a negative number.
    rejectedSpans: typeof rejected === 'number' && rejected < 2 ** 63 ? rejected : 0,
    errorMessage: typeof message === 'object' ? new TextDecoder().decode(message) : '',
  };
}

type Field = number | Uint8Array | undefined;

/** The fields of a message by number, up to its end or to what is not protobuf: varints, and bytes. */
function fieldsOf(bytes: Field): Field[] {
  const fields: Field[] = [];
  if (typeof bytes !== 'object') return fields;
  let at = 0;
  const varint = (): number => {
    let value = 0;
    // Where the bytes end there is `undefined`, which makes of the value NaN, and of all that depends on it.
    for (let scale = 1; ; scale *= 128) {
      const next = bytes[at++];
      value += (next & 0x7f) * scale;
      if (!(next > 0x7f)) return next === undefined ? Number.NaN : value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const field = tag >>> 3;
    const wireType = tag & 7;
    if (wireType === 0) {
      fields[field] = varint();
    } else if (wireType === 2) {
      const length = varint();
      fields[field] = bytes.subarray(at, at + length);
      at += length;
    } else {
      // Two types have a fixed size, and no other is left.
      at += wireType === 1 ? 8 : wireType === 5 ? 4 : Number.NaN;
    }
  }
  return fields;
}
