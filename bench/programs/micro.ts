import { answerQuestions } from '../dialogue.ts';
import { microCases } from '../micro-cases.ts';
import type { Subject } from '../subject.ts';
import { timed } from '../timed.ts';

// One micro case with one subject: node micro.mjs <file of the subject> <name of the case>.
const [file, name] = process.argv.slice(2);
const { subject } = (await import(file)) as { subject: Subject };
const found = microCases.find((each) => each.name === name);
if (found === undefined) throw new Error(`there is no micro case ${name}`);
const { work, finish } = found.start(subject);
const { calls, spansPerCall } = found;

answerQuestions({
  name: () => subject.name,
  /** Returns the request of two calls in base64, or null if nothing is encoded. */
  async sample() {
    if (finish === undefined) return null;
    for (let call = 0; call < Math.min(2, calls); call++) work();
    return Buffer.from(await finish()).toString('base64');
  },
  /** Returns the nanoseconds per span. */
  round: ({ millis }: { millis: number }) => timed(work, finish, calls, calls * spansPerCall, millis),
});
