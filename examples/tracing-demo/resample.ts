const FACTOR = 3; // 48,000 / 16,000
const TAPS = 127;

// At 16 kHz, a tone above 8 kHz sounds like one as far below 8 kHz (aliasing), so the filter has to remove it before
// two of three samples are dropped. With 127 taps, a Blackman window takes 2.1 kHz from pass to stop (-74 dB): from 5.9
// kHz, above which speech has little energy, to 8 kHz.
const CUTOFF = 6_950 / 48_000; // in cycles per input sample

const FILTER = lowPass();

/**
 * Creates a resampler from 48 kHz to 16 kHz. Call it with one piece of the stream after the other. It remembers the
 * samples that its filter still needs, so there is no click where two pieces meet, however the stream is cut. Its
 * output is delayed by 1.3 ms, half the length of the filter.
 */
export function createResampler(): (samples: Int16Array) => Int16Array {
  // Past samples that the filter still needs. Silence precedes the first sample.
  let waiting = new Int16Array(TAPS - 1);

  return (samples) => {
    const input = new Int16Array(waiting.length + samples.length);
    input.set(waiting);
    input.set(samples, waiting.length);

    // Compute only the samples that are kept, one for every third position of the filter.
    const output = new Int16Array(Math.floor((input.length - TAPS) / FACTOR) + 1);
    for (let index = 0; index < output.length; index++) {
      let sum = 0;
      for (let tap = 0; tap < TAPS; tap++) sum += input[index * FACTOR + tap] * FILTER[tap];
      // The filter may overshoot. Without clamping, an Int16Array would wrap around, which sounds like a crack.
      output[index] = Math.max(-32768, Math.min(32767, Math.round(sum)));
    }

    waiting = input.slice(output.length * FACTOR);
    return output;
  };
}

/** Returns the taps of a windowed-sinc low-pass filter, scaled so that a constant passes unchanged. */
function lowPass(): Float64Array {
  const taps = Float64Array.from({ length: TAPS }, (_, tap) => {
    const place = tap - (TAPS - 1) / 2;
    const sinc = place === 0 ? 2 * CUTOFF : Math.sin(2 * Math.PI * CUTOFF * place) / (Math.PI * place);
    const turn = (2 * Math.PI * tap) / (TAPS - 1);
    const blackman = 0.42 - 0.5 * Math.cos(turn) + 0.08 * Math.cos(2 * turn);
    return sinc * blackman;
  });
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return taps.map((tap) => tap / sum);
}
