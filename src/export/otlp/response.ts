/** What a receiver says of a request that it accepted, wholly or in part. */
export interface PartialSuccess {
  readonly rejectedSpans: number;
  /** Empty where it has nothing to say. */
  readonly errorMessage: string;
}

const NOTHING: PartialSuccess = { rejectedSpans: 0, errorMessage: '' };

/*
 * ExportTraceServiceResponse   tag
 *   partial_success         1  0x0a  ExportTracePartialSuccess:
 *     rejected_spans        1  0x08  varint
 *     error_message         2  0x12  string
 */
/** Reads a response by its content type; what is not one says nothing. Never throws. */
export function readResponse(bytes: Uint8Array, contentType: string): PartialSuccess {
  if (contentType.startsWith('application/json')) return readJson(bytes);
  let result = NOTHING;
  if (!contentType.startsWith('application/x-protobuf')) return result;
  readFields(bytes, (field, value) => {
    if (field !== 1 || typeof value === 'number') return;
    let { rejectedSpans, errorMessage } = NOTHING;
    readFields(value, (inner, innerValue) => {
      // An int64: what does not fit its positive half is a negative number.
      if (inner === 1 && typeof innerValue === 'number' && innerValue < 2 ** 63) rejectedSpans = innerValue;
      if (inner === 2 && typeof innerValue !== 'number') errorMessage = new TextDecoder().decode(innerValue);
    });
    result = { rejectedSpans, errorMessage };
  });
  return result;
}

function readJson(bytes: Uint8Array): PartialSuccess {
  try {
    const { rejectedSpans, errorMessage } = JSON.parse(new TextDecoder().decode(bytes)).partialSuccess;
    const rejected = Number(rejectedSpans);
    return {
      rejectedSpans: rejected > 0 ? rejected : 0,
      errorMessage: typeof errorMessage === 'string' ? errorMessage : '',
    };
  } catch {
    return NOTHING;
  }
}

/** Walks over the fields of a message until its end or until something is not protobuf. */
function readFields(bytes: Uint8Array, onField: (field: number, value: number | Uint8Array) => void): void {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < bytes.length; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      if (scale > 2 ** 63) break;
    }
    return Number.NaN;
  };
  while (at < bytes.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0: {
        const value = varint();
        if (Number.isNaN(value)) return;
        onField(field, value);
        break;
      }
      case 1:
        at += 8;
        break;
      case 2: {
        const length = varint();
        if (!(length <= bytes.length - at)) return;
        onField(field, bytes.subarray(at, at + length));
        at += length;
        break;
      }
      case 5:
        at += 4;
        break;
      default:
        return;
    }
  }
}
