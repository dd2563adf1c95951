import { moment, workMillisSince } from '../clock.ts';
import { answerQuestions } from '../dialogue.ts';
import type { Subject } from '../subject.ts';
import { typicalSpan } from '../typical-span.ts';

/** A period of load. */
export interface LoadRequest {
  readonly spansPerSecond: number;
  readonly millis: number;
  /**
   * `sleep` waits 5 ms between bursts, like a program that also waits for other things. `spin` runs the event loop
   * without a pause, so that every turn is measured.
   */
  readonly pace: 'sleep' | 'spin';
}

/** The measurements of a period of load. */
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
// The most spans in one turn, so that after a pause of the machine a subject gets turns for I/O while it catches up.
// With `sleep` this is half of OpenTelemetry's default queue. With `spin`, which measures turns, it is a millisecond's
// worth, so that catching up does not make the longest turn.
const MOST_IN_A_TURN = { sleep: 1_000, spin: 20 };

async function load({ spansPerSecond, millis, pace }: LoadRequest): Promise<LoadReport> {
  const pause = pace === 'spin' ? (done: () => void) => setImmediate(done) : (done: () => void) => setTimeout(done, 5);
  const most = MOST_IN_A_TURN[pace];
  const start = moment();
  let spans = 0;
  let longestMillis = 0;
  let turn = start;
  for (;;) {
    // A turn that took long only because another process had the core is not a block.
    if (pace === 'spin') longestMillis = Math.max(longestMillis, workMillisSince(turn));
    turn = moment();
    const elapsed = turn.wallMillis - start.wallMillis;
    const due = Math.min(Math.floor((elapsed / 1_000) * spansPerSecond) - spans, most);
    for (let count = 0; count < due; count++) typicalSpan(tracer);
    spans += Math.max(due, 0);
    // Finish only after catching up: a pause at the very end is not the subject's fault.
    if (elapsed >= millis && due < most) break;
    if (elapsed >= 2 * millis) break;
    await new Promise<void>(pause);
  }
  const { wallMillis, cpuMillis } = moment();
  return { spans, millis: wallMillis - start.wallMillis, cpuMillis: cpuMillis - start.cpuMillis, longestMillis };
}

answerQuestions({ name: () => subject.name, load, close: () => close().then(() => null) });
