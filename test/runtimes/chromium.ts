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

/** What is used of Playwright's pages; its own types are there only when this folder is installed. */
export interface Page {
  /** Resolves when the page is loaded, its program included. */
  goto(url: string): Promise<unknown>;
  /** `commit` where the page comes back as it was left: nothing is loaded then. */
  goBack(options: { waitUntil: 'load' | 'commit' }): Promise<unknown>;
  /** Calls a function in the page, which sees nothing of the test but `argument`; resolves to its result. */
  evaluate<Result, Argument>(
    pageFunction: (argument: Argument) => Result | Promise<Result>,
    argument: Argument,
  ): Promise<Result>;
  evaluate<Result>(pageFunction: () => Result | Promise<Result>): Promise<Result>;
  /** Makes it the visible tab, and the one that was so before a hidden one. */
  bringToFront(): Promise<void>;
  /** Closes the tab, as a user would. */
  close(): Promise<void>;
  on(event: 'console', listener: (message: { text(): string; type(): string }) => void): void;
  on(event: 'pageerror', listener: (error: Error) => void): void;
}

/** A browser of the test's own. */
export interface Chromium {
  /** Opens a tab in front of all others, which thereby become hidden. */
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
  // What root, and what most containers, cannot do without.
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The browser that `CHROMIUM` names, or else one of the usual names on the path; `undefined` where there is none. */
export function findChromium(): string | undefined {
  const { CHROMIUM, PATH = '' } = process.env;
  const folders = PATH.split(delimiter);
  return CHROMIUM ?? NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
}

// Chromium sometimes accepts a connection and then says nothing. Another one does.
const ATTEMPTS = 3;
const CONNECT_MILLIS = 10_000;

/**
 * Starts Chromium. It is not started by Playwright, which would show every tab as visible and would keep no page that is
 * left: both are what its pages are here for.
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
          // The answer may not come any more.
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

/** Starts the program, with a profile of its own. */
function launch(executable: string) {
  const profile = mkdtempSync(join(tmpdir(), 'chromium-'));
  const child = spawn(executable, [...SWITCHES, '--remote-debugging-port=0', `--user-data-dir=${profile}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
    // A group of its own, so that its children can be ended with it.
    detached: true,
  });
  const kill = () => {
    try {
      process.kill(-(child.pid as number), 'SIGKILL');
    } catch {
      // All of them have gone.
    }
  };
  process.once('exit', kill);
  // As the runner ends a test that hangs.
  const end = () => process.exit(1);
  process.once('SIGTERM', end);
  const exited = once(child, 'exit');
  return {
    child,
    exited,
    kill,
    /** Waits for its end, and leaves nothing of it behind. */
    async remove() {
      await exited;
      kill();
      process.off('exit', kill);
      process.off('SIGTERM', end);
      // What has been killed may still be there for a moment, and write.
      await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}

/** Where it listens, as it says on stderr; which is read to its end, lest it be killed for what it writes there. */
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

/** Where pages come from. */
export interface PageServer {
  /** `http://127.0.0.1:<port>`. Every path is an empty page, but those of programs: `page.js` is `programs/page.mjs`. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves pages that run `programs/page.mjs`, bundled with the package as it is published.
 *
 * @param head - Further elements of their head.
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

/** A program of `programs/` as an application's bundler makes it for pages. */
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
