/** Parts one behind the other, in `room` where it is large enough; a single one is not copied. */
export function concat(
  parts: readonly Uint8Array<ArrayBuffer>[],
  room?: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  if (parts.length === 1) return parts[0];
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const whole = room && room.length >= length ? room.subarray(0, length) : new Uint8Array(length);
  let to = 0;
  for (const part of parts) {
    whole.set(part, to);
    to += part.length;
  }
  return whole;
}
