import { initialize, type SpanBatch } from '@realtime-ai/trace';
import { answerQuestions } from '../dialogue.ts';
import { helperPairs } from '../helper-pairs.ts';
import { sinkExporter } from '../subjects/sink.ts';
import { timed } from '../timed.ts';

const CALLS = 512;
const { signal } = new AbortController();

let sent = new Uint8Array();
const exporter = sinkExporter((body) => {
  sent = body;
});
let batch = exporter.createBatch();
initialize({
  exporterType: 'none',
  spanProcessors: [
    {
      onEnd: (span) => (batch as SpanBatch).add(span),
      forceFlush: async () => undefined,
      shutdown: async () => undefined,
    },
  ],
});
const pairs = helperPairs();
await drain();

async function drain(): Promise<Uint8Array> {
  const full = batch;
  batch = exporter.createBatch();
  await exporter.send([full], signal);
  return sent;
}

function nanosOf(work: () => void, millis: number): Promise<number> {
  return timed(work, drain, CALLS, CALLS, millis);
}

answerQuestions({
  names: () => pairs.map(({ name }) => name),
  /** Returns a base64 request for each pair, with two spans: the helper's and the plain one. */
  async samples() {
    const samples: string[] = [];
    for (const { helper, plain } of pairs) {
      helper();
      plain();
      samples.push(Buffer.from(await drain()).toString('base64'));
    }
    return samples;
  },
  /** Times one pair in short turns, so that a slow moment of the machine affects both. Returns helper, plain. */
  async round({ at, millis, turns }: { at: number; millis: number; turns: number }) {
    const { helper, plain } = pairs[at];
    const sums = [0, 0];
    for (let turn = 0; turn < turns; turn++) {
      // Alternate which of the two comes first.
      for (const which of turn % 2 === 0 ? [0, 1] : [1, 0]) {
        sums[which] += await nanosOf([helper, plain][which], millis / turns);
      }
    }
    return sums.map((sum) => sum / turns);
  },
});
