import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bundleCase, inputCode, REPORTING } from '../bundle.ts';
import { type Chromium, findChromium, startChromium } from '../chromium.ts';
import type { Ended, Host, Job } from '../host.ts';
import { readOutput } from '../output.ts';

const OPTIONS = { platform: 'browser' as const };
// Turns errors of a web worker into errors of the page.
const WORKER_PAGE = `new Worker('worker.js', { type: 'module' }).onerror = ({ message }) => {
  throw new Error(message);
};`;

/** A browser, and a server for its pages. All hosts of this file share them. */
interface Site {
  readonly chromium: Chromium;
  readonly server: Server;
  readonly url: string;
  /** The scripts by path. */
  readonly scripts: Map<string, string>;
}

let site: Promise<Site> | undefined;
let pages = 0;
// Pages run one at a time: a second one would hide the first, which would slow its timers and flush its spans.
let lastPage: Promise<unknown> = Promise.resolve();

async function openSite(): Promise<Site> {
  const scripts = new Map<string, string>();
  const server = createServer(({ url = '' }, response) => {
    const script = scripts.get(url);
    const html =
      '<!doctype html><title>page</title><link rel="icon" href="data:,"><script type="module" src="page.js"></script>';
    response
      .setHeader('content-type', script === undefined ? 'text/html; charset=utf-8' : 'text/javascript')
      .end(script ?? html);
  }).listen(0, '127.0.0.1');
  const [chromium] = await Promise.all([startChromium(), once(server, 'listening')]);
  return { chromium, server, scripts, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function pageHost(title: string, isWorker: boolean, lacks: Host['lacks']): Host {
  return {
    title,
    language: 'webjs',
    lacks: {
      'async context': 'browsers have no `AsyncLocalStorage`',
      environment: 'a page has no environment variables',
      signals: 'a page is not a process',
      'HTTP/2': 'a page has HTTP/2 only through `fetch`, without trailers',
      cancellation: 'a page serves no requests',
      ...lacks,
    },
    missing: () => (findChromium() === undefined ? 'there is no Chromium: apt-get install chromium' : undefined),
    run(job) {
      const ended = lastPage.then(() => runPage(job, isWorker));
      lastPage = ended.catch(() => {});
      return ended;
    },
    close: closeSite,
  };
}

async function runPage(job: Job, isWorker: boolean): Promise<Ended> {
  site ??= openSite();
  const { chromium, scripts, url } = await site;
  const path = `/${++pages}/`;
  const code = inputCode(job) + (await bundleCase(job, 'page', REPORTING, OPTIONS));
  scripts.set(`${path}page.js`, isWorker ? WORKER_PAGE : code);
  scripts.set(`${path}worker.js`, code);
  const page = await chromium.newPage();
  let output = '';
  const ended = new Promise<Ended>((resolve, reject) => {
    page.on('console', (message) => {
      output += `${message.text()}\n`;
      const found = readOutput(output);
      if (found !== undefined) resolve(found);
    });
    page.on('pageerror', reject);
  });
  try {
    await Promise.all([page.goto(url + path), ended]);
    return await ended;
  } finally {
    await page.close();
  }
}

async function closeSite(): Promise<void> {
  const opened = await site;
  site = undefined;
  await opened?.chromium.close();
  opened?.server.closeAllConnections();
  opened?.server.close();
}

export const PAGES: readonly Host[] = [
  pageHost('Page', false, {}),
  pageHost('Web worker', true, { end: 'a web worker is not notified of its end' }),
];
