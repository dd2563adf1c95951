/** The fields of a protobuf message by field number: varints as numbers, everything else as bytes. */
export type Fields = ReadonlyMap<number, readonly (number | Uint8Array)[]>;

/** Reads a message as far as it is valid. Never throws. */
export function fieldsOf(bytes: Uint8Array): Fields {
  const fields = new Map<number, (number | Uint8Array)[]>();
  let at = 0;
  const varint = (): number => {
    // Reading beyond the end gives `undefined`, which turns the value into NaN.
    for (let value = 0, scale = 1; ; scale *= 128) {
      const next = bytes[at++];
      value += (next % 128) * scale;
      if (!(next > 127)) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const type = tag % 8;
    let value: number | Uint8Array = 0;
    if (type === 0) value = varint();
    else {
      const length = type === 2 ? varint() : type === 1 ? 8 : type === 5 ? 4 : Number.NaN;
      if (!(at + length <= bytes.length)) break;
      value = bytes.subarray(at, at + length);
      at += length;
    }
    const number = Math.floor(tag / 8);
    const values = fields.get(number);
    if (values === undefined) fields.set(number, [value]);
    else values.push(value);
  }
  return fields;
}
