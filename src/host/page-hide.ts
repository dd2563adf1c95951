import type { TracerProvider } from '../core/provider.ts';
import type { BatchSpanProcessor } from '../export/batch.ts';
import { type FetchLike, OtlpHttpExporter } from '../export/otlp/http.ts';

// Of the 64 KiB that all requests of a page may hold which outlive it; what is left is the application's.
const QUOTA_BYTES = 48 * 1024;
// A request is made of whole batches: two of these fit in, with some room for the spans that go over the bound.
const MAX_BATCH_BYTES = 20 * 1024;

let room = QUOTA_BYTES;
let isRefused = false;

/**
 * Sees to it that spans of `provider` leave when its page does: whenever the page is hidden, or left, all that has ended is
 * sent at once, and requests outlive the page, as far as the 64 KiB that browsers allow for that go. `initialize` does this by
 * itself, unless `flushOnExit` is false. The page may come back: everything goes on then. Where there is no page, as in
 * workers and servers, it does nothing.
 *
 * @returns What takes it back.
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
    // There is no other attempt.
    isRefused = false;
    provider.forceFlush({ _firstRequestBytes: room });
  };
  // Of the window, which the document's events reach when its own listeners have had them: spans may end in those.
  addEventListener('visibilitychange', flush);
  addEventListener('pagehide', flush);
  return () => {
    removeEventListener('visibilitychange', flush);
    removeEventListener('pagehide', flush);
    for (const each of undo) each();
  };
}

/**
 * The same, but what fits into the quota outlives the page: what is under way when a page is left would be lost. The quota may
 * be used up by others, which nobody is told: such a request just fails. So after a failure the next one is sent without
 * `keepalive`.
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
