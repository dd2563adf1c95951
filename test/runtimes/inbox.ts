import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { CollectorRequest } from '../oracle/collector.ts';

/** What receiver.ts is asked. */
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

/** What it answers. */
export interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** A request as the receiver has read it. */
export type Received = Pick<CollectorRequest, 'headers' | 'spans'> &
  Partial<Pick<CollectorRequest, 'problem' | 'path'>>;

/** What has arrived. */
export interface Arrival {
  readonly requests: readonly Received[];
}

/** Where an inbox is reached. */
export interface Endpoints {
  /** Its base URL over HTTP. */
  readonly endpoint: string;
  readonly grpcEndpoint: string;
}

/** A collector in the process of the receiver. */
export interface Inbox extends Endpoints {
  /** Resolves as soon as so many requests have arrived. */
  received(requests: number): Promise<unknown>;
  /** What has arrived, once there are so many different spans, or after some seconds; closes the collector. */
  closed(spans: number): Promise<Arrival>;
}

/** A process that takes spans and decodes them. */
export interface Receiver {
  /** @param holdsFirst - The first request is never answered. */
  open(holdsFirst: boolean): Promise<Inbox>;
  stop(): Promise<void>;
}

const PATIENCE_MILLIS = 10_000;

/** Starts the process. */
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
