/** Decodes 16-bit little-endian PCM bytes to samples. Throws if half a sample is left over. */
export function decodePcm(bytes: Uint8Array): Int16Array {
  if (bytes.byteLength % 2 !== 0) {
    throw new RangeError(`PCM: ${bytes.byteLength} bytes are not whole 16-bit samples`);
  }
  // `new Int16Array(bytes.buffer, …)` would throw if the bytes start at an odd offset.
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int16Array.from({ length: bytes.byteLength / 2 }, (_, index) => view.getInt16(index * 2, true));
}

/** Encodes samples as 16-bit little-endian PCM bytes. */
export function encodePcm(samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(samples.length * 2);
  const view = new DataView(bytes.buffer);
  for (const [index, sample] of samples.entries()) view.setInt16(index * 2, sample, true);
  return bytes;
}

/** Cuts samples into frames of `frameLength`; the last one may be shorter. Frames share the samples' memory. */
export function splitFrames(samples: Int16Array, frameLength: number): Int16Array[] {
  const frames: Int16Array[] = [];
  for (let at = 0; at < samples.length; at += frameLength) frames.push(samples.subarray(at, at + frameLength));
  return frames;
}

/**
 * Returns the loudness of the samples: their RMS level in dBFS, rounded to a tenth. 0 is a square wave at full scale,
 * speech is around -20, and -96 stands for silence (the lowest level that 16 bits can express).
 */
export function levelDbfs(samples: Int16Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const rms = Math.sqrt(sum / samples.length) / 32768;
  return rms > 0 ? Math.max(-96, Math.round(200 * Math.log10(rms)) / 10) : -96;
}
