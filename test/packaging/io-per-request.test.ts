import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { buildIfMissing, ROOT } from './distribution.ts';

const folder = mkdtempSync(join(tmpdir(), 'io-per-request-'));

// The test simulates requests: I/O that was started in a request that is over never settles, as on Workers.
const prelude = `
  import { BatchSpanProcessor, OtlpHttpExporter, TracerProvider } from '${pathToFileURL(ROOT)}dist/index.js';
  let isOver = false;
  let sent = 0;
  let slow;
  const fetch = async () => {
    sent++;
    if (isOver) await new Promise(() => {});
    await slow;
    return new Response();
  };
  const started = (options) => {
    const processor = new BatchSpanProcessor(new OtlpHttpExporter({ fetch }), options);
    const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('test');
    return { processor, end: (count) => { while (count-- > 0) tracer.startSpan('span').end(); } };
  };
  const log = (value) => console.log(JSON.stringify(value));
  // Ends two spans, and then the request in which they are sent.
  const lose = async (end) => {
    isOver = true;
    end(2);
    await 0;
    isOver = false;
  };
`;

/** Returns the lines that a program prints on a runtime that the package considers to have I/O per request. */
function run(program: string): unknown[] {
  const file = join(folder, 'program.mjs');
  writeFileSync(file, prelude + program);
  const out = execFileSync(process.execPath, ['-C', 'edge-light', file], { encoding: 'utf8', timeout: 20_000 });
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('if I/O ends with its request', () => {
  before(buildIfMissing);
  after(() => rmSync(folder, { recursive: true }));

  it('a flush sends waiting spans separately, and waits only for its own request', () => {
    const [first, second, stats] = run(`
      const { processor, end } = started({ maxExportBatchSize: 2 });
      await lose(end);
      end(1);
      log(await processor.forceFlush());
      let finish;
      slow = new Promise((resolve) => { finish = resolve; });
      end(1);
      const waiting = processor.forceFlush();
      slow = undefined;
      end(1);
      log(await processor.forceFlush());
      finish();
      await waiting;
      log({ ...processor.stats(), sent });
    `) as Record<string, number>[];
    assert.deepEqual(first, { exported: 1, pending: 2, dropped: 0 });
    // The other export is still in flight.
    assert.deepEqual([second.exported, second.pending], [1, 3]);
    assert.deepEqual([stats.acknowledged, stats.pending, stats.sent], [3, 2, 4]);
  });

  it('an export beyond its time-out is void: its spans are sent again once, and are then unknown', () => {
    const [before, after, , , lost] = run(`
      const { processor, end } = started({ maxExportBatchSize: 2, exportTimeoutMillis: 100 });
      // Timers of a request end with it, too.
      const { setTimeout } = globalThis;
      const loseWith = async (work) => {
        globalThis.setTimeout = () => 0;
        isOver = true;
        work();
        await 0;
        isOver = false;
        globalThis.setTimeout = setTimeout;
        log(processor.stats());
        await new Promise((resolve) => setTimeout(resolve, 150));
      };
      await loseWith(() => end(2));
      end(2);
      await new Promise((resolve) => setTimeout(resolve, 50));
      await processor.forceFlush();
      log(processor.stats());
      await loseWith(() => end(2));
      await loseWith(() => void processor.forceFlush());
      await processor.forceFlush();
      log(processor.stats());
    `) as Record<string, number>[];
    assert.deepEqual([before.pending, before.unknown], [2, 0]);
    assert.deepEqual([after.pending, after.unknown, after.acknowledged], [0, 0, 4]);
    assert.deepEqual([lost.pending, lost.unknown, lost.acknowledged], [0, 2, 4]);
  });

  it('a shutdown ends, and counts spans in flight in other requests as unknown', () => {
    const [result, stats] = run(`
      const { processor, end } = started({ maxExportBatchSize: 2 });
      await lose(end);
      end(1);
      log(await processor.shutdown({ timeoutMillis: 1_000 }));
      log(processor.stats());
      process.exit();
    `) as Record<string, number>[];
    assert.deepEqual(result, { exported: 1, pending: 0, dropped: 2 });
    assert.deepEqual([stats.acknowledged, stats.unknown, stats.pending], [1, 2, 0]);
  });
});
