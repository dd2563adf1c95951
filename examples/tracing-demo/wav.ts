/** The sound in a WAV file: 16-bit little-endian PCM, as stored in the file. */
export interface Wav {
  /** Samples per second of one channel. */
  sampleRate: number;
  channels: number;
  /** The samples, two bytes each, channels interleaved. */
  data: Uint8Array;
}

const PCM = 1;

/** Reads a 16-bit PCM WAV file. For any other file, throws an error that says what it found. */
export function readWav(file: Uint8Array): Wav {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.byteLength < 12 || fourLetters(file, 0) !== 'RIFF' || fourLetters(file, 8) !== 'WAVE') {
    throw new Error('WAV: this is not a WAV file (no RIFF/WAVE header)');
  }

  // A RIFF file is a sequence of chunks: a name of four letters, four bytes of size, and the body. Only two of
  // them matter here; others (LIST, fact, …) may come before or between them.
  let format: { sampleRate: number; channels: number } | undefined;
  for (let at = 12; at + 8 <= file.byteLength; ) {
    const name = fourLetters(file, at);
    const size = view.getUint32(at + 4, true);
    const body = at + 8;
    if (body + size > file.byteLength) {
      throw new Error(`WAV: chunk "${name}" claims ${size} bytes, the file has ${file.byteLength - body} left`);
    }
    if (name === 'fmt ') format = readFormat(view, body, size);
    if (name === 'data') {
      if (format === undefined) throw new Error('WAV: the "data" chunk comes before the "fmt " chunk');
      return { ...format, data: file.subarray(body, body + size) };
    }
    at = body + size + (size % 2); // a chunk of odd size is padded to an even one
  }
  throw new Error(`WAV: the file has no "${format === undefined ? 'fmt ' : 'data'}" chunk`);
}

function readFormat(view: DataView, at: number, size: number): { sampleRate: number; channels: number } {
  if (size < 16) throw new Error(`WAV: the "fmt " chunk has ${size} bytes, expected at least 16`);
  const encoding = view.getUint16(at, true);
  const bits = view.getUint16(at + 14, true);
  if (encoding !== PCM) throw new Error(`WAV: encoding ${encoding} is not supported, only ${PCM} (PCM)`);
  if (bits !== 16) throw new Error(`WAV: ${bits} bits per sample are not supported, only 16`);
  return { channels: view.getUint16(at + 2, true), sampleRate: view.getUint32(at + 4, true) };
}

function fourLetters(file: Uint8Array, at: number): string {
  return String.fromCharCode(...file.subarray(at, at + 4));
}
