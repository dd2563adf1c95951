import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Contender } from './contender.ts';
import { type Runtime, thisNode } from './runtime.ts';

const here = fileURLToPath(new URL('.', import.meta.url));

/** The subjects that most cases compare, this package first. These are paths without the extension. */
export const SUBJECTS = ['subjects/realtime-ai', 'peers/opentelemetry-2/subject', 'peers/opentelemetry-3/subject'];
export const OURS = SUBJECTS[0];
export const UNTRACED = 'subjects/untraced';

/** A server that receives spans, in a process of its own. */
export interface Collector {
  readonly url: string;
  received(): Promise<{ spans: number; sample: string }>;
}

/** Starts and ends the processes that cases measure. */
export class Lab {
  readonly isQuick: boolean;
  readonly runtime: Runtime;
  /** Whether SDKs of another kind are measured, too. */
  readonly showsBeside: boolean;

  constructor(isQuick: boolean, runtime: Runtime) {
    this.isQuick = isQuick;
    this.runtime = runtime;
    this.showsBeside = !isQuick && runtime === thisNode;
  }

  /** Picks a value for a full or for a quick run. */
  either<T>(full: T, quick: T): T {
    return this.isQuick ? quick : full;
  }

  /** Runs a program of `programs/` with a subject, and ends it after `use`. */
  async withContender<T>(
    program: string,
    subject: string,
    args: readonly string[],
    use: (contender: Contender) => Promise<T>,
    flags: readonly string[] = [],
  ): Promise<T> {
    const file = join(here, dirname(subject), 'build', `${subject.slice(subject.lastIndexOf('/') + 1)}.mjs`);
    const { command, args: before } = this.runtime;
    const contender = new Contender(command, [
      ...before,
      ...flags,
      join(here, 'build', `${program}.mjs`),
      file,
      ...args,
    ]);
    try {
      return await use(contender);
    } finally {
      await contender.close();
    }
  }

  /** Runs a program for each subject, all at the same time, so that their rounds can alternate. */
  withContenders<T>(
    program: string,
    subjects: readonly string[],
    args: readonly string[],
    use: (contenders: Contender[]) => Promise<T>,
    flags: readonly string[] = [],
  ): Promise<T> {
    const started: Contender[] = [];
    const next = (): Promise<T> => {
      if (started.length === subjects.length) return use(started);
      return this.withContender(
        program,
        subjects[started.length],
        args,
        (contender) => {
          started.push(contender);
          return next();
        },
        flags,
      );
    };
    return next();
  }

  /** Runs a collector that answers after `delayMillis`. */
  async withCollector<T>(delayMillis: number, use: (collector: Collector) => Promise<T>): Promise<T> {
    const server = new Contender(thisNode.command, [join(here, 'build', 'collector.mjs')]);
    try {
      const url = await server.ask<string>('listen', { delayMillis });
      return await use({ url, received: () => server.ask('received') });
    } finally {
      await server.close();
    }
  }
}
