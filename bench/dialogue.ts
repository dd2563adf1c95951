import { createInterface } from 'node:readline';

/** The questions that a measured program answers. Answers are sent as JSON. */
export type Answers = Record<string, (argument: never) => unknown>;

/**
 * The child's side: answers each question, a line on stdin, with a line on stdout, until stdin ends. Unlike Node's
 * message channels, this works on every runtime that has Node's `process`.
 */
export function answerQuestions(answers: Answers): void {
  let before = Promise.resolve();
  createInterface({ input: process.stdin })
    .on('line', (line) => {
      const { question, argument } = JSON.parse(line) as { question: string; argument: never };
      before = before.then(async () => {
        try {
          const answer = await answers[question](argument);
          process.stdout.write(`${JSON.stringify({ answer: answer ?? null })}\n`);
        } catch (error) {
          process.stdout.write(`${JSON.stringify({ error: (error as Error).stack })}\n`);
        }
      });
    })
    .on('close', () => process.exit(0));
}
