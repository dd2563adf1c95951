import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Contender } from './contender.ts';
import { type Runtime, thisNode } from './runtime.ts';

const here = fileURLToPath(new URL('.', import.meta.url));

/** The subjects that most cases compare, this package first; files without their ending. */
export const SUBJECTS = ['subjects/realtime-ai', 'peers/opentelemetry-2/subject', 'peers/opentelemetry-3/subject'];
export const OURS = SUBJECTS[0];
export const UNTRACED = 'subjects/untraced';

/** A server for spans in a process of its own. */
export interface Collector {
  readonly url: string;
  received(): Promise<{ spans: number; sample: string }>;
}

/** Starts what cases measure, and ends it. */
export class Lab {
  readonly isQuick: boolean;
  readonly runtime: Runtime;
  /** Whether SDKs of another kind take part. */
  readonly showsBeside: boolean;

  constructor(isQuick: boolean, runtime: Runtime) {
    this.isQuick = isQuick;
    this.runtime = runtime;
    this.showsBeside = !isQuick && runtime === thisNode;
  }

  /** One of two figures: for a run in full, or for a quick one. */
  either<T>(full: T, quick: T): T {
    return this.isQuick ? quick : full;
  }

  /** A program of `programs/` with a subject, `use`d and then ended. */
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

  /** The same with one for each subject, all alive at once, so that rounds can take turns. */
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

  /** A collector that answers after `delayMillis`. */
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
