/** Reads a MessagePack value of the types that occur in Datadog traces. Unsigned 64-bit integers become `bigint`. */
export function readMessagePack(bytes: Uint8Array): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let at = 0;

  function taken(length: number): number {
    at += length;
    return at - length;
  }
  function text(length: number): string {
    const start = taken(length);
    return decoder.decode(bytes.subarray(start, start + length));
  }
  function array(length: number): unknown[] {
    return Array.from({ length }, value);
  }
  function map(length: number): Record<string, unknown> {
    return Object.fromEntries(Array.from({ length }, () => [value() as string, value()]));
  }
  function value(): unknown {
    const type = view.getUint8(taken(1));
    if (type < 0x80) return type;
    if (type < 0x90) return map(type & 0x0f);
    if (type < 0xa0) return array(type & 0x0f);
    if (type < 0xc0) return text(type & 0x1f);
    if (type >= 0xe0) return type - 0x100;
    switch (type) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xca:
        return view.getFloat32(taken(4));
      case 0xcb:
        return view.getFloat64(taken(8));
      case 0xcc:
        return view.getUint8(taken(1));
      case 0xcd:
        return view.getUint16(taken(2));
      case 0xce:
        return view.getUint32(taken(4));
      case 0xcf:
        return view.getBigUint64(taken(8));
      case 0xd9:
        return text(view.getUint8(taken(1)));
      case 0xda:
        return text(view.getUint16(taken(2)));
      case 0xdb:
        return text(view.getUint32(taken(4)));
      case 0xdc:
        return array(view.getUint16(taken(2)));
      case 0xdd:
        return array(view.getUint32(taken(4)));
      case 0xde:
        return map(view.getUint16(taken(2)));
      case 0xdf:
        return map(view.getUint32(taken(4)));
      default:
        throw new Error(`type ${type} at ${at - 1}`);
    }
  }

  const result = value();
  if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes after the value`);
  return result;
}
