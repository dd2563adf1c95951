import { type ChildProcess, fork } from 'node:child_process';
// Not the global timers, which tests may mock.
import { clearTimeout, setTimeout } from 'node:timers';
import { fileURLToPath } from 'node:url';

// Longer than any answer takes, so that a hanging child does not hang the tests.
const PATIENCE_MILLIS = 120_000;

interface Question {
  readonly number: number;
  readonly name: string;
  readonly argument: unknown;
}

interface Answer {
  readonly number: number;
  readonly answer?: unknown;
  readonly error?: string;
}

interface Waiting {
  readonly timer: NodeJS.Timeout;
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** The parent's side of a child process that answers questions. */
export class Child {
  private readonly process: ChildProcess;
  private readonly waiting = new Map<number, Waiting>();
  private questions = 0;
  private end: Error | undefined;

  /** @param flags - For Node, in addition to those of this process. */
  constructor(program: URL, flags: readonly string[] = [], variables: NodeJS.ProcessEnv = {}) {
    this.process = fork(fileURLToPath(program), {
      execArgv: [...process.execArgv, ...flags],
      env: { ...process.env, ...variables },
    });
    this.process.on('error', (error) => this.fail(error));
    this.process.on('exit', (code, signal) => this.fail(new Error(`${program} ended with ${code ?? signal}`)));
    this.process.on('message', ({ number, answer, error }: Answer) => {
      const waiting = this.waiting.get(number);
      this.waiting.delete(number);
      clearTimeout(waiting?.timer);
      if (error === undefined) waiting?.resolve(answer);
      else waiting?.reject(new Error(error));
    });
  }

  /** Asks a question. Rejects if the child's function throws, or if the child ends before it answers. */
  ask<T = void>(name: string, argument: unknown = null): Promise<T> {
    if (this.end !== undefined) return Promise.reject(this.end);
    const number = this.questions++;
    return new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.process.kill('SIGKILL');
        reject(new Error(`no answer to ${name} within ${PATIENCE_MILLIS} ms`));
      }, PATIENCE_MILLIS);
      this.waiting.set(number, { timer, resolve, reject });
      this.process.send({ number, name, argument } satisfies Question);
    }) as Promise<T>;
  }

  signal(name: NodeJS.Signals): void {
    this.process.kill(name);
  }

  async close(): Promise<void> {
    if (this.end !== undefined) return;
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGKILL');
    await ended;
  }

  private fail(error: Error): void {
    this.end ??= error;
    for (const { timer, reject } of this.waiting.values()) {
      clearTimeout(timer);
      reject(this.end);
    }
    this.waiting.clear();
  }
}

/** The child's side: the functions that answer questions, by name. The child ends with its parent. */
export function answerParent(questions: Record<string, (argument: never) => unknown>): void {
  process.on('message', async ({ number, name, argument }: Question) => {
    let answer: Answer;
    try {
      answer = { number, answer: await questions[name](argument as never) };
    } catch (error) {
      answer = { number, error: error instanceof Error ? String(error.stack) : String(error) };
    }
    process.send?.(answer);
  });
  process.on('disconnect', () => process.exit());
}
