import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { build } from 'esbuild';
import { programsFolder } from './runtime.ts';

declare global {
  /** The package, in a page of {@link servePages}. */
  var trace: typeof import('../../src/index.ts');
}

/** The part of Playwright's types for pages that is used. The real ones exist only if this folder is installed. */
export interface Page {
  /** Resolves when the page and its program are loaded. */
  goto(url: string): Promise<unknown>;
  /** Use `commit` if the page is restored from the cache, when nothing is loaded. */
  goBack(options: { waitUntil: 'load' | 'commit' }): Promise<unknown>;
  /** Calls a function in the page and resolves to its result. From the test, it can use only `argument`. */
  evaluate<Result, Argument>(
    pageFunction: (argument: Argument) => Result | Promise<Result>,
    argument: Argument,
  ): Promise<Result>;
  evaluate<Result>(pageFunction: () => Result | Promise<Result>): Promise<Result>;
  /** Makes this the visible tab, and hides the one that was visible. */
  bringToFront(): Promise<void>;
  /** Closes the tab, as a user would. */
  close(): Promise<void>;
  on(event: 'console', listener: (message: { text(): string; type(): string }) => void): void;
  on(event: 'pageerror', listener: (error: Error) => void): void;
}

/** A browser for tests. */
export interface Chromium {
  /** Opens a tab in front of all others, which become hidden. */
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

interface Playwright {
  readonly chromium: {
    connectOverCDP(endpoint: string, options: { noDefaults: boolean; timeout: number }): Promise<Browser>;
  };
}

interface Browser {
  contexts(): { newPage(): Promise<Page> }[];
  newBrowserCDPSession(): Promise<{ send(method: string): Promise<unknown> }>;
}

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const SWITCHES = [
  '--headless',
  // Needed for root, and in most containers.
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Returns the browser that `CHROMIUM` names, or the first usual name on the path; `undefined` if there is none. */
export function findChromium(): string | undefined {
  const { CHROMIUM, PATH = '' } = process.env;
  const folders = PATH.split(delimiter);
  return CHROMIUM ?? NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
}

// Chromium sometimes accepts a connection and then does not answer. Another process does.
const ATTEMPTS = 3;
const CONNECT_MILLIS = 10_000;

/**
 * Starts Chromium without Playwright, which would show every tab as visible and keep no page in the back/forward cache.
 * The tests need both.
 */
export async function startChromium(): Promise<Chromium> {
  const executable = findChromium();
  if (executable === undefined)
    throw new Error('there is no Chromium: apt-get install chromium, or name one in CHROMIUM');
  const { chromium } = (await import('playwright-core' as string)) as Playwright;
  for (let attempt = 1; ; attempt++) {
    const running = launch(executable);
    try {
      const endpoint = await endpointOf(running.child);
      const browser = await chromium.connectOverCDP(endpoint, { noDefaults: true, timeout: CONNECT_MILLIS });
      return {
        newPage: () => browser.contexts()[0].newPage(),
        async close() {
          const session = await browser.newBrowserCDPSession();
          // The response may never arrive.
          await Promise.race([session.send('Browser.close').catch(() => {}), running.exited]);
          await running.remove();
        },
      };
    } catch (error) {
      running.kill();
      await running.remove();
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

/** Starts the executable, with its own profile. */
function launch(executable: string) {
  const profile = mkdtempSync(join(tmpdir(), 'chromium-'));
  const child = spawn(executable, [...SWITCHES, '--remote-debugging-port=0', `--user-data-dir=${profile}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
    // A separate process group, so that the children can be killed along with it.
    detached: true,
  });
  const kill = () => {
    try {
      process.kill(-(child.pid as number), 'SIGKILL');
    } catch {
      // All processes have already ended.
    }
  };
  process.once('exit', kill);
  // The test runner ends a hanging test with this signal.
  const end = () => process.exit(1);
  process.once('SIGTERM', end);
  const exited = once(child, 'exit');
  return {
    child,
    exited,
    kill,
    /** Waits for the exit, and removes everything that it left. */
    async remove() {
      await exited;
      kill();
      process.off('exit', kill);
      process.off('SIGTERM', end);
      // Killed processes may still exist for a moment, and write files.
      await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}

/** Returns the endpoint printed on stderr. Reads stderr to its end, so that the browser does not block or fail. */
function endpointOf(child: ChildProcess): Promise<string> {
  let said = '';
  return new Promise((resolve, reject) => {
    child.stderr?.on('data', (text: Buffer) => {
      said += text;
      const [, endpoint] = /DevTools listening on (ws:\S+)/.exec(said) ?? [];
      if (endpoint !== undefined) resolve(endpoint);
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`Chromium has ended: ${said}`)));
    setTimeout(() => reject(new Error(`Chromium has not said where it listens: ${said}`)), CONNECT_MILLIS).unref();
  });
}

/** A server of test pages. */
export interface PageServer {
  /** `http://127.0.0.1:<port>`. Every path is an empty page, except for programs: `page.js` is `programs/page.mjs`. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves pages that run `programs/page.mjs`, bundled with the published package.
 *
 * @param head - Additional elements of the head.
 */
export async function servePages(head = ''): Promise<PageServer> {
  const programs = new Map<string, Promise<string>>();
  const html = `<!doctype html><title>page</title><link rel="icon" href="data:,">${head}
    <!-- The functions that tests send here call it, since tsx has compiled them. -->
    <script>globalThis.__name = (named) => named;</script>
    <script type="module" src="/page.js"></script>`;
  const server = createServer(async ({ url = '/' }, response) => {
    const [, name] = /^\/(\w+)\.js$/.exec(url) ?? [];
    if (name === undefined) {
      response.setHeader('content-type', 'text/html; charset=utf-8').end(html);
      return;
    }
    if (!programs.has(name)) programs.set(name, bundled(name));
    response.setHeader('content-type', 'text/javascript').end(await programs.get(name));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Bundles a program of `programs/` for pages, as an application's bundler would. */
async function bundled(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`${programsFolder()}/${name}.mjs`],
    absWorkingDir: programsFolder(),
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
  });
  return outputFiles[0].text;
}
