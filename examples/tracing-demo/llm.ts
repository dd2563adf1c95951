import { setTimeout as sleep } from 'node:timers/promises';
import { levelDbfs } from './pcm.ts';

const MILLIS_PER_TOKEN = 10;

/**
 * A stand-in for a large language model, so that the demo runs without a network, a key or a bill. It only says how
 * much it has heard. Like a real model, it takes some time and answers token by token.
 */
export async function* streamAnswer(samples: Int16Array, sampleRate: number): AsyncGenerator<string> {
  const millis = Math.round((samples.length / sampleRate) * 1_000);
  const sound = levelDbfs(samples) > -40 ? 'speech' : 'silence';
  for (const token of ['I', ' heard', ` ${millis}`, ' ms', ' of', ` ${sound}`, '.']) {
    await sleep(MILLIS_PER_TOKEN);
    yield token;
  }
}
