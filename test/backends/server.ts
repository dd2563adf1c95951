import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** A process that receives spans. */
export interface Server {
  readonly pid: number;
  /** The log so far. */
  log(): string;
  /** Sends a signal that does not end the process: `SIGSTOP` or `SIGCONT`. */
  signal(signal: NodeJS.Signals): void;
  /** Ends the process and waits for its exit. Unless killed, it writes what it has accepted before. */
  end(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

const READY_MILLIS = 60_000;
const END_MILLIS = 20_000;
// What the Collector, and Jaeger, which is built from it, log once all ports are open.
const READY = 'Everything is ready';

const running = new Set<ChildProcess>();
// A failed test must leave no process behind.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * Starts a Collector or a Jaeger, and waits until it accepts spans.
 *
 * @throws Error with its log if it ends instead.
 */
export async function startServer(
  program: string,
  args: readonly string[] = [],
  variables: NodeJS.ProcessEnv = {},
): Promise<Server> {
  const child = spawn(program, args, { env: { ...process.env, ...variables }, stdio: ['ignore', 'ignore', 'pipe'] });
  running.add(child);
  let log = '';
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${program} ${why}:\n${log}`));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail(`was not ready within ${READY_MILLIS} ms`);
    }, READY_MILLIS);
    const settled = (settle: () => void) => {
      clearTimeout(timer);
      settle();
    };
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      if (log.includes(READY)) settled(resolve);
    });
    child.once('error', (error) => settled(() => reject(error)));
    child.once('close', (code, signal) => {
      running.delete(child);
      settled(() => fail(`ended with ${code ?? signal}`));
    });
  });
  return {
    pid: child.pid as number,
    log: () => log,
    signal: (signal) => void child.kill(signal),
    async end(signal = 'SIGTERM') {
      if (!running.has(child)) return;
      const closed = once(child, 'close');
      // A stopped process receives no other signal.
      child.kill('SIGCONT');
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), END_MILLIS);
      const [, how] = (await closed) as [number | null, NodeJS.Signals | null];
      clearTimeout(timer);
      if (how === 'SIGKILL' && signal !== how)
        throw new Error(`${program} did not end within ${END_MILLIS} ms:\n${log}`);
    },
  };
}

/** Returns free loopback ports. Another process may take one before its use; then the server reports that. */
export async function freePorts(count: number): Promise<number[]> {
  const listening = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = listening.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(listening.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** True if a process listens on this port, on loopback or on all addresses. */
export async function isTaken(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    await new Promise((resolve) => server.close(resolve));
    return false;
  } catch {
    return true;
  }
}
