import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { streamAnswer } from '../../examples/tracing-demo/llm.ts';
import { createPacer, type PacerClock } from '../../examples/tracing-demo/pacer.ts';
import { decodePcm, encodePcm, levelDbfs, splitFrames } from '../../examples/tracing-demo/pcm.ts';
import { Queue } from '../../examples/tracing-demo/queue.ts';
import { createResampler } from '../../examples/tracing-demo/resample.ts';
import { readWav } from '../../examples/tracing-demo/wav.ts';

const DEMO = new URL('../../examples/tracing-demo/', import.meta.url);

describe('the speech of the demo', () => {
  it('is at least 500 ms of 48 kHz mono in at most 300 kB, and begins without silence', async () => {
    const file = await readFile(new URL('speech.wav', DEMO));
    assert.ok(file.byteLength <= 300_000);

    const { sampleRate, channels, data } = readWav(file);
    assert.deepEqual({ sampleRate, channels }, { sampleRate: 48_000, channels: 1 });
    assert.ok(data.byteLength >= 48_000);
    for (const piece of splitFrames(decodePcm(data.subarray(0, 48_000)), 4_800)) assert.ok(levelDbfs(piece) > -40);
  });
});

describe('readWav', () => {
  it('finds the samples after unknown chunks, odd ones included', () => {
    const samples = chunk('data', bytes(1, 0, 2, 0));
    const wav = readWav(riff(chunk('LIST', bytes(1, 2, 3)), format({}), chunk('fact', bytes(9)), samples));
    assert.deepEqual(wav, { sampleRate: 48_000, channels: 1, data: bytes(1, 0, 2, 0) });
  });

  it('reads a file in the middle of a larger buffer', () => {
    const file = riff(format({ channels: 2 }), chunk('data', bytes(7, 8, 9, 10)));
    const larger = new Uint8Array(file.byteLength + 5);
    larger.set(file, 5);
    assert.deepEqual(readWav(larger.subarray(5)), { sampleRate: 48_000, channels: 2, data: bytes(7, 8, 9, 10) });
  });

  const refused: [string, Uint8Array, RegExp][] = [
    ['an empty file', bytes(), /not a WAV file/],
    ['another kind of file', new TextEncoder().encode('this is some text'), /not a WAV file/],
    ['a file without a format', riff(chunk('LIST', bytes(0, 0))), /no "fmt " chunk/],
    ['a file without samples', riff(format({})), /no "data" chunk/],
    ['samples before their format', riff(chunk('data', bytes(1, 0)), format({})), /"data" chunk comes before/],
    ['a format that is too short', riff(chunk('fmt ', bytes(1, 0))), /"fmt " chunk has 2 bytes/],
    ['floats', riff(format({ encoding: 3 }), chunk('data', bytes())), /encoding 3 is not supported/],
    ['8 bits per sample', riff(format({ bits: 8 }), chunk('data', bytes())), /8 bits per sample are not supported/],
    ['a file cut short', riff(format({}), chunk('data', bytes(1, 0, 2, 0))).subarray(0, -2), /claims 4 bytes.* 2 left/],
  ];
  for (const [what, file, message] of refused) {
    it(`refuses ${what} and says why`, () => {
      assert.throws(() => readWav(file), message);
    });
  }
});

describe('PCM', () => {
  it('survives decoding and encoding, also at odd offsets', () => {
    const pcm = bytes(0xff, 0x7f, 0x00, 0x80, 0xfe, 0xff);
    const shifted = new Uint8Array([0, ...pcm]).subarray(1);
    assert.deepEqual(decodePcm(shifted), new Int16Array([32_767, -32_768, -2]));
    assert.deepEqual(encodePcm(decodePcm(shifted)), pcm);
  });

  it('of an odd number of bytes is refused', () => {
    assert.throws(() => decodePcm(bytes(1, 2, 3)), /3 bytes are not whole 16-bit samples/);
  });

  it('is split into frames, the last of which may be shorter', () => {
    const frames = splitFrames(new Int16Array([1, 2, 3, 4, 5]), 2);
    assert.deepEqual(frames, [new Int16Array([1, 2]), new Int16Array([3, 4]), new Int16Array([5])]);
  });

  it('has a level in dBFS', () => {
    assert.equal(levelDbfs(new Int16Array([-32_768, -32_768])), 0);
    assert.equal(levelDbfs(new Int16Array([3_277, -3_277])), -20);
    assert.equal(levelDbfs(new Int16Array(10)), -96);
    assert.equal(levelDbfs(new Int16Array(0)), -96);
  });
});

