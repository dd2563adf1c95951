import type { TracerProvider } from '../core/provider.ts';
import type { BatchSpanProcessor } from '../export/batch.ts';
import { type FetchLike, OtlpHttpExporter } from '../export/otlp/http.ts';

// Browsers allow 64 KiB for all requests that outlive a page. The application keeps the rest.
const QUOTA_BYTES = 48 * 1024;
// A request consists of whole batches. Two of these fit into the quota, with some room for spans that exceed the bound.
const MAX_BATCH_BYTES = 20 * 1024;

let room = QUOTA_BYTES;
let isRefused = false;

/**
 * Sends all ended spans of `provider` at once whenever its page is hidden or left. Requests outlive the page, within
 * the 64 KiB that browsers allow for this. In a page, `initialize` does this by itself, unless `flushOnExit` is false.
 * If the page comes back, everything goes on. Without a page, as in workers and servers, this does nothing.
 *
 * @returns A function that undoes it.
 */
export function flushOnPageHide(provider: TracerProvider): () => void {
  if (typeof document === 'undefined') return () => {};
  const undo: (() => void)[] = [];
  for (const processor of provider._processors as readonly BatchSpanProcessor[]) {
    const { _delivery, _maxBatchBytes } = processor;
    const exporter = _delivery?._exporter;
    if (exporter instanceof OtlpHttpExporter) {
      const { _fetch } = exporter;
      exporter._fetch = outliving(_fetch);
      processor._maxBatchBytes = Math.min(_maxBatchBytes, MAX_BATCH_BYTES);
      undo.push(() => {
        exporter._fetch = _fetch;
        processor._maxBatchBytes = _maxBatchBytes;
      });
    }
  }
  const flush = ({ type }: Event) => {
    if (type !== 'pagehide' && document.visibilityState !== 'hidden') return;
    // This is the last chance to send, so ask for `keepalive` again.
    isRefused = false;
    provider.forceFlush({ _firstRequestBytes: room });
  };
  // Listen on the window: events of the document reach it after the document's own listeners, which may end spans.
  addEventListener('visibilitychange', flush);
  addEventListener('pagehide', flush);
  return () => {
    removeEventListener('visibilitychange', flush);
    removeEventListener('pagehide', flush);
    for (const each of undo) each();
  };
}

/**
 * Wraps `fetch` so that requests that fit into the quota outlive the page: one that is in flight when the page is left
 * would be lost. Other code may use up the quota. Nobody is told, and a request over the quota fails like any other. So
 * after a failure, the next request is sent without `keepalive`.
 */
function outliving(fetch: FetchLike): FetchLike {
  return async (url, init) => {
    const { length } = init.body;
    const keepalive = length <= room && !isRefused;
    if (keepalive) room -= length;
    try {
      const response = await fetch(url, { ...init, keepalive });
      isRefused = false;
      return response;
    } catch (error) {
      isRefused = keepalive;
      throw error;
    } finally {
      if (keepalive) room += length;
    }
  };
}
