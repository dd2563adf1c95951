import { moment, workMillisSince } from '../clock.ts';
import { answerQuestions } from '../dialogue.ts';
import type { Subject } from '../subject.ts';
import { typicalSpan } from '../typical-span.ts';

/** A stretch of load. */
export interface LoadRequest {
  readonly spansPerSecond: number;
  readonly millis: number;
  /**
   * `sleep` waits 5 ms between bursts, as a program does that has other things to wait for. `spin` turns the event loop
   * without a pause, so that every turn of it is seen.
   */
  readonly pace: 'sleep' | 'spin';
}

/** What a stretch of load was like. */
export interface LoadReport {
  readonly spans: number;
  readonly millis: number;
  readonly cpuMillis: number;
  /** The longest turn of the event loop, in milliseconds. */
  readonly longestMillis: number;
}

// node load.mjs <file of the subject> <URL>
const [file, url] = process.argv.slice(2);
const { subject } = (await import(file)) as { subject: Subject };
const { tracer, close } = subject.exporting(url);
// At most so many spans in one turn: after a pause that is the machine's fault, a subject gets turns for its I/O while it
// catches up. Asleep, half of the default queue of OpenTelemetry; where turns are measured, a millisecond's worth, lest the
// longest one be that in which spans are made up for.
const MOST_IN_A_TURN = { sleep: 1_000, spin: 20 };

async function load({ spansPerSecond, millis, pace }: LoadRequest): Promise<LoadReport> {
  const pause = pace === 'spin' ? (done: () => void) => setImmediate(done) : (done: () => void) => setTimeout(done, 5);
  const most = MOST_IN_A_TURN[pace];
  const start = moment();
  let spans = 0;
  let longestMillis = 0;
  let turn = start;
  for (;;) {
    // What took long only because another process had the core is no block.
    if (pace === 'spin') longestMillis = Math.max(longestMillis, workMillisSince(turn));
    turn = moment();
    const elapsed = turn.wallMillis - start.wallMillis;
    const due = Math.min(Math.floor((elapsed / 1_000) * spansPerSecond) - spans, most);
    for (let count = 0; count < due; count++) typicalSpan(tracer);
    spans += Math.max(due, 0);
    // Not before what was due then: a pause at the very end is not the subject's.
    if (elapsed >= millis && due < most) break;
    if (elapsed >= 2 * millis) break;
    await new Promise<void>(pause);
  }
  const { wallMillis, cpuMillis } = moment();
  return { spans, millis: wallMillis - start.wallMillis, cpuMillis: cpuMillis - start.cpuMillis, longestMillis };
}

answerQuestions({ name: () => subject.name, load, close: () => close().then(() => null) });
