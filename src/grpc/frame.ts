import { builtin } from '../platform/node-builtin.ts';

// One byte says whether the message is compressed, four give its length.
const PREFIX_BYTES = 5;
// The specification's limit for responses.
export const MAX_RESPONSE_BYTES = 4 * 1024 * 1024;

/** Returns the prefix of a message. */
export function prefixOf(message: readonly Uint8Array[], isCompressed: boolean): Uint8Array {
  const prefix = new DataView(new ArrayBuffer(PREFIX_BYTES));
  prefix.setUint8(0, Number(isCompressed));
  prefix.setUint32(
    1,
    message.reduce((length, part) => length + part.length, 0),
  );
  return new Uint8Array(prefix.buffer);
}

/** Returns the message in a body, decompressed; an empty one if there is none. */
export async function messageIn(body: Uint8Array): Promise<Uint8Array> {
  if (body.length < PREFIX_BYTES) return new Uint8Array();
  const length = new DataView(body.buffer, body.byteOffset).getUint32(1);
  const message = body.subarray(PREFIX_BYTES, PREFIX_BYTES + length);
  if (body[0] === 0) return message;
  // Servers in Go compress the answer if the request was compressed.
  const { gunzip } = builtin('node:zlib') ?? (await import('node:zlib'));
  return new Promise((resolve) => {
    gunzip(message, { maxOutputLength: MAX_RESPONSE_BYTES }, (error, content) =>
      resolve(error ? new Uint8Array() : content),
    );
  });
}
