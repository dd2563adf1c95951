import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Chromium, type PageServer, servePages, startChromium } from './chromium.ts';

let chromium: Chromium;
let pages: PageServer;

before(async () => {
  chromium = await startChromium();
  pages = await servePages();
});
after(async () => {
  await chromium?.close();
  await pages?.close();
});

test('a page shows each trace as a closed group of its console', async (t) => {
  const page = await chromium.newPage();
  t.after(() => page.close());
  const messages: string[] = [];
  page.on('console', (message) => {
    messages.push(`${message.type()}: ${message.text()}`);
  });
  await page.goto(pages.url);
  await page.evaluate(async () => {
    trace.initialize({ quiet: true });
    const root = trace.startSpan('100 %d');
    trace.startSpan('child', { parent: root }).end();
    root.end();
    await trace.shutdown();
  });
  assert.equal(messages.length, 3, messages.join('\n'));
  assert.match(messages[0], /^startGroupCollapsed: .*trace [0-9a-f]{32} .*2 spans/);
  assert.match(messages[1], /^log: +0 [^\n]*\n100 %d [^\n]*\n[^\n]*child [^\n]*$/);
  assert.match(messages[2], /^endGroup: /);
});
