import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { TracerProvider } from '../../src/core/provider.ts';
import { BatchSpanProcessor } from '../../src/export/batch.ts';
import { type FetchLike, OtlpHttpExporter } from '../../src/export/otlp/http.ts';
import { flushOnPageHide } from '../../src/host/page-hide.ts';
import { balanced, endedSpansInto } from '../export/ended-spans.ts';
import { decodeRequest, flatten } from '../oracle/otlp.ts';
import { standInPage } from './stand-in-page.ts';

const KIBIBYTE = 1024;

describe('a page that is hidden or left', () => {
  for (const how of ['hide', 'leave'] as const) {
    test(`sends everything before its listener returns (${how})`, (t) => {
      const { page, requests, end } = opened(t);
      const ids = end(3);
      page[how]();
      assert.deepEqual(idsOf(requests), ids);
      assert.deepEqual(
        requests.map(({ keepalive }) => keepalive),
        [true],
      );
    });
  }

  test('sends nothing if no span has ended, or when it is shown', (t) => {
    const { page, requests, end } = opened(t);
    page.hide();
    end(1);
    page.show();
    assert.equal(requests.length, 0);
  });

  test('has at most 48 KiB in requests that outlive it, including those in flight, and sends the rest', async (t) => {
    const { page, requests, end, processor } = opened(t);
    const ids = end(200, { text: 'x'.repeat(1_000) });
    // A full batch has already been sent.
    assert.deepEqual([requests.length, requests[0].keepalive], [1, true]);
    page.hide();
    assert.deepEqual(idsOf(requests), ids);
    const [first, second, ...others] = requests;
    assert.ok(first.bytes >= 20 * KIBIBYTE && second.bytes >= 20 * KIBIBYTE, `${first.bytes}, ${second.bytes}`);
    assert.ok(first.bytes + second.bytes <= 48 * KIBIBYTE, `${first.bytes + second.bytes}`);
    assert.deepEqual(
      [second.keepalive, ...others.map(({ keepalive }) => keepalive)],
      [true, ...others.map(() => false)],
    );
    assert.equal(others.length, 1, 'what does not outlive it leaves together');
    for (const { answer } of requests) answer();
    await processor.forceFlush();
    assert.deepEqual([balanced(processor).acknowledged, balanced(processor).pending], [200, 0]);
    // The quota is available again.
    end(1);
    page.hide();
    assert.equal(requests.at(-1)?.keepalive, true);
  });

  test('keeps failed spans, and retries in a request that does not outlive the page', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { page, requests, end, processor } = opened(t);
    const ids = end(1);
    page.hide();
    requests[0].fail();
    await turns();
    assert.equal(balanced(processor).pending, 1);
    t.mock.timers.tick(2_000);
    assert.deepEqual([requests.length, requests[1].keepalive], [2, false]);
    requests[1].answer();
    await turns();
    assert.deepEqual([idsOf(requests), balanced(processor).acknowledged], [[...ids, ...ids], 1]);
    end(1);
    page.hide();
    assert.equal(requests[2].keepalive, true);
  });

  test('sends requests that outlive it again, whatever failed before', async (t) => {
    const { page, requests, end } = opened(t);
    end(1);
    page.hide();
    requests[0].fail();
    await turns();
    page.leave();
    assert.deepEqual(
      requests.map(({ keepalive }) => keepalive),
      [true, true],
    );
  });

  test('flushes custom processors', (t) => {
    const page = standInPage(t);
    let flushes = 0;
    const processor = { onEnd() {}, forceFlush: async () => flushes++, shutdown: async () => {} };
    flushOnPageHide(new TracerProvider({ spanProcessors: [processor] }));
    page.hide();
    assert.equal(flushes, 1);
  });

  test('does nothing after its listeners are removed', (t) => {
    const { page, requests, end, stop } = opened(t);
    assert.deepEqual(page.listening, ['visibilitychange', 'pagehide']);
    stop();
    end(1);
    page.hide();
    page.leave();
    assert.deepEqual([page.listening, requests.length], [[], 0]);
  });
});

test('without a page, nothing is added and nothing has to be removed', () => {
  const { fetch } = recording();
  const processor = new BatchSpanProcessor(new OtlpHttpExporter({ fetch }));
  flushOnPageHide(new TracerProvider({ spanProcessors: [processor] }))();
});

interface Request {
  readonly body: Uint8Array;
  readonly bytes: number;
  readonly keepalive: boolean | undefined;
  answer(): void;
  fail(): void;
}

/** Sets up a page and a processor with a fetch function of the test, which does not answer its requests. */
function opened(t: TestContext) {
  const page = standInPage(t);
  const { requests, fetch } = recording();
  const processor = new BatchSpanProcessor(new OtlpHttpExporter({ fetch }));
  const stop = flushOnPageHide(new TracerProvider({ spanProcessors: [processor] }));
  t.after(async () => {
    // Requests that stay open would use the quota of other tests.
    for (const { answer } of requests) answer();
    await turns();
  });
  return { page, requests, processor, stop, end: endedSpansInto(processor) };
}

function recording() {
  const requests: Request[] = [];
  const fetch: FetchLike = (_url, { body, keepalive }) =>
    new Promise((resolve, reject) => {
      requests.push({
        body: Uint8Array.from(body),
        bytes: body.length,
        keepalive,
        answer: () => resolve({ status: 200, headers: new Headers(), body: null }),
        fail: () => reject(new TypeError('Failed to fetch')),
      });
    });
  return { requests, fetch };
}

function idsOf(requests: readonly Request[]): string[] {
  return requests.flatMap(({ body }) => flatten(decodeRequest(body))).map(({ spanId }) => spanId);
}

/** Waits until answers have been counted. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await undefined;
}