describe('the resampler', () => {
  it('turns every message of 9,600 bytes into one of 3,200', () => {
    const resample = createResampler();
    for (let message = 0; message < 5; message++) {
      assert.equal(encodePcm(resample(decodePcm(new Uint8Array(9_600)))).byteLength, 3_200);
    }
  });

  for (const frequency of [100, 1_000, 3_400, 5_500]) {
    it(`lets ${frequency} Hz pass, with the same level and frequency`, () => {
      const heard = settled(createResampler()(sine(frequency, 48_000)));
      assert.ok(Math.abs(levelDbfs(heard) - levelDbfs(sine(frequency, 48_000))) < 1);
      // The whole level is at this frequency: it is still the same tone, and nothing else.
      assert.ok(Math.abs(levelDbfs(heard) - toneDbfs(heard, frequency, 16_000)) < 0.2);
    });
  }

  for (const frequency of [8_100, 9_000, 11_000, 15_000, 17_000, 23_000]) {
    it(`attenuates ${frequency} Hz, which would alias, by at least 40 dB`, () => {
      const heard = settled(createResampler()(sine(frequency, 48_000)));
      assert.ok(levelDbfs(heard) < levelDbfs(sine(frequency, 48_000)) - 40);
    });
  }

  it('gives the same samples however the stream is cut', () => {
    const stream = sine(440, 48_000);
    const whole = createResampler()(stream);
    for (const size of [1, 2, 100, 480, 4_800, 7_777]) {
      const resample = createResampler();
      const pieces = splitFrames(stream, size).flatMap((piece) => [...resample(piece)]);
      assert.deepEqual(Int16Array.from(pieces), whole, `in pieces of ${size}`);
    }
  });

  it('does not wrap around at full scale', () => {
    // The filter overshoots a step by about 9 %. A sample that wraps around would be near -32768.
    const step = new Int16Array(4_800).fill(32_767, 2_400);
    const heard = createResampler()(step);
    assert.equal(Math.max(...heard), 32_767);
    assert.ok(Math.min(...heard) > -5_000);
  });
});

describe('the stand-in model', () => {
  it('streams the same answer token by token, and tells speech from silence', async () => {
    assert.equal((await collect(streamAnswer(sine(440, 16_000), 16_000))).join(''), 'I heard 1000 ms of speech.');
    const tokens = await collect(streamAnswer(new Int16Array(1_600), 16_000));
    assert.equal(tokens.length, 7);
    assert.equal(tokens.join(''), 'I heard 100 ms of silence.');
  });
});

describe('the pacer', () => {
  it('releases every item, in order', async () => {
    assert.deepEqual(await collect(createPacer(1)([1, 2, 3, 4])), [1, 2, 3, 4]);
  });

  it('releases item n at start + n × interval, although every timer is late', async () => {
    const clock = handClock({ lateness: 7 });
    const times: number[] = [];
    for await (const _ of createPacer(20, clock)([1, 2, 3, 4])) times.push(clock.now());
    assert.deepEqual(times, [0, 27, 47, 67]);
  });

  it('catches up with late items instead of moving the schedule', async () => {
    const clock = handClock({});
    const times: number[] = [];
    for await (const item of createPacer(20, clock)([1, 2, 3, 4, 5])) {
      times.push(clock.now());
      if (item === 2) clock.advance(45);
    }
    assert.deepEqual(times, [0, 20, 65, 65, 80]);
  });

  it('continues its schedule in the next call', async () => {
    const clock = handClock({ lateness: 3 });
    const pace = createPacer(20, clock);
    const times: number[] = [];
    for (const items of [[1, 2], [3], [4]]) for await (const _ of pace(items)) times.push(clock.now());
    assert.deepEqual(times, [0, 23, 43, 63]);
  });

  it('starts a new schedule after it ran dry', async () => {
    const clock = handClock({});
    const pace = createPacer(20, clock);
    const times: number[] = [];
    for (const items of [
      [1, 2],
      [3, 4],
    ]) {
      for await (const _ of pace(items)) times.push(clock.now());
      clock.advance(100);
    }
    assert.deepEqual(times, [0, 20, 120, 140]);
  });
});

