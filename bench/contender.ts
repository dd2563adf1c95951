import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

// Longer than any single measurement takes, so that a hanging child does not hang the suite.
const ANSWER_MILLIS = 120_000;

/** The parent's side of a measured program. Each has its own process, so that no two share code or garbage. */
export class Contender {
  private readonly child: ChildProcess;
  private readonly shown: string;
  private waiting: { resolve: (answer: unknown) => void; reject: (error: Error) => void } | undefined;

  constructor(command: string, args: readonly string[]) {
    this.shown = args.join(' ');
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const { answer, error } = JSON.parse(line) as { answer?: unknown; error?: string };
      if (error === undefined) this.waiting?.resolve(answer);
      else this.waiting?.reject(new Error(`${this.shown}: ${error}`));
    });
    this.child.on('error', (error) => this.waiting?.reject(error));
    this.child.on('exit', (code) => this.waiting?.reject(new Error(`${this.shown} ended with code ${code}`)));
  }

  /** Asks the child a question, one at a time. */
  async ask<Answer>(question: string, argument: unknown = null): Promise<Answer> {
    if (this.child.exitCode !== null) throw new Error(`${this.shown} has ended with code ${this.child.exitCode}`);
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Answer>((resolve, reject) => {
        this.waiting = { resolve: resolve as (answer: unknown) => void, reject };
        timer = setTimeout(() => {
          this.child.kill('SIGKILL');
          reject(new Error(`${this.shown}: no answer to ${question} within ${ANSWER_MILLIS} ms`));
        }, ANSWER_MILLIS);
        this.child.stdin?.write(`${JSON.stringify({ question, argument })}\n`);
      });
    } finally {
      clearTimeout(timer);
      this.waiting = undefined;
    }
  }

  /** Ends the child. */
  async close(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.stdin?.end();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(timer);
  }
}
