import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Chromium, type PageServer, servePages, startChromium } from './chromium.ts';

declare global {
  var trace: typeof import('../../src/index.ts');
}

describe('a page in Chromium', () => {
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

  test('has the package', async (t) => {
    const page = await chromium.newPage();
    t.after(() => page.close());
    await page.goto(pages.url);
    assert.equal(await page.evaluate(() => typeof trace.initialize), 'function');
    const other = await chromium.newPage();
    t.after(() => other.close());
    assert.equal(await page.evaluate(() => document.visibilityState), 'hidden');
    await page.bringToFront();
    assert.equal(await page.evaluate(() => document.visibilityState), 'visible');
  });
});