describe('the queue', () => {
  it('yields items pushed before and during the loop, in order, and ends when it is closed', async () => {
    const queue = new Queue<number>();
    queue.push(1);
    const items = collect(queue);
    queue.push(2);
    await new Promise(setImmediate);
    queue.push(3);
    queue.push(4);
    queue.close();
    assert.deepEqual(await items, [1, 2, 3, 4]);
  });
});

describe('the demo', { timeout: 60_000 }, () => {
  it('ends by itself, shows its spans on stdout and logs each message with its trace id', async () => {
    const { code, stdout, stderr } = await finished(demo());
    assert.equal(code, 0, stderr);
    for (const name of [
      'pipeline.voice-demo.start',
      'element.resample.start',
      'element.llm.start',
      'element.audio-pacer.start',
      'pipeline.voice-demo.push',
      'element.resample.process',
      'audio.resample',
      'audio.frame',
      'element.llm.process',
      'llm.request',
      'llm.response',
      'element.audio-pacer.process',
      'pipeline.voice-demo.stop',
      'element.resample.stop',
      'element.llm.stop',
      'element.audio-pacer.stop',
    ]) {
      assert.ok(stdout.includes(name), `${name} in:\n${stdout}`);
    }

    const pushed = traceIds(stderr, 'push:');
    assert.equal(new Set(pushed).size, 5, 'each message is a trace of its own');
    const [first, second, third, , fifth] = pushed;
    assert.deepEqual(traceIds(stderr, 'llm:'), [first, second, third, fifth]);
    assert.deepEqual(traceIds(stderr, 'audio-pacer:'), [first, second, third, fifth]);
  });

  it('records why the fourth message failed, logs it in its trace, and goes on', async () => {
    const { stdout, stderr } = await finished(demo());
    assert.match(stdout, /cannot resample from 44100 Hz/);
    const pushed = traceIds(stderr, 'push:');
    assert.deepEqual(traceIds(stderr, 'done: dropped by resample: cannot resample from 44100 Hz'), [pushed[3]]);
    assert.deepEqual(traceIds(stderr, 'done: played'), [pushed[0], pushed[1], pushed[2], pushed[4]]);
  });

  it('prints nothing with TRACE_EXPORTER=none', async () => {
    assert.deepEqual(await finished(demo({ TRACE_EXPORTER: 'none' })), { code: 0, stdout: '', stderr: '' });
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`stops its pipeline and flushes on ${signal}`, async () => {
      const child = demo();
      child.stderr?.on('data', (lines: Buffer | string) => {
        if (lines.includes('push:') && !child.killed) child.kill(signal);
      });
      const { code, stdout, stderr } = await finished(child);
      assert.equal(code, 0, stderr);
      const pushed = traceIds(stderr, 'push:');
      assert.ok(pushed.length < 5);
      assert.deepEqual(traceIds(stderr, 'done: played'), pushed, 'what is under way is still played');
      assert.ok(stdout.includes('element.resample.process'));
      assert.ok(stdout.includes('pipeline.voice-demo.stop'));
      assert.ok(stdout.includes('element.audio-pacer.stop'));
    });
  }

  it('sends its spans to a Collector with TRACE_EXPORTER=otlp', async () => {
    const requests: string[] = [];
    let body = '';
    const collector = createServer((request, response) => {
      requests.push(`${request.method} ${request.url} ${request.headers['content-type']}`);
      request.on('data', (data: Buffer) => {
        body += data.toString('latin1');
      });
      request.on('end', () => response.end());
    });
    collector.listen(0, '127.0.0.1');
    await once(collector, 'listening');
    const { port } = collector.address() as AddressInfo;

    const { code, stdout, stderr } = await finished(
      demo({
        TRACE_EXPORTER: 'otlp',
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
        OTEL_EXPORTER_OTLP_COMPRESSION: 'none',
      }),
    );
    collector.close();
    assert.equal(code, 0, stderr);
    assert.equal(stdout, '');
    assert.deepEqual([...new Set(requests)], ['POST /v1/traces application/x-protobuf']);
    assert.ok(body.includes('tracing-demo'));
    assert.ok(body.includes('element.resample.process'));
    assert.ok(body.includes('pipeline.voice-demo.stop'));
  });
});

