import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { programOf } from './backend.ts';
import { freePorts } from './server.ts';

/** The part of a span in Zipkin's format that the tests use. */
export interface ZipkinSpan {
  readonly traceId: string;
  readonly id: string;
  readonly parentId?: string;
  readonly name: string;
  readonly kind?: string;
  readonly localEndpoint?: { readonly serviceName?: string };
  readonly annotations?: readonly { readonly value: string }[];
  readonly tags?: Readonly<Record<string, string>>;
}

/** A Zipkin with in-memory storage. */
export interface Zipkin {
  /** Host and port. */
  readonly address: string;
  /** Returns a trace from the query API, once it has this many spans. */
  trace(traceId: string, spanCount: number): Promise<ZipkinSpan[]>;
  end(): Promise<void>;
}

const READY_MILLIS = 60_000;
const PATIENCE_MILLIS = 20_000;
const POLL_MILLIS = 100;

/** Starts Zipkin on a free loopback port. */
export async function startZipkin(): Promise<Zipkin> {
  const [port] = await freePorts(1);
  const address = `127.0.0.1:${port}`;
  const child = spawn('java', ['-jar', programOf('zipkin'), `--server.port=${port}`], { stdio: 'ignore' });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  const isUp = () =>
    fetch(`http://${address}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  if (!(await until(isUp, READY_MILLIS))) {
    kill();
    throw new Error(`Zipkin was not ready within ${READY_MILLIS} ms`);
  }
  return {
    address,
    async trace(traceId, spanCount) {
      let found: ZipkinSpan[] = [];
      await until(async () => {
        const response = await fetch(`http://${address}/api/v2/trace/${traceId}`);
        found = response.ok ? ((await response.json()) as ZipkinSpan[]) : [];
        return found.length >= spanCount;
      }, PATIENCE_MILLIS);
      return found;
    },
    async end() {
      const exited = once(child, 'exit');
      kill();
      await exited;
      process.off('exit', kill);
    },
  };
}

/** Polls until the answer is yes. Returns false if that takes too long. */
async function until(ask: () => Promise<boolean>, millis: number): Promise<boolean> {
  for (const end = Date.now() + millis; Date.now() < end; await delay(POLL_MILLIS)) {
    if (await ask()) return true;
  }
  return false;
}
