import { createInterface } from 'node:readline';

/** What a program under measurement can be asked; answers are JSON. */
export type Answers = Record<string, (argument: never) => unknown>;

/**
 * The child's side: answers one question a line on stdin by one line on stdout, until stdin ends. Works on every
 * runtime that has Node's process, which a message channel of Node's does not.
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