/** Starts the demo as a user does, without any tracing settings from the environment of the tests. */
function demo(settings: Record<string, string> = {}): ChildProcess {
  const environment = Object.entries(process.env).filter(
    ([name]) => !/^(OTEL_|TRACE|ENVIRONMENT|NODE_TEST)/.test(name),
  );
  return spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('main.ts', DEMO))], {
    cwd: fileURLToPath(new URL('../../', DEMO)),
    env: { ...Object.fromEntries(environment), ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function finished(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** Returns the trace ids of the log lines whose text begins with `start`. */
function traceIds(log: string, start: string): string[] {
  return log
    .split('\n')
    .map((line) => /^\[trace_id=([0-9a-f]{32}) span_id=[0-9a-f]{16}\] (.*)$/.exec(line))
    .filter((match) => match?.[2].startsWith(start))
    .map((match) => match?.[1] ?? '');
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

/** A clock that moves only when it is slept on or advanced. Each sleep takes `lateness` longer than requested. */
function handClock({ lateness = 0 }): PacerClock & { advance(millis: number): void } {
  let time = 0;
  return {
    now: () => time,
    sleep: async (millis) => {
      time += millis + lateness;
    },
    advance: (millis) => {
      time += millis;
    },
  };
}

/** Returns one second of a sine at a third of full scale. */
function sine(frequency: number, sampleRate: number): Int16Array {
  return Int16Array.from({ length: sampleRate }, (_, n) =>
    Math.round(10_000 * Math.sin((2 * Math.PI * frequency * n) / sampleRate)),
  );
}

/** Removes the beginning, where the filter still includes the silence before the stream. */
function settled(samples: Int16Array): Int16Array {
  return samples.subarray(100);
}

/** Returns the level of one frequency in the samples (one term of a Fourier transform). */
function toneDbfs(samples: Int16Array, frequency: number, sampleRate: number): number {
  let re = 0;
  let im = 0;
  samples.forEach((sample, n) => {
    const turn = (2 * Math.PI * frequency * n) / sampleRate;
    re += sample * Math.cos(turn);
    im += sample * Math.sin(turn);
  });
  const rms = (Math.hypot(re, im) / samples.length) * Math.SQRT2;
  return 20 * Math.log10(rms / 32_768);
}

function bytes(...values: number[]): Uint8Array {
  return new Uint8Array(values);
}

function format({ encoding = 1, channels = 1, sampleRate = 48_000, bits = 16 }): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  view.setUint16(0, encoding, true);
  view.setUint16(2, channels, true);
  view.setUint32(4, sampleRate, true);
  view.setUint32(8, (sampleRate * channels * bits) / 8, true);
  view.setUint16(12, (channels * bits) / 8, true);
  view.setUint16(14, bits, true);
  return chunk('fmt ', new Uint8Array(view.buffer));
}

function chunk(name: string, body: Uint8Array): Uint8Array {
  const size = new Uint8Array(4);
  new DataView(size.buffer).setUint32(0, body.byteLength, true);
  return Buffer.concat([Buffer.from(name), size, body, bytes(...(body.byteLength % 2 === 0 ? [] : [0]))]);
}

function riff(...chunks: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE', 'latin1'), ...chunks]));
}
