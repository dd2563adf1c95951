import assert from 'node:assert/strict';
import { PerformanceObserver } from 'node:perf_hooks';
import { answerQuestions } from '../dialogue.ts';
import type { BenchTracer, Subject } from '../subject.ts';
import { typicalSpan } from '../typical-span.ts';

// node --expose-gc --min-semi-space-size=… allocation.mjs <file of the subject> <encoded | unsampled | silent>
const [file, kind] = process.argv.slice(2);
const { subject } = (await import(file)) as { subject: Subject };
const BATCH = 512;

let collections = 0;
new PerformanceObserver((list) => {
  collections += list.getEntries().length;
}).observe({ entryTypes: ['gc'] });

// Keeps results alive, so that no compiler eliminates the work.
let result: unknown;

function spanOf(tracer: Pick<BenchTracer, 'startSpan'>): () => void {
  return () => {
    const span = tracer.startSpan('llm.request');
    span.end();
    result = span;
  };
}

const recording = kind === 'encoded' ? subject.recording() : undefined;
const work =
  recording !== undefined
    ? () => typicalSpan(recording.tracer)
    : spanOf(kind === 'unsampled' ? subject.unsampled() : subject.silent('direct'));

async function spans(count: number): Promise<void> {
  for (let done = 0; done < count; done += BATCH) {
    for (let each = 0; each < BATCH; each++) work();
    if (recording !== undefined) result = await recording.drain();
  }
}

answerQuestions({
  name: () => subject.name,
  /** Returns the bytes that a span allocates, on the heap and in buffers. No garbage may be collected meanwhile. */
  async round({ count }: { count: number }) {
    (globalThis as unknown as { gc(): void }).gc();
    // The observer learns of a collection with a delay.
    await new Promise((resolve) => setTimeout(resolve, 20));
    const collectionsBefore = collections;
    const before = process.memoryUsage();
    await spans(count);
    const after = process.memoryUsage();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(collections, collectionsBefore, 'nothing was collected');
    assert.ok(result !== null);
    const bytes = after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers;
    return bytes / count;
  },
  /** Runs the work until it is compiled, since only compiled code is measured. */
  warm: ({ count }: { count: number }) => spans(count),
});
