import assert from 'node:assert/strict';
import { answerQuestions } from '../dialogue.ts';
import type { Subject } from '../subject.ts';
import { typicalSpan } from '../typical-span.ts';

// node backlog.mjs <file of the subject> <spans pending>
const [file, pendingText] = process.argv.slice(2);
const { subject } = (await import(file)) as { subject: Subject };
const leastPending = Number(pendingText);

let ended = 0;
let settled = 0;
let isOpen = false;
let waiting: { spans: number; resolve: () => void } | undefined;

/** Answers the waiting request if at least `leastPending` spans stay pending without it. */
function open(): void {
  if (waiting === undefined || (!isOpen && ended - settled - waiting.spans < leastPending)) return;
  const { spans, resolve } = waiting;
  waiting = undefined;
  settled += spans;
  resolve();
}

const pass = (spans: number) =>
  new Promise<void>((resolve) => {
    waiting = { spans, resolve };
    open();
  });
const { tracer, close } = subject.backlogged({ pass }, leastPending === 0);

answerQuestions({
  name: () => subject.name,
  /** Returns the nanoseconds of CPU per span, with the requested number of spans pending. */
  async round({ spans }: { spans: number }) {
    const start = process.cpuUsage();
    for (let count = 0; count < spans; count += 512) {
      for (let each = 0; each < 512; each++) typicalSpan(tracer);
      ended += 512;
      open();
      // Two turns: a peer may need one to notice that its request is done, and another to begin the next.
      for (let turn = 0; turn < 2; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
    }
    const { user, system } = process.cpuUsage(start);
    return ((user + system) * 1_000) / (Math.ceil(spans / 512) * 512);
  },
  /** Answers all requests and asserts that no span was lost. Returns how many spans were pending. */
  async close() {
    const pending = ended - settled;
    isOpen = true;
    open();
    await close();
    assert.equal(settled, ended, `${subject.name} lost ${ended - settled} of ${ended} spans`);
    return pending;
  },
});
