import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { CollectorRequest } from '../oracle/collector.ts';

/** A question to receiver.ts. */
export interface Question {
  readonly id: number;
  readonly command: 'open' | 'arrived';
  readonly inbox: number;
  readonly holdsFirst?: boolean;
  readonly requests?: number;
  readonly spans?: number;
  readonly patienceMillis?: number;
  readonly isLast?: boolean;
}

/** Its answer. */
export interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** A request as the receiver has decoded it. */
export type Received = Pick<CollectorRequest, 'headers' | 'spans'> &
  Partial<Pick<CollectorRequest, 'problem' | 'path'>>;

/** The requests that have arrived. */
export interface Arrival {
  readonly requests: readonly Received[];
}

/** The addresses of an inbox. */
export interface Endpoints {
  /** The base URL for HTTP. */
  readonly endpoint: string;
  readonly grpcEndpoint: string;
}

/** A collector in the receiver's process. */
export interface Inbox extends Endpoints {
  /** Resolves when this many requests have arrived. */
  received(requests: number): Promise<unknown>;
  /** Closes the collector, once there are this many distinct spans or after some seconds. Returns what has arrived. */
  closed(spans: number): Promise<Arrival>;
}

/** A process that receives and decodes spans. */
export interface Receiver {
  /** @param holdsFirst - Whether the first request is never answered. */
  open(holdsFirst: boolean): Promise<Inbox>;
  stop(): Promise<void>;
}

const PATIENCE_MILLIS = 10_000;

/** Starts the receiver's process. */
export function startReceiver(): Receiver {
  const child = fork(fileURLToPath(new URL('receiver.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
    serialization: 'advanced',
  });
  const waiting = new Map<number, (answer: Answer) => void>();
  let questions = 0;
  let inboxes = 0;
  child.on('message', (answer: Answer) => waiting.get(answer.id)?.(answer));
  child.on('exit', () => {
    for (const resolve of waiting.values()) resolve({ id: 0, error: 'the receiver has ended' });
  });

  async function ask(question: Omit<Question, 'id'>): Promise<unknown> {
    const id = ++questions;
    const answered = new Promise<Answer>((resolve) => waiting.set(id, resolve));
    child.send({ ...question, id });
    const { result, error } = await answered;
    waiting.delete(id);
    if (error !== undefined) throw new Error(error);
    return result;
  }

  return {
    async open(holdsFirst) {
      const inbox = ++inboxes;
      const endpoints = (await ask({ command: 'open', inbox, holdsFirst })) as Endpoints;
      const arrived = (rest: Partial<Question>) =>
        ask({ command: 'arrived', inbox, patienceMillis: PATIENCE_MILLIS, ...rest }) as Promise<Arrival>;
      return {
        ...endpoints,
        received: (requests) => arrived({ requests }),
        closed: (spans) => arrived({ spans, isLast: true }),
      };
    },
    async stop() {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}
